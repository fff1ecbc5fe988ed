from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from responders.web import words

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
DENVER = words.zone("America/Denver")


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=-4), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(minutes=130), "2 h 10 min"),
        (timedelta(hours=9, minutes=10), "9 h"),
        (timedelta(days=1, hours=3), "1 day"),
        (timedelta(days=4), "4 days"),
    ],
)
def test_ago_says_an_age_in_few_words(age: timedelta, said: str) -> None:
    assert words.ago(NOW - age, NOW) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW, "4:00 pm"),
        (NOW - timedelta(hours=16), "12:00 am"),
        (NOW - timedelta(days=1), "Nov 20, 4:00 pm"),
        (NOW - timedelta(days=365), "Nov 21 2025, 4:00 pm"),
    ],
)
def test_at_shows_the_districts_wall_clock(moment: datetime, said: str) -> None:
    assert words.at(moment, DENVER, NOW) == said


def test_zone_falls_back_to_utc_for_a_name_that_is_none() -> None:
    assert words.zone("Not/AZone") is UTC
    assert words.zone("../etc/passwd") is UTC
