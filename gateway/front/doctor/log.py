"""The event log: is it sealed, and in time?"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from gateway.core import log_keys, log_seal
from gateway.core.database import Database
from gateway.core.errors import KeyRefused
from gateway.core.records import Event
from gateway.core.settings import Settings
from gateway.front.doctor.finding import Finding, Level

_LATE = timedelta(minutes=1)


def sealing(settings: Settings, database: Database, now: datetime) -> Finding:
    """Look whether the events are sealed, and soon."""
    return Finding("event log", *_sealing(settings, database, now))


def _sealing(settings: Settings, database: Database, now: datetime) -> tuple[Level, str]:
    folder = settings.keys_dir / log_keys.HOLDER
    try:
        if log_keys.signing(folder) is None:
            return "warning", "It is not sealed: the clock has no log key. Run `tipline keys init`, restart the clock."
        keys = log_keys.verifying(folder)
        with database.read() as session:
            last = log_seal.newest(session, keys)
            query = select(func.count(Event.seq), func.min(Event.at))
            waiting, since = session.execute(query.where(Event.seq > (last.last_seq if last else 0))).one()
    except ValueError:
        return "fault", "The database holds a time that is none. Run `tipline audit verify`."
    except KeyRefused as error:
        return "fault", f"{error.public} Run `tipline audit verify`."
    if waiting and since < now - _LATE:
        return "warning", f"{waiting} events wait for their seal, for more than a minute. Is the clock running?"
    return "ok", "Sealed up to the last minute."
