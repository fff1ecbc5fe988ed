"""Reading cases: what a case's page shows. Nothing here writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.records import Message, Thread
from responders.cases.records import Case, CaseAssessment, CaseMessage, CaseThread, Note

_AT_ONCE = 500
"""So many ids at most are in one question to the database, which takes no list of any length."""


@dataclass(frozen=True)
class OpenedAssessment:
    """An assessment with its sealed part: spans as code points of the message's words, and codes of what is missing."""

    record: CaseAssessment
    indicators: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class OpenedNote:
    """A note with its words; None when this process cannot open them."""

    id: str
    author: str
    at: datetime
    text: str | None = field(repr=False)


def by_number(session: Session, district_id: str, number: str) -> Case | None:
    """Find a case by what people call it, e.g. `2026-0012`."""
    return session.scalar(select(Case).where(Case.district_id == district_id, Case.number == number))


def by_id(session: Session, district_id: str, case_id: str) -> Case | None:
    """Find a case of a district."""
    return session.scalar(select(Case).where(Case.district_id == district_id, Case.id == case_id))


def joined_into(session: Session, *case_ids: str) -> list[str]:
    """Name the cases that were joined into some, and those that had been joined into them."""
    found, fresh = list(case_ids), list(case_ids)
    while fresh:
        into: list[str] = []
        for start in range(0, len(fresh), _AT_ONCE):
            some = fresh[start : start + _AT_ONCE]
            into += session.scalars(select(Case.id).where(Case.joined_into_id.in_(some)))
        fresh = [one for one in into if one not in found]
        found += fresh
    return found[len(case_ids) :]


def messages(session: Session, case: Case) -> list[Message]:
    """List all that was said in a case, in and out, oldest first; told apart by `thread_id`, None until threaded."""
    # What came in stands before its answer of the same moment.
    return list(session.scalars(messages_of(case.id).order_by(Message.at, Message.direction, Message.id)))


def messages_of(case_id: str) -> Select[Message]:
    """Select all that was said in a case, in no order yet: what belongs to it, and what its threads hold.

    What is held aside in a flood is not there until somebody lets it through.
    """
    own = select(CaseMessage.message_id).where(CaseMessage.case_id == case_id)
    of_threads = select(Message.id).join(CaseThread, CaseThread.thread_id == Message.thread_id)
    # One after the other by their indexes: of "this or that" PostgreSQL reads the whole table.
    belongs = union(own, of_threads.where(CaseThread.case_id == case_id))
    return select(Message).where(Message.id.in_(belongs), Message.held_at.is_(None))


def threads(session: Session, case: Case) -> list[Thread]:
    """List the conversations of a case, oldest first."""
    query = select(Thread).join(CaseThread, CaseThread.thread_id == Thread.id).where(CaseThread.case_id == case.id)
    return list(session.scalars(query.order_by(Thread.opened_at, Thread.id)))


def assessments(session: Session, keys: KeySet, case: Case) -> list[OpenedAssessment]:
    """List what the engine said of each message, oldest first; without its sealed part where that does not open."""
    query = select(CaseAssessment).where(CaseAssessment.case_id == case.id)
    found = session.scalars(query.order_by(CaseAssessment.at, CaseAssessment.id))
    return [_opened(keys, record) for record in found]


def notes(session: Session, keys: KeySet, case: Case) -> list[OpenedNote]:
    """List a case's notes, oldest first."""
    found = session.scalars(select(Note).where(Note.case_id == case.id).order_by(Note.at, Note.id))
    return [OpenedNote(note.id, note.author, note.at, _open(keys, note, note.words_sealed, "words")) for note in found]


def _opened(keys: KeySet, record: CaseAssessment) -> OpenedAssessment:
    opened = _open(keys, record, record.detail_sealed, "detail")
    detail = json.loads(opened) if opened else {"indicators": [], "missing": []}
    return OpenedAssessment(record, tuple(detail["indicators"]), tuple(detail["missing"]))


def _open(keys: KeySet, row: Note | CaseAssessment, envelope: bytes, column: str) -> str | None:
    try:
        return keys.open(envelope, row.bound(column))
    except KeyRefused:
        return None
