"""Deadlines: what is one, what is nonsense, and that a year is a year."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.core import durations
from gateway.core.errors import BadInput
from responders.retention import rules

NONSENSE = {
    "nothing": "",
    "a designator alone": "P",
    "no designator": "1Y",
    "a number": "365",
    "words": "three years",
    "small letters": "p1y",
    "a space before": " P1Y",
    "a line after": "P1Y\n",
    "a minus": "-P1Y",
    "a minus within": "P-1Y",
    "a fraction": "P1.5Y",
    "a comma": "P1,5Y",
    "hours": "PT48H",
    "hours after days": "P1DT1H",
    "an empty time": "P1YT",
    "out of order": "P1D1Y",
    "twice": "P1Y1Y",
    "weeks with days": "P1W1D",
    "other digits": "P٣Y",
    "the other form": "P0003-06-04T12:30:05",
    "a repetition": "R3/P1Y",
    "an interval": "2026-01-01/P1Y",
    "SQL": "P1Y'; --",
    "too long": "P101Y",
    "beyond the calendar": "P9999Y",
    "too long in days": "P99999D",
    "too many digits": "P999999999999D",
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE.keys())
def test_check_refuses_nonsense_and_says_what_is_meant(text: str) -> None:
    with pytest.raises(BadInput, match=r"P3Y|100 years"):
        durations.check(text)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("P1Y", "2029-02-28"),
        ("P3Y", "2031-02-28"),
        ("P4Y", "2032-02-29"),
        ("P1M", "2028-03-29"),
        ("P1Y6M", "2029-08-29"),
        ("P90D", "2028-05-29"),
        ("P12W", "2028-05-23"),
    ],
)
def test_after_counts_as_a_calendar_does(duration: str, expected: str) -> None:
    leap_day = datetime(2028, 2, 29, tzinfo=UTC)
    assert durations.after(leap_day, durations.check(duration)).date().isoformat() == expected


@pytest.mark.parametrize(
    ("kind", "duration", "words"),
    [
        ("cases", "P29D", "P30D at least"),
        ("no_concern", "P6D", "P7D at least"),
        ("quarantine", "P0D", "P7D at least"),
        ("events", "P11M", "P1Y at least"),
        ("names", "P1Y", "The kinds are"),
        ("cases", "soon", "ISO 8601"),
    ],
)
def test_rules_refuse_what_would_empty_the_house(kind: str, duration: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        rules.check(kind, duration)


@pytest.mark.parametrize("kind", rules.DEFAULTS)
def test_every_default_and_every_floor_could_have_been_set(kind: str) -> None:
    assert rules.check(kind, rules.DEFAULTS[kind]) == rules.DEFAULTS[kind]
    assert rules.check(kind, rules.SHORTEST[kind]) == rules.SHORTEST[kind]
