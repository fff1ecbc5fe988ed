"""The clock: looks each second for what is due and wakes who must act. It opens nothing and sees states alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.core import heartbeats, outbox
from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.logs import log
from gateway.core.queues import Name
from gateway.core.records import Message
from gateway.core.times import Clock
from responders import dispatch
from responders.accounts.records import SignInAttempt, StaffSession
from responders.escalation import due as alerts

EVERY_SECONDS = 1.0
TIDY_EVERY = timedelta(hours=1)
_KEEP_ATTEMPTS = timedelta(days=1)


def due(session: Session, now: datetime) -> set[Name]:
    """Name the processes that have something to do."""
    threadable = select(Message.id).where(Message.direction == "in", Message.threaded_at.is_(None))
    found: set[Name] = set()
    if session.scalar(threadable.limit(1)) or outbox.due(session, "reporters", now):
        found.add("courier")
    if dispatch.due(session, now) or outbox.due(session, "paging", now) or alerts.anything(session, now):
        found.add("worker")
    return found


def tidy(session: Session, now: datetime) -> None:
    """Delete what has lapsed: sessions of staff, tries to sign in that no longer count, heartbeats of the past."""
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - _KEEP_ATTEMPTS))
    heartbeats.tidy(session, now)


def run(database: Database, wake: Callable[[Name], None], clock: Clock, stop: threading.Event) -> None:
    """Look and wake each second until `stop` is set. A database that is away is waited for."""
    tidied_at: datetime | None = None
    while not stop.is_set():
        now = clock()
        try:
            with database.read() as session:
                names = due(session, now)
            for name in sorted(names):
                wake(name)
            if tidied_at is None or now - tidied_at >= TIDY_EVERY:
                with database.write() as session:
                    tidy(session, now)
                tidied_at = now
        except TiplineError as error:
            log().warning("a sweep must wait", code=error.code)
        stop.wait(EVERY_SECONDS)
