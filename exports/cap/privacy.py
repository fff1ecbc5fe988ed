"""A last look at an alert's words: has something by which a reporter gave themselves away slipped into them?

Staff write alerts, some by pasting from a tip. What the guard takes for the writer's own name, number, address or
handle is a finding, and `mask` writes over it; the school's own number may stand in a text when it is the `contact`.
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
from gateway.core import guard
from gateway.core.guard import Span

_SENTENCES = "restriction note event audience headline description instruction resourceDesc areaDesc value"
FREE = frozenset(_SENTENCES.split())
"""The elements in which people write sentences."""
_HINT = {
    "name": "",
    "handle": "",
    "number": " (your own must be the contact)",
    "email": " (your own must be the contact)",
}
_DIGITS = re.compile(r"\D")
_ADDRESS = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")


def check(alert: Alert, region: str) -> tuple[Finding, ...]:
    """Find where a text seems to tell who reported. `region` is the district's country, as `US`."""
    return tuple(
        Finding(
            path, f"reporter_{span.kind}", f"seems to hold the {span.kind} of somebody who reported{_HINT[span.kind]}"
        )
        for path, _, spans in _texts(alert, elements.ALERT, "", region, "")
        for span in spans
    )


def mask(alert: Alert, region: str) -> Alert:
    """Write over what `check` finds; the rest stays as it is, and the lengths too."""
    masked: Alert = _masked(alert, elements.ALERT, region, "")
    return masked


def _texts(value: Any, group: Group, path: str, region: str, own: str) -> Iterator[tuple[str, str, list[Span]]]:
    """Walk over free texts: where each stands, what it says, and what of it the guard found."""
    own = _own(value, own)
    for element in group.elements:
        held = getattr(value, element.attribute)
        many = held if element.many else [] if held is None else [held]
        for number, one in enumerate(many, 1):
            here = below(path, element.name, number if element.many else None)
            if isinstance(element.kind, Group):
                yield from _texts(one, element.kind, here, region, own)
            elif element.name in FREE:
                yield here, one, _spans(one, region, own)


def _masked(value: Any, group: Group, region: str, own: str) -> Any:
    own = _own(value, own)
    changed: dict[str, Any] = {}
    for element in group.elements:
        held = getattr(value, element.attribute)
        if isinstance(element.kind, Group):
            changed[element.attribute] = tuple(_masked(one, element.kind, region, own) for one in held)
        elif element.name in FREE and held is not None:
            changed[element.attribute] = guard.hide(held, _spans(held, region, own))
    return replace(value, **changed)


def _spans(text: str, region: str, own: str) -> list[Span]:
    return [span for span in guard.find(text, region) if not _is_own(span, text[span.start : span.end], own)]


def _own(value: Any, own: str) -> str:
    return f"{value.contact or ''} {value.web or ''}".lower() if isinstance(value, Info) else own


def _is_own(span: Span, said: str, own: str) -> bool:
    """Say whether a number or address is the one under which an info says that its sender is reached.

    A name never is: that of a school's address may be somebody's, as Lee's in `office@leehigh.example`.
    """
    if span.kind == "email":
        return said.lower() in _ADDRESS.findall(own)
    digits = _DIGITS.sub("", said)
    return span.kind == "number" and len(digits) >= 7 and digits[-10:] in _DIGITS.sub("", own)
