"""Deadlines as people and laws have them: ISO 8601 durations, in which a year is a year and not 365 days.

Source: ISO 8601-1:2019 §5.5.2, the format with designators (`P3Y`, `P1Y6M`, `P90D`, `P12W`); whole numbers, no hours.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import cast

import isodate

from gateway.core.errors import BadInput

LONGEST_YEARS = 100
_SHAPE = re.compile(r"P(?=\d)(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:(?:\d{1,4}W)|(?:\d{1,5}D))?", re.ASCII)
_ANCHOR = datetime(2001, 1, 1, tzinfo=UTC)


def check(text: str) -> str:
    """Hand back a duration that can be a deadline. Raises: BadInput that says what one looks like."""
    if not _SHAPE.fullmatch(text):
        raise BadInput("A deadline is an ISO 8601 duration of years, months, weeks or days, such as P3Y or P90D.")
    try:
        far = after(_ANCHOR, text) > _ANCHOR.replace(year=_ANCHOR.year + LONGEST_YEARS)
    except (OverflowError, ValueError):  # beyond the year 9999
        far = True
    if far:
        raise BadInput(f"A deadline is {LONGEST_YEARS} years at most.")
    return text


def after(moment: datetime, duration: str) -> datetime:
    """Tell when a duration from a moment on is over; a month after January 31 is the last of February."""
    return cast(datetime, moment + isodate.parse_duration(duration, as_timedelta_if_possible=False))


def before(moment: datetime, duration: str) -> datetime:
    """Tell from when on a duration is over at a moment."""
    return cast(datetime, moment - isodate.parse_duration(duration, as_timedelta_if_possible=False))


def is_shorter(one: str, other: str) -> bool:
    """Tell whether a duration is shorter than another, counted from the same day."""
    return after(_ANCHOR, one) < after(_ANCHOR, other)
