"""Traces one tip through the house: every hop that the event log knows of, and how long it took. Ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from gateway.core.errors import NotFound
from gateway.core.events import TYPE_PREFIX
from gateway.core.records import Event, Message, Send
from gateway.core.times import iso
from responders.cases.records import Case, CaseMessage, CaseThread
from responders.paging.records import CalloutCase, Page


@dataclass(frozen=True)
class Hop:
    """One step: what happened to which thing by whom, and the milliseconds since the first hop and the one before."""

    at: datetime
    event: str
    subject: str
    actor: str
    since_start_ms: int
    since_last_ms: int
    data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Render it for machines."""
        return {
            "at": iso(self.at),
            "event": self.event,
            "subject": self.subject,
            "actor": self.actor,
            "since_start_ms": self.since_start_ms,
            "since_last_ms": self.since_last_ms,
            "data": self.data,
        }


@dataclass(frozen=True)
class Trace:
    """The hops of a tip; `message_id` is the one asked for, or the first of the case."""

    message_id: str
    case_number: str | None
    hops: list[Hop]

    def to_json(self) -> dict[str, Any]:
        """Render it for machines."""
        return {
            "message_id": self.message_id,
            "case_number": self.case_number,
            "hops": [hop.to_json() for hop in self.hops],
        }


def follow(session: Session, reference: str) -> Trace:
    """Trace a tip by MessageSid, message id or case number, from its own arrival on. Raises: NotFound."""
    message, case = _find(session, reference)
    subjects = _subjects(session, message, case, whole=case is not None and reference == case.number)
    query = select(Event).where(Event.subject.in_(subjects), Event.at >= message.at).order_by(Event.at, Event.seq)
    return Trace(message.id, case.number if case else None, _hops(list(session.scalars(query))))


_WORDLESS = defer(Message.words_sealed)
"""The operator has no right to them, and no use for them."""


def _find(session: Session, reference: str) -> tuple[Message, Case | None]:
    query = select(Message).options(_WORDLESS).where(or_(Message.id == reference, Message.provider_sid == reference))
    message = session.scalar(query.where(Message.direction == "in"))
    if message is not None:
        link = session.get(CaseMessage, message.id)
        return message, session.get(Case, link.case_id) if link else None
    case = session.scalar(select(Case).where(Case.number == reference).order_by(Case.opened_at.desc()))
    if case is None:
        raise NotFound("No tip and no case has this reference. Give a MessageSid, a message id or a case number.")
    of_case = select(Message).options(_WORDLESS).join(CaseMessage, CaseMessage.message_id == Message.id)
    return session.scalars(
        of_case.where(CaseMessage.case_id == case.id).order_by(Message.at)
    ).first() or _no_tip(), case


def _no_tip() -> Message:
    raise NotFound("This case has no tip of its own: its messages now belong to another case.")


def _subjects(session: Session, message: Message, case: Case | None, *, whole: bool) -> list[str]:
    """Name everything whose events belong to this tip, or to the whole case."""
    found = {f"message/{message.id}"}
    threads = {message.thread_id} if message.thread_id else set()
    if case is not None:
        found.add(f"case/{case.id}")
        if whole:
            of_case = select(CaseMessage.message_id).where(CaseMessage.case_id == case.id)
            found |= {f"message/{one}" for one in session.scalars(of_case)}
        threads |= set(session.scalars(select(CaseThread.thread_id).where(CaseThread.case_id == case.id)))
        found |= _of_pages(session, case)
    said = select(Message.id).where(Message.thread_id.in_(threads), Message.direction == "out")
    answers = list(session.scalars(said))
    found |= {f"thread/{thread_id}" for thread_id in threads} | {f"message/{answer}" for answer in answers}
    found |= {f"send/{send}" for send in session.scalars(select(Send.id).where(Send.message_id.in_(answers)))}
    return sorted(found)


def _of_pages(session: Session, case: Case) -> set[str]:
    callouts = list(session.scalars(select(CalloutCase.callout_id).where(CalloutCase.case_id == case.id)))
    pages = session.execute(select(Page.id, Page.send_id).where(Page.callout_id.in_(callouts))).all()
    sent = {f"send/{send_id}" for _, send_id in pages}
    return {f"callout/{callout}" for callout in callouts} | {f"page/{page_id}" for page_id, _ in pages} | sent


def _hops(events: list[Event]) -> list[Hop]:
    hops: list[Hop] = []
    for event in events:
        first, last = events[0].at, hops[-1].at if hops else event.at
        hops.append(
            Hop(
                at=event.at,
                event=event.type.removeprefix(TYPE_PREFIX),
                subject=event.subject,
                actor=event.actor,
                since_start_ms=_ms(first, event.at),
                since_last_ms=_ms(last, event.at),
                data=event.data,
            )
        )
    return hops


def _ms(earlier: datetime, later: datetime) -> int:
    return round((later - earlier).total_seconds() * 1000)
