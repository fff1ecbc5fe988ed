"""Comparing: how like two tips are, why, and whether a person should be asked if they are one case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from triage.likeness import copying
from triage.likeness.names import Name, alike
from triage.likeness.reading import SPECIFIC, Features
from triage.likeness.vocabulary import load

Kind = Literal["same", "earlier", "copy"]
Rarity = Callable[[str], float]
"""What a key counts among all that is known just now: 1 where hardly any has it, down to 0 where nearly all do."""

ENOUGH = 2.6
"""From here on a person is asked."""
SAME_EVENT = timedelta(days=14)
"""What was told further apart is an earlier concern rather than one event."""
_NAMED, _LOOKS_NAMED, _STAFF, _FAMILY = 2.4, 1.9, 1.1, 2.2
_WORDS_MOST, _WORD_RARE, _WORD_COMMON, _LONG = 2.2, 0.7, 0.35, 18
_ABOUT = 0.7
_ANOTHER_PERSON, _ANOTHER_DAY, _ANOTHER_PLACE, _ANOTHER_THING = -1.6, -0.5, -0.6, -0.8
_NEAR = ((timedelta(hours=1), 1.0), (timedelta(hours=6), 0.7), (timedelta(hours=36), 0.4))
_EVENTS = frozenset(("thing:gun", "thing:bomb", "thing:knife", "thing:unconscious", "thing:fire", "who:van"))
"""What is seldom told twice in a day at one school, unless it is one thing."""
_HEADS = frozenset(("thing:gun", "thing:knife", "thing:bomb", "thing:die", "thing:cut", "thing:fight", "thing:vape",
                    "thing:weed", "thing:pills", "thing:bully", "thing:hit", "thing:nude", "thing:fire",
                    "thing:runaway", "thing:unconscious", "thing:drunk"))  # fmt: skip
"""What a tip is about."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two are alike: what kind of thing they share, and the words of each that say so."""

    kind: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like two texts are: a sum of weights, what speaks for it, who both name, what share of words they have."""

    score: float
    reasons: tuple[Reason, ...]
    named: float
    share: float
    cue: str | None
    events: bool


def compare(here: Features, there: Features, rarity: Rarity) -> Likeness:
    """Compare two texts, or conversations, of one school."""
    named, people, other = _people(here, there, rarity)
    reasons, score = list(people), named
    if not people and here.names and there.names and other:
        score += _ANOTHER_PERSON
    known, words = load(), 0.0
    events = False
    for bit in sorted(here.bits.keys() & there.bits.keys()):
        kind = bit.partition(":")[0]
        weight = _weight(bit, kind, known.weights) * rarity(bit)
        if kind == "word":
            stands = here.bits[bit] in known.common
            words += (_WORD_COMMON if stands else _WORD_RARE) * rarity(bit)
        else:
            score += weight
            events = events or bit in _EVENTS
        reasons.append(Reason(kind, here.bits[bit], there.bits[bit]))
    score += min(words * min(1, _LONG / max(here.length, there.length, 1)), _WORDS_MOST)
    score += _ANOTHER_DAY if _apart(here, there, "day:") else 0
    score += _ANOTHER_PLACE if _apart(here, there, "place:room") or _apart(here, there, "place:bus") else 0
    score += _ANOTHER_THING if _heads_differ(here, there) else 0
    share = copying.share(here.shingles, there.shingles)
    return Likeness(round(score, 2), tuple(reasons), named, share, here.cue or there.cue, events)


def propose(likeness: Likeness, apart: timedelta, *, one_school: bool = True) -> Kind | None:
    """Tell whether a person should be asked about two cases told so far `apart`, and as what; None for no.

    `one_school` is false where both are known to be about different schools.
    """
    apart = abs(apart)
    if _is_copy(likeness):
        return "copy"
    if not one_school:
        return "same" if likeness.named >= _NAMED + _FAMILY and likeness.score >= ENOUGH + 1 else None
    near = next((bonus for within, bonus in _NEAR if apart <= within), 0.0) * (1.6 if likeness.events else 0.8)
    score = likeness.score + near
    if apart > SAME_EVENT:
        return "earlier" if likeness.named and likeness.score >= ENOUGH else None
    return "same" if score >= ENOUGH else None


def _is_copy(likeness: Likeness) -> bool:
    if likeness.share >= copying.ALL_BUT_EQUAL:
        return True
    if likeness.share >= copying.MUCH and likeness.cue:
        return True
    return (
        likeness.cue is not None and likeness.share > 0 and likeness.score >= ENOUGH + 0.5 and likeness.named < _NAMED
    )


def _people(here: Features, there: Features, rarity: Rarity) -> tuple[float, list[Reason], bool]:
    """Weigh who both name; the last tells whether both name somebody, and not the same."""
    best, reasons, other = 0.0, list[Reason](), False
    for mine in here.names:
        for theirs in there.names:
            sure = alike(mine, theirs)
            other = other or sure < 0
            if sure > 0:
                best = max(best, _named(mine, theirs, sure, rarity))
                reasons.append(Reason("name", mine.words, theirs.words))
    if not reasons:
        for mine, theirs in _in_passing(here, there):
            best = max(best, _named(mine, theirs, alike(mine, theirs), rarity))
            reasons.append(Reason("name", mine.words, theirs.words))
    both = all(any(name.sure and not name.staff for name in one.names) for one in (here, there))
    return best, reasons, other or both


def _in_passing(here: Features, there: Features) -> list[tuple[Name, Name]]:
    """Pair a name of one text with a word of the other that may be it, in small letters."""
    pairs = [(mine, Name(word, sure=mine.sure)) for mine in here.names if not mine.staff for word in there.odd]
    pairs += [(Name(word, sure=theirs.sure), theirs) for theirs in there.names if not theirs.staff for word in here.odd]
    return [(mine, theirs) for mine, theirs in pairs if alike(mine, theirs) >= 1]


def _named(mine: Name, theirs: Name, sure: float, rarity: Rarity) -> float:
    base = _STAFF if mine.staff else _NAMED if mine.sure or theirs.sure else _LOOKS_NAMED
    rare = max((rarity(key) for key in mine.sounds() & theirs.sounds()), default=1.0)
    return base * min(sure, 1) * rare + (_FAMILY * (sure - 1) if sure > 1 else 0)


def _weight(bit: str, kind: str, weights: object) -> float:
    assert isinstance(weights, dict)
    if kind == "day":
        return 0.6
    if kind == "about":
        return _ABOUT
    return float(weights.get(bit, SPECIFIC))


def _apart(here: Features, there: Features, start: str) -> bool:
    """Whether both name such a thing, and not the same."""
    mine = {bit for bit in here.bits if bit.startswith(start)}
    theirs = {bit for bit in there.bits if bit.startswith(start)}
    return bool(mine and theirs) and not mine & theirs


def _heads_differ(here: Features, there: Features) -> bool:
    mine, theirs = here.bits.keys() & _HEADS, there.bits.keys() & _HEADS
    return bool(mine and theirs) and not mine & theirs
