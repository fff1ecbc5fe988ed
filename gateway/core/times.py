"""Times: always UTC-aware inside, ISO 8601 at every boundary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Read the machine's clock, UTC-aware. The only place that does; everything else is handed a `Clock`."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Write a UTC-aware time as ISO 8601 / RFC 3339 with milliseconds, e.g. `2026-11-21T08:15:00.000Z`.

    Raises: ValueError for a time without zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def month(moment: datetime) -> str:
    """Name the calendar month of a time in UTC, e.g. `2026-11`: the name of a content key."""
    return moment.astimezone(UTC).strftime("%Y-%m")
