"""News for people's phones that calls nobody out: who has taken a case, and that its reporter wrote again.

Both are read from what has happened already, in transactions of their own, so that neither can hold up a tip or a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from gateway.core.database import reread
from gateway.core.events import TYPE_PREFIX, emit
from gateway.core.keys import KeySet
from gateway.core.records import Event, Message, Send
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage
from responders.directory import service as directory
from responders.directory.records import Responder
from responders.paging import wording
from responders.paging.callouts import open_with
from responders.paging.records import Callout, CalloutCase, Page
from responders.paging.sending import ACTOR, paging_line, text_to

AGAIN_AFTER = timedelta(minutes=5)
"""A person hears of new messages in one case no more often than that."""
FRESH = timedelta(minutes=10)
"""What is older is no news any more."""
_TOLD, _NOTICED = "callout.told", "case.noticed"
_PRIORITY = 4


def to_tell(session: Session, now: datetime) -> list[str]:
    """List what there may be news about: `callout/<id>` that was taken up, `case/<id>` that has a new message."""
    callouts = session.scalars(_taken_up(now).with_only_columns(Callout.id).distinct())
    found = [f"callout/{one}" for one in callouts]
    told = select(CaseMessage.case_id).join(Message, Message.id == CaseMessage.message_id).where(_new_messages(now))
    query = select(Case).where(Case.id.in_(told), Case.state.in_(cases.ATTENDED_STATES)).order_by(Case.number)
    heard_by = [case for case in session.scalars(query) if owner_of(session, case)]
    return found + [f"case/{case.id}" for case in heard_by if _is_unheard(session, case, now)]


def tell(session: Session, keys: KeySet, subject: str, now: datetime, *, console_url: str) -> int:
    """Write the texts about one of what `to_tell` lists; answers how many."""
    thing, _, key = subject.partition("/")
    if thing == "callout":
        return _tell_taken(session, keys, session.get_one(Callout, key), now)
    return _tell_new_message(session, keys, session.get_one(Case, key), now, console_url)


def _tell_taken(session: Session, keys: KeySet, callout: Callout, now: datetime) -> int:
    """Tell everyone whose page about a case arrived who has that case now, except whoever took it."""
    directory.hold(session, callout.district_id)
    rows = session.execute(_taken_up(now).where(Callout.id == callout.id).order_by(Case.number)).all()
    line = paging_line(session, callout.district_id)
    if not rows or line is None:
        return 0
    taken: dict[str | None, list[tuple[CalloutCase, Case]]] = {}
    for link, case in rows:
        by_now = case.acknowledged_at is not None and case.acknowledged_at >= link.added_at
        taken.setdefault(case.acknowledged_by if by_now else None, []).append((link, case))
    texts = [
        text_to(session, keys, contact, line, text, priority=_PRIORITY, now=now)
        for actor, about in taken.items()
        for contact, text in _taken_texts(session, actor, about).items()
    ]
    session.add_all(texts)
    emit(
        session, _TOLD, subject=f"callout/{callout.id}", actor=ACTOR,
        at=max(link.acknowledged_at or now for link, _ in rows), district_id=callout.district_id,
        cases=[case.id for _, case in rows], sends=[send.id for send in texts],
    )  # fmt: skip
    return len(texts)


def _taken_texts(session: Session, actor: str | None, about: Sequence[tuple[CalloutCase, Case]]) -> dict[str, str]:
    """Write one text for each contact who was paged about what `actor` took: many cases are not many texts."""
    owner = _responder(session, actor)
    told: dict[str, list[str]] = {}
    for link, case in about:
        for contact in _paged(session, link):
            if owner is None or contact != owner.contact_id:
                told.setdefault(contact, []).append(case.number)
    name = _name(session, actor, owner)
    return {contact: wording.taken(name, numbers) for contact, numbers in told.items()}


def _tell_new_message(session: Session, keys: KeySet, case: Case, now: datetime, console_url: str) -> int:
    """Tell who has a case that its reporter wrote, unless they know, or people are being called out for it anyway."""
    directory.hold(session, case.district_id)
    reread(session, case)
    line, owner = paging_line(session, case.district_id), owner_of(session, case)
    if case.state not in cases.ATTENDED_STATES or line is None or owner is None or not _is_unheard(session, case, now):
        return 0
    text = wording.new_message(case.number, console_url)
    send = text_to(session, keys, owner.contact_id, line, text, priority=_PRIORITY, now=now)
    session.add(send)
    emit(
        session, _NOTICED, subject=f"case/{case.id}", actor=ACTOR, at=now, district_id=case.district_id,
        responder=owner.id, send=send.id,
    )  # fmt: skip
    return 1


def _taken_up(now: datetime) -> Select[CalloutCase, Case]:
    """Select what people took up lately of what was called out, and nobody has been told of yet."""
    told = exists(Event.seq).where(
        Event.subject == "callout/" + CalloutCase.callout_id,
        Event.type == TYPE_PREFIX + _TOLD,
        Event.at >= CalloutCase.acknowledged_at,
    )
    return (
        select(CalloutCase, Case)
        .join(Case, Case.id == CalloutCase.case_id)
        .join(Callout, Callout.id == CalloutCase.callout_id)
        .where(
            or_(Callout.closed_at.is_(None), Callout.closed_at > now - FRESH),
            CalloutCase.acknowledged_at > now - FRESH,
            Case.acknowledged_by.is_not(None),
            ~told,
        )
    )


def _new_messages(now: datetime) -> ColumnElement[bool]:
    return and_(Message.direction == "in", Message.dispatched_at > now - FRESH, Message.contact_id.is_(None))


def _is_unheard(session: Session, case: Case, now: datetime) -> bool:
    """Tell whether a reporter wrote since anybody acted, and no phone has heard of that."""
    acted = cases.last_act(session, case)
    query = select(Message.id).join(CaseMessage, CaseMessage.message_id == Message.id)
    query = query.where(CaseMessage.case_id == case.id, _new_messages(now))
    if acted and session.scalar(query.where(Message.dispatched_at > acted).limit(1)) is None:
        return False
    noticed = session.scalar(
        select(Event.at)
        .where(Event.subject == f"case/{case.id}", Event.type == TYPE_PREFIX + _NOTICED)
        .order_by(Event.seq.desc())
        .limit(1)
    )
    waits = noticed is not None and (acted is None or noticed >= acted or noticed > now - AGAIN_AFTER)
    return not waits and not open_with(session, case)


def _paged(session: Session, link: CalloutCase) -> Sequence[str]:
    """List the contacts whose page about a case left: none that was taken back or came to nothing."""
    query = (
        select(Responder.contact_id)
        .join(Page, Page.responder_id == Responder.id)
        .join(Send, Send.id == Page.send_id)
        .where(
            Page.callout_id == link.callout_id,
            Page.at >= link.added_at,
            Page.at <= link.acknowledged_at,
            Send.status.in_(("sent", "delivered")),
        )
    )
    return session.scalars(query.distinct().order_by(Responder.contact_id)).all()


def owner_of(session: Session, case: Case) -> Responder | None:
    """Find who has a case, and a phone: whom it was given to, else who acknowledged it."""
    given = _responder(session, f"account:{case.assignee_id}") if case.assignee_id else None
    return given or _responder(session, case.acknowledged_by)


def _responder(session: Session, actor: str | None) -> Responder | None:
    kind, _, key = (actor or "").partition(":")
    if kind == "contact":
        return directory.of_contact(session, key)
    if kind == "account":
        query = select(Responder).where(Responder.account_id == key).order_by(Responder.id)
        return session.scalar(query.limit(1))
    return None


def _name(session: Session, actor: str | None, owner: Responder | None) -> str:
    """Name who took a case; nothing for another system."""
    kind, _, key = (actor or "").partition(":")
    account = session.get(Account, key) if owner is None and kind == "account" else None
    return owner.name if owner else account.name if account else ""
