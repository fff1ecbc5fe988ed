"""What the encoder learns from: training tips and the develop half, but the held tips, which tell how good it became.

Each time a tip is read it may be written otherwise: without accents or marks, with slips, with a laugh behind it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from random import Random

from tests.triage_report import corpus
from triage.model import Category, Severity
from triage.statistics.meaning import CATEGORIES, LEVELS

_ORDINARY, _WEIGHT = "plain", 1.5
"""Files of ordinary texts begin so; each counts for so many: what people text all day is far more varied."""
_AS_IT_IS, _MARKS, _ACCENTS, _LAUGHS, _SLIPS, _SKIPS = 0.35, 0.35, 0.3, 0.25, 0.3, 0.15
_SLIP_EVERY = 40
_LAUGHTER = (" 😂", " 😭", " 💀", " 🤣", " lol", " lmao", " jajaja", " fr", " idk", " bro", "!!!", "???", " 😬", " 😳")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MARK = re.compile(r"[.,!?;:'\"¿¡-]")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text, whether it is as grave as each of `LEVELS`, the place of its category, and how much it counts."""

    text: str
    grave: tuple[bool, ...]
    category: int
    weight: float = 1.0


def lessons() -> tuple[list[Lesson], list[Lesson]]:
    """Return what it learns from, and the held tips."""
    taught: list[Lesson] = []
    held: list[Lesson] = []
    for name, rows in corpus.training().items():
        for place, row in enumerate(rows):
            weight = _WEIGHT if name.startswith(_ORDINARY) else 1.0
            found = _lesson(row["text"], Severity(row["severity"]), row["category"], weight)
            (held if corpus.is_held(name, place) else taught).append(found)
    tips = corpus.read("develop")
    taught += [_lesson(tip.text.replace(corpus.BREAK, "\n"), tip.severity, tip.category, 1.0) for tip in tips]
    return taught, held


def _lesson(text: str, severity: Severity, category: str, weight: float) -> Lesson:
    grave = tuple(severity >= level for level in LEVELS)
    return Lesson(text, grave, CATEGORIES.index(Category(category)), weight)


def rewritten(text: str, dice: Random) -> str:
    """Write a text otherwise, or leave it, as the dice fall."""
    if dice.random() < _AS_IT_IS:
        return text
    if dice.random() < _MARKS:
        text = _MARK.sub("", text)
    if dice.random() < _ACCENTS:
        apart = unicodedata.normalize("NFD", text)
        text = "".join(sign for sign in apart if not unicodedata.combining(sign))
    if dice.random() < _SLIPS:
        text = _slips(text, dice)
    if dice.random() < _SKIPS and len(words := text.split()) > 6:
        words.pop(dice.randrange(len(words)))
        text = " ".join(words)
    if dice.random() < _LAUGHS:
        text += dice.choice(_LAUGHTER) * dice.choice((1, 1, 2, 3))
    return text


def _slips(text: str, dice: Random) -> str:
    """Drop, double or miss a letter now and then."""
    signs = list(text)
    for _ in range(max(1, len(signs) // _SLIP_EVERY)):
        place = dice.randrange(len(signs)) if signs else 0
        if signs and signs[place].isalpha():
            signs[place] = dice.choice(("", signs[place] * 2, dice.choice(_LETTERS)))
    return "".join(signs)
