"""School days: when school is in, by a district's hours and holidays. It informs people, and judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_FRIDAY = 4
_FARTHEST = 400
"""So many days ahead a school day is looked for."""


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """`hours` are from when to when on Monday to Friday, None when unsaid; `holidays` first and last days."""

    hours: tuple[time, time] | None = None
    holidays: tuple[tuple[date, date], ...] = ()

    def is_school_day(self, day: date) -> bool:
        """Tell whether there is school on a day."""
        return day.weekday() <= _FRIDAY and not any(first <= day <= last for first, last in self.holidays)

    def is_in(self, at: datetime) -> bool:
        """Tell whether school is in at a local time; without hours, all day."""
        start, end = self.hours or (time.min, time.max)
        return self.is_school_day(at.date()) and start <= at.time() <= end

    def next_day(self, at: datetime) -> date | None:
        """Name the day on which school is next in after a local time: the same day before it has begun."""
        days = (at.date() + timedelta(days=ahead) for ahead in range(_FARTHEST))
        begun = self.hours is None or at.time() >= self.hours[0]
        return next((day for day in days if self.is_school_day(day) and not (begun and day == at.date())), None)


def read_hours(text: str) -> tuple[time, time]:
    """Read `07:45-15:10`. Raises: ValueError."""
    start, end = (datetime.strptime(part.strip(), "%H:%M").time() for part in text.split("-"))  # noqa: DTZ007 - a time of day
    if start >= end:
        raise ValueError
    return start, end


def read_days(text: str) -> tuple[date, date]:
    """Read `2026-11-26`, or `2026-12-21 to 2027-01-01`. Raises: ValueError."""
    first, _, last = text.partition(" to ")
    days = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    if days[0] > days[1]:
        raise ValueError
    return days
