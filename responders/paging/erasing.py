"""What goes of paging: with a case all that paged for it, and long before that the words of pages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.core import erasing
from gateway.core.records import Send
from responders.paging.records import Callout, CalloutCase, Page


def forget_cases(session: Session, case_ids: Collection[str]) -> None:
    """Delete the pages that named some cases, and the callouts that are about no other case."""
    shared = select(CalloutCase.callout_id).where(CalloutCase.case_id.not_in(case_ids))
    ours = select(CalloutCase.callout_id).where(CalloutCase.case_id.in_(case_ids))
    callouts = session.scalars(select(Callout.id).where(Callout.id.in_(ours), Callout.id.not_in(shared))).all()
    pages = or_(Page.case_id.in_(case_ids), Page.callout_id.in_(callouts))
    sends = session.scalars(select(Page.send_id).where(pages)).all()
    session.execute(delete(Page).where(pages))
    session.execute(delete(CalloutCase).where(CalloutCase.case_id.in_(case_ids)))
    session.execute(delete(Callout).where(Callout.id.in_(callouts)))
    erasing.forget_sends(session, sends)


def lapsed_texts(district_id: str, before: datetime, held: Collection[str]) -> ColumnElement[bool]:
    """Say which texts have words no longer needed; those to staff that paged for a case under hold (`held`) are kept.

    What was said to a reporter stands in the conversation too; the copy for the courier has done its work.
    """
    of_held = select(CalloutCase.callout_id).where(CalloutCase.case_id.in_(held))
    kept = select(Page.send_id).where(or_(Page.case_id.in_(held), Page.callout_id.in_(of_held)))
    return and_(
        Send.district_id == district_id, Send.status != "queued", Send.created_at < before,
        func.length(Send.body_sealed) > 0, Send.id.not_in(kept),
    )  # fmt: skip


def empty_texts(session: Session, send_ids: Collection[str]) -> None:
    """Take the words out of texts. A page's row stays while its case does: who was paged when, and how it fared."""
    ours = select(Send.id).where(Send.id.in_(send_ids), Send.account == "paging")
    paged = select(Page.send_id).where(Page.send_id.in_(send_ids))
    bare = session.scalars(ours.where(Send.id.not_in(paged))).all()
    session.execute(update(Send).where(Send.id.in_(send_ids), Send.id.not_in(bare)).values(body_sealed=b""))
    erasing.forget_sends(session, bare)
