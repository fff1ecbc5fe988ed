"""Plain words for times and counts."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago something was: `just now`, `3 min`, `2 h 10 min`, `4 days`."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes and hours < 6 else f"{hours} h"
    return plural(hours // 24, "day")


def at(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Write a time as the district's wall clock shows it: `8:15 am`, with the date when it was another day."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"
    if local.date() == today:
        return clock
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local.strftime('%b')} {local.day}{year}, {clock}"


def zone_name(zone: tzinfo, now: datetime) -> str:
    """Name a time zone as its people do at this time of the year: `MST`."""
    return now.astimezone(zone).tzname() or "UTC"


def zone(name: str) -> tzinfo:
    """Find a district's time zone; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def plural(count: int, word: str) -> str:
    """Count things: `1 message`, `2 messages`."""
    return f"{count} {word}{'' if count == 1 else 's'}"
