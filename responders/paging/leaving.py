"""Leaving: what would have called people out is left to whoever attends the case; if nothing is done, it calls anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from gateway.core.database import reread
from gateway.core.events import TYPE_PREFIX
from gateway.core.records import Event, Message
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage
from responders.directory import service as directory
from responders.paging.callouts import LEFT, call_out
from responders.paging.news import owner_of
from responders.paging.records import CalloutCase
from triage.policy import PagingPolicy

_UNTOLD = timedelta(seconds=PagingPolicy().answer_within_seconds)
"""So long whoever attends a case without a phone that could tell them has to do something about it."""
_LOST_AFTER = timedelta(hours=1)
"""What was left longer ago is looked for no more; the case still shows its doubt."""


def left_alone(session: Session, now: datetime) -> list[str]:
    """Name the cases about which nobody did anything since a message was left to whoever attends them.

    They have `cases.QUIET` for it if a text tells them of it, else the time that an answer has.
    """
    lately = Message.direction == "in", Message.dispatched_at > now - _LOST_AFTER
    told = select(CaseMessage.case_id).join(Message, Message.id == CaseMessage.message_id).where(*lately)
    called = exists(CalloutCase.case_id).where(
        CalloutCase.case_id == Case.id,
        or_(CalloutCase.acknowledged_at.is_(None), CalloutCase.added_at >= Event.at),
    )
    query = (
        select(Case, Event.at)
        .join(Event, Event.subject == "case/" + Case.id)
        .where(
            Case.id.in_(told),
            Case.state.in_(cases.ATTENDED_STATES),
            Event.type == TYPE_PREFIX + LEFT,
            Event.at > now - _LOST_AFTER,
            Event.at <= now - _UNTOLD,
            ~called,
        )
        .order_by(Event.seq)
    )
    found = session.execute(query.execution_options(populate_existing=True)).all()
    return list(dict.fromkeys(case.id for case, at in found if _is_alone(session, case, at, now)))


def recall(session: Session, case_id: str, now: datetime) -> bool:
    """Call people out for what was left to whoever attends a case; false when that is no longer called for."""
    case = session.get_one(Case, case_id)
    directory.hold(session, case.district_id)
    reread(session, case)
    if case_id not in left_alone(session, now):
        return False
    call_out(session, case, "critical" if "critical" in _urgencies(session, case, now) else "high", now)
    return True


def _is_alone(session: Session, case: Case, at: datetime, now: datetime) -> bool:
    acted = cases.last_act(session, case)
    wait = cases.QUIET if owner_of(session, case) else _UNTOLD
    return at <= now - wait and (acted is None or acted < at)


def _urgencies(session: Session, case: Case, now: datetime) -> Sequence[str]:
    """List how urgent what was left is, since anybody acted."""
    since = max([now - _LOST_AFTER, *filter(None, [cases.last_act(session, case)])])
    query = select(Event.data).where(
        Event.subject == f"case/{case.id}", Event.type == TYPE_PREFIX + LEFT, Event.at > since
    )
    return [str(data["urgency"]) for data in session.scalars(query)]
