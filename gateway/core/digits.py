"""Digits as people write and say them, so that a number can be found in words however it stands there.

Figures of every script, circled, raised, on keycaps; English and Spanish number words up to ninety-nine, "oh", "double
five". Anything but a few signs between two of them parts them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

GAP = 12
"""How many signs that can be seen may stand between two digits of one number; blanks count for nothing."""
_TOKEN = re.compile(r"\d|[^\W\d_]+")
_UNITS = {
    "zero": 0, "oh": 0, "o": 0, "nought": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "cero": 0, "uno": 1, "una": 1, "un": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5,
    "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "diez": 10, "once": 11, "doce": 12, "trece": 13, "catorce": 14,
    "quince": 15, "dieciseis": 16, "diecisiete": 17, "dieciocho": 18, "diecinueve": 19, "veintiuno": 21, "veintiun": 21,
    "veintidos": 22, "veintitres": 23, "veinticuatro": 24, "veinticinco": 25, "veintiseis": 26, "veintisiete": 27,
    "veintiocho": 28, "veintinueve": 29,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70,
    "ochenta": 80, "noventa": 90,
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3, "doble": 2}
_SAID = {word: str(number) for words in (_UNITS, _TEENS, _TENS) for word, number in words.items()}
_SAID_BETWEEN = frozenset(
    ("y", "dash", "hyphen", "dot", "point", "period", "space", "slash", "plus", "guion", "guión", "punto", "espacio")
)
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800\u0640")
"""Letters and signs that show as nothing, or as a mere line."""


@dataclass(frozen=True)
class Digits:
    """A few digits (`value`) and where they stand in a text."""

    start: int
    end: int
    value: str


def runs(text: str) -> Iterator[list[Digits]]:
    """Give the digits of a text, a run for each stretch in which nothing parts them."""
    run: list[Digits] = []
    last, times, tens = 0, 1, False
    for start, end, word in _pieces(text):
        spoken = word.casefold()
        if _parted(text[last:start]) and run:
            yield run
            run, times, tens = [], 1, False
        last = end
        value = _value(word, spoken)
        if value is None:
            times, tens = _TIMES.get(spoken, times), tens and spoken == "y"
            if spoken not in _TIMES and spoken not in _SAID_BETWEEN and run:
                yield run
                run, times, tens = [], 1, False
        elif tens and spoken in _UNITS and value != "0":
            run[-1] = Digits(run[-1].start, end, run[-1].value[:-1] + value)  # fifty five: 55, not 505
            tens = False
        else:
            run.append(Digits(start, end, value * times))
            times, tens = 1, spoken in _TENS
    if run:
        yield run


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Give figures one by one, and words whole; a figure that counts as a letter (①) parts a word."""
    for found in _TOKEN.finditer(text):
        word = found[0].strip("".join(_UNSEEN)) if not found[0].isascii() else found[0]
        if not word:
            continue
        if word.isalpha() or len(word) == 1:
            yield found.start(), found.end(), word
        else:
            yield from (
                (place, place + 1, sign) for place, sign in enumerate(found[0], found.start()) if sign not in _UNSEEN
            )


def _value(word: str, spoken: str) -> str | None:
    if len(word) == 1 and word.isdigit():
        return str(unicodedata.digit(word))
    if not spoken.isascii():
        spoken = "".join(sign for sign in unicodedata.normalize("NFKD", spoken) if not unicodedata.combining(sign))
    return _SAID.get(spoken)


def _parted(between: str) -> bool:
    """Whether more stands between two pieces than people put between the digits of a number."""
    if len(between) <= GAP:
        return False
    seen = (sign for sign in between if not sign.isspace() and sign not in _UNSEEN)
    return sum(unicodedata.category(sign)[0] not in "CM" for sign in seen) > GAP
