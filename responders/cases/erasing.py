"""What belongs together in a case, and how it is erased: nobody may find half of a case that is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from gateway.core import erasing
from gateway.core.records import Message
from responders.cases import holds
from responders.cases.records import (
    Case,
    CaseAssessment,
    CaseCorrection,
    CaseHold,
    CaseMessage,
    CaseThread,
    Note,
    Unmasking,
)


@dataclass
class Belongings:
    """Cases that were joined, and every thread and message of theirs: kept together, destroyed together."""

    case_ids: set[str]
    thread_ids: set[str] = field(default_factory=set)
    message_ids: set[str] = field(default_factory=set)


def gather(session: Session, case_id: str) -> Belongings:
    """Collect what a case cannot be told apart from: joined cases, their threads, all that was said there."""
    found = Belongings({case_id})
    size = -1
    while size != (size := len(found.case_ids) + len(found.thread_ids) + len(found.message_ids)):
        _grow(session, found)
    return found


def _grow(session: Session, found: Belongings) -> None:
    cases, threads, messages = found.case_ids, found.thread_ids, found.message_ids
    into = aliased(Case)
    threads.update(session.scalars(select(CaseThread.thread_id).where(CaseThread.case_id.in_(cases))))
    messages.update(session.scalars(select(CaseMessage.message_id).where(CaseMessage.case_id.in_(cases))))
    messages.update(session.scalars(select(Message.id).where(Message.thread_id.in_(threads))))
    further: tuple[Select[str | None], ...] = (
        select(Case.id).where(Case.joined_into_id.in_(cases)),
        select(into.joined_into_id).where(into.id.in_(cases), into.joined_into_id.is_not(None)),
        select(CaseMessage.case_id).where(CaseMessage.message_id.in_(messages)),
        select(CaseThread.case_id)
        .join(Message, Message.thread_id == CaseThread.thread_id)
        .where(Message.id.in_(messages))
        .distinct(),
    )
    for query in further:
        cases.update(one for one in session.scalars(query) if one)


def is_held(session: Session, found: Belongings) -> bool:
    """Tell whether a hold stands on any of these cases."""
    return bool(holds.standing(session, found.case_ids))


def last_word(session: Session, found: Belongings) -> datetime:
    """Tell when anything happened last: a move, a message, a note. Deadlines count from there."""
    moments = (
        session.scalar(select(func.max(Case.updated_at)).where(Case.id.in_(found.case_ids))),
        session.scalar(select(func.max(Message.at)).where(Message.id.in_(found.message_ids))),
        session.scalar(select(func.max(Note.at)).where(Note.case_id.in_(found.case_ids))),
    )
    return max(moment for moment in moments if moment)


def erase(session: Session, found: Belongings) -> None:
    """Delete cases with their words, threads and all that led to a reporter. Pages are paging's to delete first."""
    ids, messages = found.case_ids, found.message_ids
    session.execute(
        delete(CaseAssessment).where(or_(CaseAssessment.case_id.in_(ids), CaseAssessment.message_id.in_(messages)))
    )
    session.execute(delete(CaseMessage).where(or_(CaseMessage.case_id.in_(ids), CaseMessage.message_id.in_(messages))))
    session.execute(delete(Unmasking).where(Unmasking.message_id.in_(messages)))
    for table in (Note, CaseThread, CaseHold, CaseCorrection):
        session.execute(delete(table).where(table.case_id.in_(ids)))
    erasing.forget_messages(session, messages)
    session.execute(update(Case).where(Case.id.in_(ids)).values(joined_into_id=None))
    session.execute(delete(Case).where(Case.id.in_(ids)))
