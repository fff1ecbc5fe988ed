"""Receipts in a text: sixteen signs that `gateway.core.receipts` would read as one, however they are typed and grouped.

Almost every sixteen letters could be a receipt; ordinary words are told from one by how likely their signs are. A
receipt's are drawn alike from 32, so Q and X are as common as E, and digits stand among letters everywhere. In prose
neither is so. Both are weighed sign by sign, as logarithms of how much likelier a receipt is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf, log
from unicodedata import normalize

from gateway.core import receipts

Found = tuple[int, int]
_BETWEEN = 3
"""Separators that may stand between two signs."""
_LEAST = (-inf, 0.0, 4.0)
"""From which weight on it is one: written as receipts are shown, between words, and where it cuts words."""
_IN_GROUPS = re.compile(r"[0-9A-Za-z]{4}(?:[\W_]{0,3}[0-9A-Za-z]{4}){3}", re.ASCII)
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_PROSE = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (84, 14, 31, 41, 126, 19, 19, 50, 68, 2, 7, 45, 26, 69, 79, 19, 4, 62, 65, 79, 29, 10, 19, 2, 17, 2),
        strict=True,
    )
)
"""How many of a thousand letters of English and Spanish are this one. Source: Lewand, Cryptological Mathematics §1."""
_TYPED = dict.fromkeys("ABCDEFGHJKMNPQRSTVWXYZ", 1 / 22) | dict.fromkeys("OILU", 1 / 60)
"""How likely a letter of a receipt is each; O, I, L and U stand for signs that look like them."""
_DIGIT = 10 / 32
_STARTS, _GOES_ON = 0.04, 0.75
"""How likely in prose a digit follows a letter, and another digit."""


@dataclass(frozen=True)
class _Sign:
    at: int
    sign: str


def find(text: str) -> list[Found]:
    """Find what is likelier a receipt than prose: where each begins and ends.

    One that is written as receipts are shown goes before others that overlap it, and one that begins and ends where
    words do before those that cut words; of the rest all that are likely are found, so that nothing of one stays.
    """
    likely = [(_rank(text, one), one) for run in _runs(text) for one in _likely(text, run)]
    found: list[Found] = []
    for rank in sorted({rank for rank, _ in likely}):
        taken = {at for one in found for at in range(*one)}
        found += [one for of, one in likely if of == rank and taken.isdisjoint(range(*one))]
    return found


def _runs(text: str) -> Iterator[list[_Sign]]:
    """Cut a text into runs of signs between which no more than separators stand."""
    run: list[_Sign] = []
    for at, letter in enumerate(text):
        if receipts.is_between(letter):
            continue
        sign = letter.upper() if letter.isascii() else normalize("NFKC", letter).upper()
        fits = len(sign) == 1 and sign.isascii() and sign.isalnum()
        if run and (not fits or at - run[-1].at > _BETWEEN + 1):
            yield run
            run = []
        if fits:
            run.append(_Sign(at, sign))
    yield run


def _likely(text: str, run: Sequence[_Sign]) -> Iterator[Found]:
    """Weigh every sixteen signs of a run."""
    if len(run) < receipts.LENGTH:
        return
    signs = list(accumulate((_weight(one.sign) for one in run), initial=0.0))
    steps = list(accumulate((_step(one.sign, other.sign) for one, other in pairwise(run)), initial=0.0))
    for first in range(len(run) - receipts.LENGTH + 1):
        last = first + receipts.LENGTH - 1
        found = run[first].at, run[last].at + 1
        weight = signs[last + 1] - signs[first] + steps[last] - steps[first]
        if weight >= _LEAST[_rank(text, found)]:
            yield found


def _rank(text: str, found: Found) -> int:
    if not _is_apart(text, found):
        return 2
    return 0 if _is_written_as_one(text[slice(*found)]) else 1


def _weight(sign: str) -> float:
    return 0.0 if sign.isdigit() else log(_TYPED[sign] / (_PROSE[sign] / 1000))


def _step(one: str, other: str) -> float:
    prose = _GOES_ON if one.isdigit() else _STARTS
    return log(_DIGIT / prose) if other.isdigit() else log((1 - _DIGIT) / (1 - prose))


def _is_written_as_one(text: str) -> bool:
    """Tell whether it stands in one piece or in four groups, as receipts are shown, and not as four words would."""
    if not _IN_GROUPS.fullmatch(text):
        return False
    groups = re.findall(r"[0-9A-Za-z]{4}", text)
    mixed = sum(not group.isalpha() and not group.isdigit() for group in groups)
    digits = sum(map(str.isdigit, text))
    return not _DASHES.isdisjoint(text) or mixed > 1 or (text.upper() == text and 0 < digits < receipts.LENGTH)


def _is_apart(text: str, found: Found) -> bool:
    return not (text[: found[0]][-1:].isalnum() or text[found[1] :][:1].isalnum())
