"""Heartbeats: every process writes a row of its own again and again; a process whose row stands still is not well.

A row is one instance of a process, from its start to its end. It holds codes and numbers, never an id of anything that
a reporter or a member of staff has to do with. Nobody writes another's row; the clock deletes old ones.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from gateway.core.records import Heartbeat

EVERY_SECONDS = 5.0
STALE_SECONDS = 15.0
"""After so long without a beat a process is not well."""
KEEP = timedelta(hours=1)


def beat(
    session: Session,
    instance: str,
    process: str,
    version: str,
    started_at: datetime,
    now: datetime,
    data: dict[str, Any],
) -> None:
    """Write that an instance lives. It needs no right to read any column but `instance`."""
    known = update(Heartbeat).where(Heartbeat.instance == instance).values(beat_at=now, data=data)
    if session.execute(known.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        return
    session.execute(
        insert(Heartbeat).values(
            instance=instance, process=process, version=version, started_at=started_at, beat_at=now, data=data
        )
    )


def age_seconds(row: Heartbeat, now: datetime) -> float:
    """Tell how far a beat is from now, either way: the clock may have been set back since."""
    return abs((now - row.beat_at).total_seconds())


def latest(session: Session, now: datetime) -> dict[str, Heartbeat]:
    """Find the instance of each process that gave the last sign of life."""
    rows = sorted(session.scalars(select(Heartbeat)), key=lambda row: age_seconds(row, now), reverse=True)
    return {row.process: row for row in rows}


def living(session: Session, now: datetime) -> list[Heartbeat]:
    """List the instances that beat: there may be several of a process."""
    return [row for row in session.scalars(select(Heartbeat)) if age_seconds(row, now) <= STALE_SECONDS]


def instances(session: Session, process: str) -> frozenset[str]:
    """Name the instances of a process of the last hour."""
    return frozenset(session.scalars(select(Heartbeat.instance).where(Heartbeat.process == process)))


def tidy(session: Session, now: datetime) -> None:
    """Delete rows that stand still for long."""
    session.execute(delete(Heartbeat).where(Heartbeat.beat_at < now - KEEP))
