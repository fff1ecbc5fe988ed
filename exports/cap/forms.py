"""The form of each element, whoever filled it, from the table of elements.

Required ones are there, texts hold what XML can carry, codes are of their lists, times have an offset and whole
seconds, numbers are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from exports.cap import elements
from exports.cap.elements import Element, Group, Kind
from exports.cap.findings import Finding, below
from exports.cap.model import Alert

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot carry. Source: https://www.w3.org/TR/xml/#charsets"""
_MAY_BE_EMPTY = frozenset(("value",))
WIDEST_OFFSET = timedelta(hours=14)
"""Source: XML Schema Part 2 §3.2.7.3."""


def faults(alert: Alert) -> Iterator[Finding]:
    """Find what keeps an alert from being written in the form that the schema asks for, and empty texts besides."""
    yield from _group(alert, elements.ALERT, "")


def moment_faults(moment: Any) -> Iterator[tuple[str, str]]:
    """Say what keeps something from being a time of CAP: a code, and what is said of the element."""
    if not isinstance(moment, datetime):
        yield "time_malformed", "is not a time"
        return
    offset = moment.utcoffset()
    if offset is None:
        yield "offset_missing", "has no offset from UTC"
    elif offset % timedelta(minutes=1) or abs(offset) > WIDEST_OFFSET:
        yield "offset_malformed", "has an offset that is not of whole minutes up to 14 hours"
    if moment.microsecond:
        yield "time_fraction", "has fractions of a second"


def _group(value: Any, group: Group, path: str) -> Iterator[Finding]:
    for element in group.elements:
        held = getattr(value, element.attribute)
        here = below(path, element.name)
        if element.many:
            if element.required and not held:
                yield Finding(here, "element_missing", "is missing")
            for number, one in enumerate(held, 1):
                yield from _one(one, element, below(path, element.name, number))
        elif held is not None:
            yield from _one(held, element, here)
        elif element.required:
            yield Finding(here, "element_missing", "is missing")


def _one(value: Any, element: Element, path: str) -> Iterator[Finding]:
    kind = element.kind
    if isinstance(kind, Group):
        if isinstance(value, kind.make):
            yield from _group(value, kind, path)
        else:
            yield Finding(path, "element_malformed", "is not what stands there")
        return
    yield from (Finding(path, code, says) for code, says in _value_faults(value, kind, element.name))


def _value_faults(value: Any, kind: Kind, name: str) -> Iterator[tuple[str, str]]:
    match kind.name:
        case "text":
            yield from _text_faults(value, name)
        case "list":
            for item in value:
                yield from _text_faults(item, name)
        case "references":
            for one in value:
                yield from _text_faults(one.sender + one.identifier, "value")
        case "code":
            if value not in kind.allowed:
                yield "code_unknown", f"is not one of {', '.join(kind.allowed)}"
        case "moment":
            yield from moment_faults(value)
        case "number":
            yield from _number_faults(value)


def _text_faults(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield "element_malformed", "is not a text"
    elif not value.strip() and name not in _MAY_BE_EMPTY:
        yield "element_empty", "is empty"
    elif _NO_XML.search(value):
        yield "character", "holds a control character that XML cannot carry"


def _number_faults(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -12 or value.adjusted() > 5:
            yield "number_malformed", "is not a number of at most 6 digits and 12 decimals"
    elif not isinstance(value, int) or abs(value) >= 10**15:
        yield "number_malformed", "is not a whole number of at most 15 digits"
