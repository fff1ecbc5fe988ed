"""A first look: microseconds, no rules, and it decides nothing. It says whose turn comes first in a long queue.

Each message is judged by the engine in its turn, whatever was seen here. So this errs on the side of urgent: it adds up
what the beginnings of a message's words tell, disguised words count as words of danger, and what it cannot read comes
before what it can. What they tell, and from where on a message is urgent, `make train` fits to written tips, so that
nearly all that are critical come first, and hardly one last; see `tests/triage_report/glance.py`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

URGENT, UNCLEAR, CALM = 0, 1, 2
"""How soon a message is taken up: 0 first. `URGENT` is also what a message has that nobody looked at."""

FILE = Path(__file__).with_name("first_look.json")
_LOOKED_AT = 2000
_FEW_WORDS = 3
_BEGINNING = 5
"""Letters of a word that are looked at: what follows is grammar, most often."""
_FIRST_PICTURE = "\u2190"
DANGEROUS = frozenset("🔫🔪🗡💣💊⚰🩸🪢🔥☠🚑🆘")
_WORD = re.compile(r"[a-z0-9]+")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
DISGUISED = re.compile(r"\b\w[ .*_-]\w[ .*_-]\w\b|[a-z][*@$!|][a-z]|[a-z][013457][a-z]")


@dataclass(frozen=True, slots=True)
class Told:
    """What each sign tells of a critical message, and the sums from which a message is urgent or unclear."""

    signs: dict[str, float]
    urgent: float
    unclear: float


def look(text: str, media: int = 0) -> int:
    """Tell how soon a message should be taken up: `URGENT`, `UNCLEAR` or `CALM`. `media` counts its pictures."""
    told, seen = _told(), text[:_LOOKED_AT].lower()
    words = words_of(seen)
    known = [told.signs[sign] for sign in _signs(seen, words) if sign in told.signs]
    found = sum(known)
    if (known and found >= told.urgent) or DISGUISED.search(seen) or not DANGEROUS.isdisjoint(seen):
        return URGENT
    return UNCLEAR if media or not known or len(words) <= _FEW_WORDS or found >= told.unclear else CALM


def signs(text: str) -> set[str]:
    """Return what is looked at in a message: the beginnings of its words, without accents, and its pictures."""
    seen = text[:_LOOKED_AT].lower()
    return _signs(seen, words_of(seen))


def _signs(seen: str, words: list[str]) -> set[str]:
    found = {word[:_BEGINNING] for word in words}
    return found if seen.isascii() else found | {sign for sign in seen if sign >= _FIRST_PICTURE}


def words_of(seen: str) -> list[str]:
    """Return the words of a text in small letters, without accents, no letter drawn out."""
    if not seen.isascii():
        seen = unicodedata.normalize("NFKD", seen).encode("ascii", "ignore").decode()
    return _WORD.findall(_DRAWN_OUT.sub(r"\1", seen))


@cache
def _told() -> Told:
    return Told(**json.loads(FILE.read_text("utf-8")))
