"""Network addresses in a text: IPv4 with dots and IPv6, which name whose computer it is as a number names whose phone.

Source: RFC 791; RFC 4291 §2.2.
"""

from __future__ import annotations

import ipaddress
import re

Found = tuple[int, int]
_FOUR = re.compile(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d)(?!\.\d)")
_SIX = re.compile(r"[0-9A-Fa-f:]+(?:\.[0-9]{1,3}){0,3}")
_LEAST = 4
"""So many signs at least has what is taken for IPv6: `::` and `a::` are nobody's computer."""


def find(text: str) -> list[Found]:
    """Find where each begins and ends."""
    sixes = [one for found in _SIX.finditer(text) for one in _within(text, *found.span())]
    return sixes + [found.span() for found in _FOUR.finditer(text) if _is_four(found[0])]


def _is_four(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))


def _within(text: str, start: int, end: int) -> list[Found]:
    """Find IPv6 in a run of its signs, at either end of which a colon may be the sentence's."""
    spans = ((first, last) for first in (start, start + 1) for last in (end, end - 1))
    return [one for one in spans if _is_six(text[slice(*one)])][:1]


def _is_six(text: str) -> bool:
    if len(text) < _LEAST or text.count(":") < 2:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
