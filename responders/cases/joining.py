"""Joining cases: by a thread that is found late and is another case's too, or by a person who sees they are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from gateway.core.database import reread
from gateway.core.records import Message, Thread
from responders.cases import moves
from responders.cases.records import Case, CaseAssessment, CaseMessage, CaseThread, Note
from responders.cases.taking import ACTOR, absorb, case_of_thread
from triage.model import Severity


@dataclass(frozen=True)
class Linked:
    """The case that a late thread now belongs to, and the case that was joined into it, if there were two."""

    case: Case
    joined: Case | None = None
    anew: bool = False
    """Whether that made the case more severe, or reopened it."""
    reopened: bool = False


def late(session: Session, since: datetime) -> Sequence[str]:
    """List the messages threaded since then whose case does not have that thread yet."""
    query = (
        select(Message.id)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .outerjoin(CaseThread, CaseThread.thread_id == Message.thread_id)
        .where(
            Message.direction == "in",
            Message.threaded_at >= since,
            Message.thread_id.is_not(None),
            or_(CaseThread.case_id.is_(None), CaseThread.case_id != CaseMessage.case_id),
        )
        .order_by(Message.at, Message.id)
    )
    return session.scalars(query).all()


def link(session: Session, message: Message, now: datetime) -> Linked | None:
    """Attach a message's thread, now that it is known, to the message's case.

    Does the thread already belong to another case, then the later of the two is joined into the earlier: its messages
    and threads move, it closes as `duplicate`, and nothing is lost. Its callout is paging's to carry on.
    """
    belongs = session.get(CaseMessage, message.id)
    if belongs is None or message.thread_id is None:
        return None
    case = session.get_one(Case, belongs.case_id)
    moves.hold(session, case)
    reread(session, belongs)
    case = session.get_one(Case, belongs.case_id, populate_existing=True)
    other = case_of_thread(session, message.thread_id)
    if other is None:
        return _attach(session, case, message, message.thread_id, now)
    if other.id == case.id:
        return None
    earlier, later = sorted((case, other), key=lambda one: (one.opened_at, one.number))
    return _join(session, later, earlier, now)


def join(session: Session, one: Case, other: Case, actor: str, now: datetime) -> Linked:
    """Join two cases because a person says so: into the open one of both, else the earlier. Its callout is paging's."""
    ends = {moves.RESOLVED, moves.CLOSED}
    target, source = sorted((one, other), key=lambda case: (case.state in ends, case.opened_at, case.number))
    return _join(session, source, target, now, actor)


def _attach(session: Session, case: Case, message: Message, thread_id: str, now: datetime) -> Linked:
    session.add(CaseThread(thread_id=thread_id, case_id=case.id))
    if case.state == moves.CLOSED:
        moves.close_thread(session, session.get_one(Thread, thread_id), ACTOR, now)
    moves.tell(session, case, "case.threaded", ACTOR, now, message=message.id, thread=thread_id)
    return Linked(case)


def _join(session: Session, source: Case, target: Case, now: datetime, actor: str = ACTOR) -> Linked:
    """Move all that `source` has into `target`; who works on the one goes on with the other."""
    reopened = target.state in {moves.RESOLVED, moves.CLOSED} and source.state in moves.OPEN_STATES
    if reopened:
        moves.reopen(session, target, "new_message", actor, now)
    calls = not reopened and (target.unsure or target.life_safety)
    if target.state == moves.NEW and source.state in moves.ATTENDED_STATES and not calls:
        _attend(session, source, target, now)
    before = target.severity
    raised = absorb(target, Severity(source.severity), source.categories, unsure=source.unsure_reason)
    target.stray = target.stray and source.stray
    target.assignee_id = target.assignee_id or source.assignee_id
    target.updated_at = now
    moved = list(session.scalars(select(CaseMessage.message_id).where(CaseMessage.case_id == source.id)))
    for table in (CaseMessage, CaseThread, CaseAssessment, Note):
        statement = update(table).where(table.case_id == source.id).values(case_id=target.id)
        session.execute(statement, execution_options={"synchronize_session": "fetch"})
    moves.close_joined(session, source, target, actor, now)
    moves.tell(session, target, "case.joined", actor, now, source=source.id, messages=moved)
    if raised:
        moves.tell(session, target, "case.raised", actor, now, source=source.id, old=before, new=target.severity)
    return Linked(target, source, anew=raised or reopened, reopened=reopened)


def _attend(session: Session, source: Case, target: Case, now: datetime) -> None:
    """Carry over that a person has taken up what is being joined into a case that nobody is called out for."""
    before, target.state = target.state, source.state
    target.acknowledged_at, target.acknowledged_by = source.acknowledged_at, source.acknowledged_by
    moves.tell(
        session, target, "case.state_changed", ACTOR, now, old=before, new=target.state, why="duplicate",
        source=source.id, by=source.acknowledged_by,
    )  # fmt: skip
