"""Answers to pages: a code anywhere in the text acknowledges what that responder's page told of, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from gateway.core import conversation
from gateway.core.errors import KeyRefused
from gateway.core.events import TYPE_PREFIX, emit
from gateway.core.keys import KeySet
from gateway.core.records import Event, Message, Send
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from responders.directory.records import Responder
from responders.paging import wording
from responders.paging.callouts import CODE_REST, close, highest, mark, open_for, open_with, settle
from responders.paging.codes import codes_in
from responders.paging.records import Callout, CalloutCase, Page
from responders.paging.sending import paging_line, text_to

HINTS, HINTS_WITHIN = 3, timedelta(minutes=10)
"""So many unclear answers are answered in that time, and no more: two machines never text each other in a circle."""
_HINT = {"no_code": wording.ASK_FOR_CODE, "unknown_code": wording.NOT_OPEN}
_UNCLEAR = "page.answer_unclear"
_PRIORITY = 2


@dataclass(frozen=True)
class Answered:
    """What an answer did: the cases it acknowledged, or the code of why it was not understood."""

    acknowledged: tuple[Case, ...] = ()
    unclear: str | None = None


def answer(session: Session, keys: KeySet, message: Message, now: datetime) -> Answered:
    """Take an answered page: acknowledge what its code stands for and text back what was acknowledged.

    What came in after the responder's page goes on at once under a new code. An answer without an open code, or from
    someone who is no responder, acknowledges nothing and is not answered yet: that is for `hint`.
    """
    if message.district_id is None or message.contact_id is None:
        return Answered(unclear="not_a_page_answer")
    directory.hold(session, message.district_id)
    message.dispatched_at = now
    responder = directory.of_contact(session, message.contact_id)
    if responder is None or responder.district_id != message.district_id:
        return Answered(unclear="not_a_responder")
    try:
        codes = codes_in(conversation.words(keys, message))
    except (KeyRefused, ValueError):
        return Answered(unclear="unreadable")
    if not codes:
        return Answered(unclear="no_code")
    meant = _callouts(session, responder, codes, now)
    found = [(callout, page) for callout in meant if (page := _page_of(session, callout, responder, message))]
    if not found:
        return Answered(unclear="unknown_code")
    return _acknowledge(session, keys, message, found, now)


def hint(session: Session, keys: KeySet, message: Message, why: str, now: datetime) -> None:
    """Text back what an unclear answer lacks. It stays as a message, and an event says that it was not clear."""
    query = select(func.count(Event.seq)).where(
        Event.subject == f"contact/{message.contact_id}",
        Event.type == TYPE_PREFIX + _UNCLEAR,
        Event.at > now - HINTS_WITHIN,
    )
    if why in _HINT and message.keyword != "stop" and (session.scalar(query) or 0) < HINTS:
        _text(session, keys, message, _HINT[why], now)
    emit(
        session, _UNCLEAR, subject=f"contact/{message.contact_id}", actor=f"contact:{message.contact_id}", at=now,
        district_id=message.district_id, message=message.id, why=why,
    )  # fmt: skip


def confirm(session: Session, keys: KeySet, message: Message, case: Case, now: datetime) -> None:
    """Tell a member of staff that their words have become a case."""
    _text(session, keys, message, wording.reported(case.number), now)


def _acknowledge(
    session: Session, keys: KeySet, message: Message, found: Iterable[tuple[Callout, Page]], now: datetime
) -> Answered:
    done: dict[str, Case] = {}
    more = False
    for callout, page in found:
        covered = _covered(session, callout, page)
        _take_up(session, covered, f"contact:{message.contact_id}", now)
        done.update({case.id: case for case in covered})
        more = _go_on(session, callout, now) or more
        emit(
            session, "page.acknowledged", subject=f"page/{page.id}", actor=f"contact:{message.contact_id}", at=now,
            district_id=callout.district_id, callout=callout.id, send=page.send_id, message=message.id,
            cases=[case.id for case in covered],
        )  # fmt: skip
    already = wording.ALREADY_BUT_MORE if more else wording.ALREADY
    numbers = [case.number for case in done.values()]
    _text(session, keys, message, wording.acknowledged(numbers, more=more) if numbers else already, now)
    return Answered(tuple(done.values()))


def _take_up(session: Session, covered: Iterable[Case], actor: str, now: datetime) -> None:
    for case in covered:
        if not cases.acknowledge(session, case, actor, now):
            cases.acknowledge_again(session, case, actor, now)
        others = open_with(session, case)
        mark(session, [case], now)
        for callout in others:
            settle(session, callout, now)


def _go_on(session: Session, callout: Callout, now: datetime) -> bool:
    """Move what the answer did not cover to a callout of its own, with a new code; true when there was something."""
    if callout.closed_at:
        return False
    left = settle(session, callout, now)
    if left:
        close(session, callout, "answered", now)
        open_for(session, left, highest(left), now, follows=callout)
    return bool(left)


def _callouts(session: Session, responder: Responder, codes: list[str], now: datetime) -> list[Callout]:
    """Find what codes stand for: open callouts, or closed lately, since a late answer still tells what was seen."""
    query = select(Callout).where(
        Callout.district_id == responder.district_id,
        Callout.code.in_(codes),
        or_(Callout.closed_at.is_(None), Callout.closed_at > now - CODE_REST),
    )
    found = session.scalars(query.order_by(Callout.opened_at).execution_options(populate_existing=True))
    return list({callout.code: callout for callout in found}.values())


def _page_of(session: Session, callout: Callout, responder: Responder, message: Message) -> Page | None:
    """Find the page that an answer answers: the responder's latest before it that left, and was not lost on its way.

    One that still waits in the outbox was not read: what it would have told of is not acknowledged.
    Someone who has the code from a colleague, or whose page came back, is taken to know the callout's first page.
    """
    query = select(Page).join(Send, Send.id == Page.send_id).where(Page.callout_id == callout.id)
    own = query.where(Page.responder_id == responder.id, Page.at <= message.at, Send.status.in_(("sent", "delivered")))
    latest = session.scalar(own.order_by(Page.at.desc()).limit(1))
    return latest or session.scalar(query.order_by(Page.at).limit(1))


def _covered(session: Session, callout: Callout, page: Page) -> list[Case]:
    """List the cases that a page told of and that people are still being called out for, here or in what followed."""
    query = (
        select(Case)
        .join(CalloutCase, CalloutCase.case_id == Case.id)
        .where(
            CalloutCase.callout_id == callout.id,
            CalloutCase.acknowledged_at.is_(None),
            CalloutCase.added_at <= page.at,
        )
        .order_by(Case.urgency_rank.desc(), CalloutCase.added_at)
    )
    return [case for case in session.scalars(query) if open_with(session, case)]


def _text(session: Session, keys: KeySet, message: Message, text: str, now: datetime) -> None:
    line = paging_line(session, message.district_id or "")
    if line and message.contact_id:
        session.add(text_to(session, keys, message.contact_id, line, text, priority=_PRIORITY, now=now))
