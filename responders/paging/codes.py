"""What an answer to a page says: its codes, and whether it says anything besides."""

from __future__ import annotations

import re
import unicodedata

_NOT_CODE = re.compile(r"https?://\S+|\b\d{4}-\d+\b")
"""Links, and numbers of cases."""
_CODE = re.compile(r"(?<!\d)\d{4}(?!\d)")
_QUOTED = re.compile(
    r"(?:CRITICAL|HIGH): .{0,200}?Case \d{4}-\d+.{0,40}?Reply \d{4} to acknowledge\.?(?: http\S+)?", re.DOTALL
)
"""A page of ours, as phones quote it: `Liked "CRITICAL: weapon - …"`."""
_YES = frozenset({
    "a", "ack", "acked", "acknowledge", "acknowledged", "and", "code", "copy", "got", "gracias", "it", "k", "listo",
    "ok", "okay", "received", "recibido", "roger", "si", "sí", "thank", "thanks", "the", "u", "y", "ya", "yep",
    "yes", "you",
})  # fmt: skip
"""Words that say no more than that a page was seen."""


def codes_in(text: str) -> list[str]:
    """Find what may be a page's code in an answer: four digits on their own, not those of a link or a case number."""
    plain = unicodedata.normalize("NFKC", text)
    runs = _CODE.findall(_NOT_CODE.sub(" ", plain))
    return list(dict.fromkeys("".join(str(unicodedata.digit(sign)) for sign in run) for run in runs))


def words_beyond(text: str) -> str:
    """Leave of an answer what it says besides codes, links, case numbers and our own page."""
    plain = _QUOTED.sub(" ", unicodedata.normalize("NFKC", text))
    return " ".join(_CODE.sub(" ", _NOT_CODE.sub(" ", plain)).split())


def is_only_code(text: str) -> bool:
    """Tell whether a text is a code and, words of assent aside, nothing else: most likely an answer to a page."""
    return bool(codes_in(text)) and _YES.issuperset(re.findall(r"\w+", words_beyond(text).casefold()))
