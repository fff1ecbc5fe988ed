"""Retention's duties, one a process: the clock orders and trims the log, the worker destroys.

The console ends its own copy of a key; the courier, with no part in deadlines, ends the threads that are left empty.
"""

from __future__ import annotations

from gateway.core import log_keys
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.log_trim import Trimmer
from gateway.core.settings import Settings
from gateway.core.times import Clock, utc_now
from gateway.front.duties import Patrol, telling
from responders.retention import destroying, service
from responders.retention.destroying import Destroyer

NAME = "retention"
_EVERY_SECONDS, _CLOCK_SECONDS = 60.0, 600.0


def of_clock(settings: Settings, database: Database) -> Patrol:
    """Make the clock's duty: an order a day, and the event log's beginning when it has lapsed."""
    clock = telling(utc_now)
    return Patrol(NAME, lambda: tick(settings, database, clock), every_seconds=_CLOCK_SECONDS)


def of_worker(settings: Settings, database: Database, key_set: KeySet) -> Patrol:
    """Make the worker's duty: carrying out orders."""
    destroyer = Destroyer(database, key_set, settings.keys, telling(utc_now))
    return Patrol(NAME, destroyer.work, every_seconds=_EVERY_SECONDS)


def of_console(settings: Settings, database: Database) -> Patrol:
    """Make the console's duty: destroying its own copy of what the worker has destroyed."""
    clock = telling(utc_now)

    def end() -> None:
        destroying.end_keys_of_console(database, settings.keys, clock)

    return Patrol(NAME, end, every_seconds=_EVERY_SECONDS)


def tick(settings: Settings, database: Database, clock: Clock) -> int:
    """Do what the clock does now; answers how many events went."""
    with database.read() as session:
        due = service.is_due(session, clock())
    if due:
        with database.write() as session:
            service.order(session, service.CLOCK, clock())
    return trim(settings, database, clock)


def trim(settings: Settings, database: Database, clock: Clock) -> int:
    """Take off the event log what had lapsed by the last order, with a note signed by the log key, if it is there."""
    key = log_keys.signing(settings.keys)
    if key is None:
        return 0
    with database.read() as session:
        ordered_at = service.last_order(session, clock())
        if ordered_at is None:
            return 0
        before = service.events_before(session, ordered_at)
    return Trimmer(database, key, log_keys.verifying(settings.keys)).trim(before, clock())
