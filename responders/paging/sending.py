"""Texts to staff: rows of the outbox, written from the district's paging line and taken back while they still wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.records import District, Line, Send, new_id
from responders.paging.records import Page

ACTOR = "process:worker"
WITHDRAWN = "withdrawn"
"""The error code of a page that was taken back before it left: it did not fail, it was no longer wanted."""


def paging_line(session: Session, district_id: str) -> Line | None:
    """Find the number that a district pages from."""
    query = select(Line).where(Line.district_id == district_id, Line.purpose == "paging")
    return session.scalar(query.order_by(Line.number).limit(1))


def text_to(
    session: Session,
    keys: KeySet,
    contact_id: str,
    line: Line,
    body: str,
    *,
    priority: int,
    now: datetime,
) -> Send:
    """Write a text to a staff member, promised once the caller has put it into the session. `priority` 0 goes first."""
    district = session.get_one(District, line.district_id)
    send = Send(
        id=new_id(),
        district_id=district.id,
        account="paging",
        line_id=line.id,
        contact_id=contact_id,
        priority=priority,
        created_at=now,
        due_at=now,
    )
    send.body_sealed = keys.seal_words(district.slug, now, body, send.bound("body"))
    return send


def withdraw(session: Session, callout_id: str, now: datetime, responder_id: str | None = None) -> None:
    """Take back the pages of a callout that still wait to leave, so that a carrier's return brings no storm."""
    query = (
        select(Send, Page)
        .join(Page, Page.send_id == Send.id)
        .where(
            Page.callout_id == callout_id,
            Send.status == "queued",
            or_(Send.lease_until.is_(None), Send.lease_until <= now),
        )
        .order_by(Send.id)
        .with_for_update(of=Send)
    )
    if responder_id:
        query = query.where(Page.responder_id == responder_id)
    for send, page in session.execute(query):
        send.status, send.error_code, page.failure_seen_at = "failed", WITHDRAWN, now
        emit(
            session, "send.failed", subject=f"send/{send.id}", actor=ACTOR, at=now, district_id=send.district_id,
            account=send.account, code=WITHDRAWN, attempt=send.attempts, message=None,
        )  # fmt: skip
