"""A last look at an alert's words: has something by which a reporter gave themselves away slipped into them?

Staff write alerts, some by pasting from a tip. What the guard takes for the writer's own name, number, address or
handle is a finding, and so is any other number or address, since staff write a reporter's down as somebody else's, and
a receipt or token; `mask` writes over it. The school's own number may stand in a text when it is the `contact`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from exports.cap import elements
from exports.cap.elements import Group
from exports.cap.findings import Finding, below
from exports.cap.model import Alert, Info
from exports.words import SIGN, secrets
from gateway.core import guard

_SENTENCES = "restriction note event audience headline description instruction resourceDesc areaDesc value"
FREE = frozenset(_SENTENCES.split())
"""The elements in which people write sentences."""
_HINT = dict.fromkeys(("number", "email"), " (your own must be the contact)")
_DIGITS = re.compile(r"\D")
_CODE = re.compile(r"\d{1,9}")
"""A text that is nothing else is a geocode, such as a town's seven digits."""
_SHORT, _SHORT_NUMBER = 7, re.compile(r"\d{3}[\s.\-\u2010-\u2015]{0,3}\d{4}")
"""Seven figures are a number without its area code only when they stand as one: else they are rooms, grades or hours,
as in "8:15 - 10:45", for which no alert is to be held up."""
_Found = tuple[str, int, int]
"""Of what kind something is, where it begins and where it ends."""
_ADDRESS = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")


def check(alert: Alert, region: str) -> tuple[Finding, ...]:
    """Find where a text seems to tell who reported. `region` is the district's country, as `US`."""
    return tuple(
        Finding(path, f"reporter_{kind}", f"seems to hold the {kind} of somebody who reported{_HINT.get(kind, '')}")
        for path, found in _texts(alert, elements.ALERT, "", region, "")
        for kind, _, _ in found
    )


def mask(alert: Alert, region: str) -> Alert:
    """Write over what `check` finds; the rest stays as it is, and the lengths too."""
    masked: Alert = _masked(alert, elements.ALERT, region, "")
    return masked


def _texts(value: Any, group: Group, path: str, region: str, own: str) -> Iterator[tuple[str, list[_Found]]]:
    """Walk over free texts: where each stands, and what of it was found."""
    own = _own(value, own)
    for element in group.elements:
        held = getattr(value, element.attribute)
        many = held if element.many else [] if held is None else [held]
        for number, one in enumerate(many, 1):
            here = below(path, element.name, number if element.many else None)
            if isinstance(element.kind, Group):
                yield from _texts(one, element.kind, here, region, own)
            elif element.name in FREE:
                yield here, _found(one, region, own)


def _masked(value: Any, group: Group, region: str, own: str) -> Any:
    own = _own(value, own)
    changed: dict[str, Any] = {}
    for element in group.elements:
        held = getattr(value, element.attribute)
        if isinstance(element.kind, Group):
            changed[element.attribute] = tuple(_masked(one, element.kind, region, own) for one in held)
        elif element.name in FREE and held is not None:
            places = [(start, end) for _, start, end in _found(held, region, own)]
            changed[element.attribute] = guard.cover(held, places, SIGN)
    return replace(value, **changed)


def _found(text: str, region: str, own: str) -> list[_Found]:
    spans = guard.find(text, region)
    if not _CODE.fullmatch(text):
        others = guard.contacts(guard.hide(text, spans, SIGN), region)
        spans += tuple(span for span in others if not _is_small(text[span.start : span.end]))
    found = [(span.kind, span.start, span.end) for span in spans]
    return [*(one for one in found if not _is_own(one[0], text[slice(*one[1:])], own)), *secrets(text)]


def _is_small(said: str) -> bool:
    return len(_DIGITS.sub("", said)) == _SHORT and not _SHORT_NUMBER.fullmatch(said)


def _own(value: Any, own: str) -> str:
    return f"{value.contact or ''} {value.web or ''}".lower() if isinstance(value, Info) else own


def _is_own(kind: str, said: str, own: str) -> bool:
    """Say whether a number or address is the one under which an info says that its sender is reached.

    A name never is: that of a school's address may be somebody's, as Lee's in `office@leehigh.example`.
    """
    if kind == "email":
        return said.lower() in _ADDRESS.findall(own)
    digits = _DIGITS.sub("", said)
    return kind == "number" and len(digits) >= 7 and digits[-10:] in _DIGITS.sub("", own)
