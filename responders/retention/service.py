"""Retention: orders, and what the clock may take off the event log. `destroying` carries orders out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.core import backups, durations
from gateway.core.events import emit
from gateway.core.records import District
from responders.cases import erasing, holds
from responders.cases.records import Case
from responders.retention import rules
from responders.retention.records import RetentionRun

EVERY = timedelta(days=1)
LEAP = timedelta(days=31)
"""A clock that leaps into the future must not destroy what is young: after such a gap a person orders the next run."""
CLOCK = "process:clock"


def order(session: Session, actor: str, now: datetime) -> RetentionRun:
    """Order the destruction of what is past its deadline; an order that still waits is taken for this one."""
    waiting = session.scalar(select(RetentionRun).where(RetentionRun.finished_at.is_(None)).limit(1))
    if waiting is not None:
        return waiting
    run = RetentionRun(ordered_at=now, ordered_by=actor, summary={})
    session.add(run)
    session.flush()
    emit(session, "retention.ordered", subject=f"retention/{run.id}", actor=actor, at=now, district_id=None)
    return run


def is_due(session: Session, now: datetime) -> bool:
    """Tell whether it is time for the day's order; not after a gap, since then the time itself may be wrong.

    Nor after a restore: holds that were placed since the backup are gone, and a person must place them again first.
    """
    last = last_order(session, now)
    if awaits_person(session, now):
        return False
    return last is None or EVERY <= now - last <= LEAP


def awaits_person(session: Session, now: datetime) -> bool:
    """Tell whether the database was restored and nobody has ordered a run since."""
    restored_at, last = backups.restored_at(session), last_order(session, now)
    return restored_at is not None and (last is None or last < restored_at)


def last_order(session: Session, now: datetime) -> datetime | None:
    """Tell when a run was ordered last: the newest moment that is trusted to be a real one; none of the future is."""
    return session.scalar(select(func.max(RetentionRun.ordered_at)).where(RetentionRun.ordered_at <= now))


def events_before(session: Session, now: datetime) -> datetime:
    """Tell before when events have lapsed: the longest of the districts' deadlines, and nothing since a held case.

    The log is one chain, so it can only be shortened at its beginning: a hold keeps all that came after its case.
    """
    districts = session.scalars(select(District.id)).all()
    longest = [rules.of_district(session, one)[rules.EVENTS] for one in districts] or [rules.DEFAULTS[rules.EVENTS]]
    held = {one for case_id in holds.held_ids(session) for one in erasing.gather(session, case_id).case_ids}
    opened = session.scalar(select(func.min(Case.opened_at)).where(Case.id.in_(held)))
    moments = [durations.before(now, one) for one in longest]
    return min([*moments, opened - EVERY] if opened else moments)
