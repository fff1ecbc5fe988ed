"""Numbers: E.164 by `phonenumbers`, and nobody refused for an odd one."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

Kind = Literal["e164", "short_code", "other"]
_SHORT = re.compile(r"\d{3,8}")
MASK = "[number hidden]"
_GAP = 8


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
    """Hide a sender's own number where it stands in the text, however it is written: spaced, dotted, in other digits.

    Digits with at most eight signs and no word between them are compared with the number: with and without its country
    code, and in North America without its area code too, as people say it.
    """
    wanted = _forms(address)
    if not wanted:
        return text
    digits = [(place, str(unicodedata.digit(sign))) for place, sign in enumerate(text) if sign.isdigit()]
    spans: list[tuple[int, int]] = []
    for start in range(len(digits)):
        for form in wanted:
            run = digits[start : start + len(form)]
            if "".join(digit for _, digit in run) == form and _together(text, [place for place, _ in run]):
                spans.append(_with_prefix(text, run[0][0], run[-1][0] + 1))
                break
    return _replace(text, spans)


def _forms(address: Address) -> list[str]:
    """The digit strings that give the number away, longest first."""
    if address.kind != "e164":
        return [address.value] if address.kind == "short_code" else []
    digits = address.value[1:]
    number = phonenumbers.parse(address.value)
    national = str(phonenumbers.national_significant_number(number))
    local = {national[-7:]} if number.country_code == 1 else set()
    return sorted({digits, national} | local, key=len, reverse=True) if len(national) >= 6 else [digits]


def _together(text: str, places: list[int]) -> bool:
    """Whether digits stand together as people write a number: a few signs between them, no words."""
    gaps = (text[a + 1 : b] for a, b in itertools.pairwise(places))
    return all(len(gap) <= _GAP and not any(sign.isalnum() for sign in gap) for gap in gaps)


def _with_prefix(text: str, start: int, end: int) -> tuple[int, int]:
    """Take a leading `+` or bracket into the mask too."""
    while start > 0 and text[start - 1] in "+(":
        start -= 1
    return start, end


def _replace(text: str, spans: list[tuple[int, int]]) -> str:
    parts, last = [], 0
    for start, end in spans:
        if start < last:
            continue
        parts += [text[last:start], MASK]
        last = end
    return "".join([*parts, text[last:]])
