"""Numbers: E.164 by `phonenumbers`, and nobody refused for an odd one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from gateway.core.digits import Digits, runs

Kind = Literal["e164", "short_code", "other"]
_SHORT = re.compile(r"\d{3,8}")
MASK = "[number hidden]"
_LOCAL = 7


@dataclass(frozen=True)
class Address:
    """Where a message came from: E.164 ('+', at most 15 digits), a short code (3 to 8 digits) or a name.

    A number that the numbering plan does not know is kept as E.164 all the same: it did write to us.
    """

    value: str
    kind: Kind


def normalize(raw: str, region: str = "US") -> Address:
    """Normalise a sender or recipient to E.164 where it is a number.

    Short codes and emergency numbers stay as they are (`911` is never `+1911`); names, `anonymous` and the like are
    kept trimmed. Source: ITU-T E.164; https://github.com/google/libphonenumber FAQ on short numbers.
    """
    trimmed = raw.strip()
    if trimmed.isascii() and _SHORT.fullmatch(trimmed):
        return Address(trimmed, "short_code")
    try:
        number = phonenumbers.parse(trimmed, region)
    except NumberParseException:
        return Address(trimmed, "other")
    if any(character.isalpha() for character in trimmed):
        return Address(trimmed, "other")
    return Address(phonenumbers.format_number(number, PhoneNumberFormat.E164), "e164")


def mask(text: str, address: Address) -> str:
    """Hide a sender's own number where it stands in the text, however it is written: spaced, in other digits, in words.

    Its last seven digits are looked for, and as many of those before them as stand there too: people leave out country
    and area. So of somebody else's numbers only those are touched that have these seven in a row.
    """
    digits = "".join(str(unicodedata.digit(sign)) for sign in address.value if sign.isdigit())
    needle = digits if address.kind == "short_code" else digits[-_LOCAL:]
    if len(needle) < (_LOCAL if address.kind == "other" else 3):
        return text
    spans = [span for run in runs(text) for span in _find(run, digits, needle)]
    return _replace(text, [_with_prefix(text, start, end) for start, end in spans])


def _find(run: list[Digits], digits: str, needle: str) -> Iterator[tuple[int, int]]:
    """Find where in a run the needle stands, with as many of the number's digits before it as stand there."""
    said = "".join(piece.value for piece in run)
    owner = [piece for piece in run for _ in piece.value]
    last, at = 0, said.find(needle)
    while at >= 0:
        end, start, before = at + len(needle), at, len(digits) - len(needle)
        while start > last and before > 0 and said[start - 1] == digits[before - 1]:
            start, before = start - 1, before - 1
        yield owner[start].start, owner[end - 1].end
        last, at = end, said.find(needle, end)


def _with_prefix(text: str, start: int, end: int) -> tuple[int, int]:
    """Take a leading `+` or bracket into the mask too, and what stands on the last digit."""
    while start > 0 and text[start - 1] in "+(":
        start -= 1
    while end < len(text) and unicodedata.category(text[end])[0] == "M":
        end += 1
    return start, end


def _replace(text: str, spans: list[tuple[int, int]]) -> str:
    parts, last = [], 0
    for start, end in spans:
        parts += [text[last : max(start, last)], MASK]
        last = end
    return "".join([*parts, text[last:]])
