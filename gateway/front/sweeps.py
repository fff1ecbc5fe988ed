"""The clock: looks each second for what is due and wakes who must act. It opens nothing and sees states alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from gateway.core import outbox
from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.logs import log
from gateway.core.queues import Name
from gateway.core.records import Message
from gateway.core.times import Clock
from responders.accounts.records import SignInAttempt, StaffSession
from responders.paging.records import Callout

EVERY_SECONDS = 1.0
TIDY_EVERY = timedelta(hours=1)
WITHOUT_COURIER = timedelta(seconds=5)
"""How long triage waits for the courier to thread a message before it goes on without."""
_KEEP_ATTEMPTS = timedelta(days=1)


def due(session: Session, now: datetime) -> set[Name]:
    """Name the processes that have something to do."""
    inbound = select(Message.id).where(Message.direction == "in")
    threadable = inbound.where(Message.threaded_at.is_(None))
    ready = or_(Message.threaded_at.is_not(None), Message.at < now - WITHOUT_COURIER)
    dispatchable = inbound.where(Message.dispatched_at.is_(None), ready)
    callout = select(Callout.id).where(Callout.closed_at.is_(None), Callout.next_at <= now)
    found: set[Name] = set()
    if _any(session, threadable) or outbox.due(session, "reporters", now):
        found.add("courier")
    if _any(session, dispatchable) or outbox.due(session, "paging", now) or _any(session, callout):
        found.add("worker")
    return found


def tidy(session: Session, now: datetime) -> None:
    """Delete what has lapsed: sessions of staff, and tries to sign in that no longer count."""
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - _KEEP_ATTEMPTS))


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


def _any(session: Session, query: Any) -> bool:
    return session.scalar(query.limit(1)) is not None
