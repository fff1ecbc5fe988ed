"""When school is in."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from triage import packs
from triage.school_days import SchoolDays

DAYS = packs.check(
    "school: {hours: 07:45-15:10, holidays: [2026-11-26, 2026-12-21 to 2027-01-01]}"
).school  # fmt: skip


@pytest.mark.parametrize(
    ("at", "is_in", "following"),
    [
        pytest.param("2026-11-23T07:44", False, "2026-11-23", id="monday-before"),
        pytest.param("2026-11-23T07:45", True, "2026-11-24", id="monday-begins"),
        pytest.param("2026-11-23T15:10", True, "2026-11-24", id="monday-ends"),
        pytest.param("2026-11-23T15:11", False, "2026-11-24", id="monday-after"),
        pytest.param("2026-11-25T20:00", False, "2026-11-27", id="before-a-holiday"),
        pytest.param("2026-11-26T10:00", False, "2026-11-27", id="holiday"),
        pytest.param("2026-11-27T22:00", False, "2026-11-30", id="friday-night"),
        pytest.param("2026-12-18T16:00", False, "2027-01-04", id="before-two-weeks"),
        pytest.param("2027-01-01T10:00", False, "2027-01-04", id="last-holiday"),
    ],
)
def test_school_is_in_on_its_days_at_its_hours(at: str, is_in: bool, following: str) -> None:
    moment = datetime.fromisoformat(at)
    assert DAYS.is_in(moment) is is_in
    assert DAYS.next_day(moment) == date.fromisoformat(following)


def test_without_hours_a_school_day_is_a_whole_day() -> None:
    assert SchoolDays().is_in(datetime.fromisoformat("2026-11-23T23:59"))
    assert not SchoolDays().is_in(datetime.fromisoformat("2026-11-22T12:00"))


def test_a_district_that_has_no_school_day_in_a_year_has_no_next_one() -> None:
    closed = SchoolDays(holidays=((date(2026, 1, 1), date(2029, 1, 1)),))
    assert closed.next_day(datetime.fromisoformat("2026-11-23T08:00")) is None
