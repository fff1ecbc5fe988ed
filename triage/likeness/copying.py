"""Copying: what is sent on from phone to phone. That a message is a copy makes nobody safer, so it lowers nothing."""

from __future__ import annotations

import re
from collections.abc import Collection

from triage.normalize import fold

LONGEST = 4_000
"""Characters of a text that are read."""

_CUES = re.compile(
    r"\b(?:(?:share|send|forward|pass|repost|post|text|fwd)\b(?: (?:this|it|that|on)){0,2}"
    r"(?: (?:on|to|with|so|before)){1,2}"
    r"(?: (?:at least|all|every|your|ur|the|\d{1,4}|ten|five|everyone|everybody|people|parents|contacts|friends"
    r"|it|comes|u|you))"
    r"|repost|copy (?:and|&|n)? ?paste|tell every(?:one|body)|spread the word|pass (?:it|this) on"
    r"|forward(?:ed)? (?:this|to|as)|send (?:this )?on before|fwd:?|or (?:you|your|youre|ur|you are|u) (?:are )?next"
    r"|pas(?:a|e|en|alo|elo|enlo|ar)\b(?: (?:este|esto|la))?(?: (?:mensaje|voz|cadena))?(?: (?:a|por))?"
    r"(?: (?:todos|tus|sus|mas|favor))"
    r"|pasen la voz|reenvi(?:a|e|en|alo|enlo)|comp?art(?:e|an|elo|anlo|ir)|cadena|copia y pega)"
)
"""How a message asks to be sent on; texts stand in lower case without accents."""
_ASKS = re.compile(
    r"\b(?:(?:share|send|forward|pass|repost|post|text|fwd) (?:(?:this|it|that) )?(?:on )?(?:to|with) (?:at least )?"
    r"(?:\d{1,4} |ten |five |all (?:of )?(?:your|ur|parents|the parents)|everyone (?:you|u) know|as many)"
    r"|repost (?:so|this|if|before)|copy (?:and|&|n) ?paste|tell every(?:one|body) (?:you|u) know"
    r"|(?:pass|send) (?:it |this )?on (?:before|so|to every)|pas(?:alo|elo|en(?:lo)?) a (?:todos|tus|sus|\d{1,4})"
    r"|pasen la voz|reenvia(?:lo)? (?:a|esto)|comparte(?:lo)? (?:con|a) (?:todos|tus)|copia y pega"
    r"|manda(?:lo)? (?:esto )?a (?:\d{1,4}|todos tus))"
)
"""How a message asks outright to be passed on to many; what a person threatens to send to everyone does not match."""
_TOLD = re.compile(
    r"\b(?:is this (?:real|true|legit)|someone sent me|got (?:this|sent|a dm)|saw (?:this )?on"
    r" (?:insta|snap|tiktok|fb|facebook)|me llego esto|me mandaron|es verdad esto|going around|fwd)\b"
)
"""How people hand on what was sent to them."""
ALL_BUT_EQUAL, MUCH = 0.55, 0.3
"""Shares of shingles in common, of the shorter text: nearly word for word; typed anew with the first at hand."""
_FEWEST = 8
"""Texts of fewer words are like each other by chance: `help me`."""


def cue(folded: str) -> str | None:
    """Find how a text asks to be sent on, or says that it was sent on; None when it does neither."""
    found = _CUES.search(folded) or _TOLD.search(folded)
    return found[0] if found else None


def asks(text: str) -> str | None:
    """Find where a text, as it was written, asks to be passed on to many: by itself it is likely a chain message."""
    found = _ASKS.search(fold(text[:LONGEST])[0].replace("'", ""))
    return found[0].strip() if found else None


def shingles(words: list[str]) -> frozenset[str]:
    """Cut a text into pieces of three words; none of a text that is too short to be told from others."""
    if len(words) < _FEWEST:
        return frozenset()
    return frozenset(" ".join(words[at : at + 3]) for at in range(len(words) - 2))


def share(one: Collection[str], other: Collection[str]) -> float:
    """Tell what share of the shorter text's pieces the other has too (0 to 1)."""
    fewest = min(len(one), len(other))
    return len(set(one) & set(other)) / fewest if fewest else 0.0
