"""Retention: is what is past its deadline destroyed, and is anything in the way?"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.front.doctor.finding import Finding
from responders.retention import report, service
from responders.retention.records import KeyEnd, RetentionRun

_LATE = timedelta(days=2)


def destruction(session: Session, now: datetime) -> Finding:
    """Look for months whose keys should be gone, and for orders that nobody carries out."""
    if stuck := report.stuck(session):
        names = ", ".join(f"{end.district} {end.month}" for end in stuck[:3])
        words = f"Keys past their deadline cannot be destroyed ({names}): something under them does not open. "
        return Finding("retention", "fault", words + "The worker's log names the rows.")
    late = now - _LATE
    waiting = session.scalar(
        select(func.count()).where(RetentionRun.finished_at.is_(None), RetentionRun.ordered_at < late)
    )
    if waiting:
        return Finding("retention", "warning", "What is past its deadline is still there. Is the worker running?")
    if service.awaits_person(session, now):
        words = "This database was restored, so holds placed after the backup are gone. Place them again, "
        return Finding(
            "retention", "warning", words + "then run `tipline retention run`: the clock does not by itself."
        )
    last = service.last_order(session, now)
    if last is not None and now - last > service.LEAP:
        words = f"The last run was ordered on {last:%Y-%m-%d}. Is the date of this machine right? "
        return Finding(
            "retention", "warning", words + "Then run `tipline retention run`: the clock does not by itself."
        )
    half = select(func.count()).where(KeyEnd.console_gone_at.is_(None), KeyEnd.worker_gone_at < late)
    if count := session.scalar(half):
        words = f"The console still has {count} months' keys that should be gone. Is it running, and of this version?"
        return Finding("retention", "warning", words)
    return Finding("retention", "ok", "What was past its deadline is destroyed.")
