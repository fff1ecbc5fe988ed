"""Seeing: that a person has looked at what came in on the web, told to whoever holds the receipt."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from gateway.core.records import Message, Thread
from responders.cases.records import Case, CaseThread


def has_words(actor: str) -> bool:
    """Tell whether who did something had the words before them: somebody with an account.

    Who answers a page by its code has read none of them, and a program neither.
    """
    return actor.startswith("account:")


def is_unseen(session: Session, case: Case) -> bool:
    """Tell whether anything came in on the web that no person has looked at yet."""
    return session.scalar(select(Thread.id).where(_unseen(case.id)).limit(1)) is not None


def see(session: Session, case: Case, now: datetime) -> None:
    """Note that a person looks at a case now; whoever reported by text is not told, so nothing is noted of that."""
    statement = update(Thread).where(_unseen(case.id)).values(seen_at=now)
    session.execute(statement, execution_options={"synchronize_session": "fetch"})


def _unseen(case_id: str) -> ColumnElement[bool]:
    new = or_(Thread.seen_at.is_(None), Message.at > Thread.seen_at)
    return and_(
        Thread.receipt_public.is_not(None),
        Thread.id.in_(select(CaseThread.thread_id).where(CaseThread.case_id == case_id)),
        select(Message.id).where(Message.thread_id == Thread.id, Message.direction == "in", new).exists(),
    )
