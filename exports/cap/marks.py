"""Whether an alert's status and its words say the same: what is no danger says so, and what is real does not.

A real alert that begins with DRILL is not believed, and a drill without it is. CAP's own rules look at neither, since
words and event codes are their users' affair; who issues an alert here looks at both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from exports.cap import ipaws, wea
from exports.cap.findings import Finding, below
from exports.cap.model import Alert, Info, Status
from exports.cap.scenarios import DRILL, marks

HARMLESS = (DRILL, "RWT", "RMT", "ADR")
"""The event codes that warn of nothing: practice, the weekly and the monthly test, an administrative message."""
_PLAYED = {Status.EXERCISE, Status.SYSTEM, Status.TEST}
_WORDS = "|".join(marks())
_MARKED = re.compile(rf"\b(?:{_WORDS})\b", re.IGNORECASE)
_BEGINS = re.compile(rf"\W*(?:{_WORDS})\b")
"""The mark as templates put it: in capitals, before all else. "The drill is off" may be said in earnest."""


def check(alert: Alert) -> tuple[Finding, ...]:
    """Find where an event code, a headline or a text for phones contradicts the status."""
    found: list[Finding] = []
    for number, info in enumerate(alert.infos, 1):
        path = below("", "info", number)
        found.extend(_code(info, path, alert.status))
        found.extend(_words(info, path, alert.status))
    return tuple(found)


def _code(info: Info, path: str, status: Status) -> Iterator[Finding]:
    here = below(path, "eventCode")
    for code in (one.value for one in info.event_codes if one.value_name == ipaws.SAME):
        if status in _PLAYED and code not in HARMLESS:
            yield Finding(here, "mark_code", f"is that of a real danger, and this is {status}: {DRILL} is for practice")
        if status is Status.ACTUAL and code == DRILL:
            yield Finding(here, "mark_code", f"is {DRILL}, for practice, and this is {status}")


def _words(info: Info, path: str, status: Status) -> Iterator[Finding]:
    phones = ((below(path, "parameter"), one.value) for one in info.parameters if one.value_name in wea.LIMITS)
    for here, text in ((below(path, "headline"), info.headline or info.event), *phones):
        if status in _PLAYED and not _MARKED.search(text):
            yield Finding(here, "mark_missing", f"must say that this is no danger: {_WORDS.replace('|', ', ')}")
        if status is Status.ACTUAL and _BEGINS.match(text):
            yield Finding(here, "mark_surplus", f"begins as a drill or test does, and this is {status}")
