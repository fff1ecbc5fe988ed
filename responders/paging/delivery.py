"""Delivery: a promised text to staff on its way to the carrier, unless it is no longer wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from gateway.core import proofs
from gateway.core.database import Database
from gateway.core.errors import NotFound
from gateway.core.keys import KeySet
from gateway.core.messages import Outbound, Sender, SendError
from gateway.core.records import Contact, Line, Send
from responders.paging.records import Callout, Page
from responders.paging.sending import WITHDRAWN


@dataclass(frozen=True)
class Delivery:
    """The way of the paging account's outbox to its carrier."""

    database: Database
    keys: KeySet
    sender: Sender

    def deliver(self, send: Send) -> str:
        """Hand a text to the carrier; answers its id there. Raises: SendError."""
        text = self.keys.open(send.body_sealed, send.bound("body"))
        to, line = self._destination(send)
        try:
            return self.sender.send(Outbound(to=to, sender=line, text=text, reference=send.id))
        except SendError as error:
            if error.retryable:
                self._destination(send)
            raise

    def _destination(self, send: Send) -> tuple[str, str]:
        """Find where a text goes to and the number it leaves from: a staff member's, or a line that is to be proved.

        A page goes no further when its calls have ended while it was under way. Raises: SendError.
        """
        with self.database.read() as session:
            to, line, is_over = session.execute(_under_way(), {"send_id": send.id}).one()
            if is_over:
                raise SendError(WITHDRAWN, retryable=False)
            return to or _line_to_prove(session, send), line


@cache
def _under_way() -> Select[str | None, str, bool]:
    """Select a text's ends, and whether it is a page whose callout is over, or that a newer one has replaced."""
    newer = aliased(Page)
    replaced = exists(newer.id).where(
        newer.callout_id == Page.callout_id, newer.responder_id == Page.responder_id, newer.step > Page.step
    )
    is_over = and_(Page.id.is_not(None), or_(Callout.closed_at.is_not(None), replaced))
    query = select(Contact.address, Line.number, is_over).select_from(Send).join(Line, Line.id == Send.line_id)
    query = query.outerjoin(Contact, Contact.id == Send.contact_id).outerjoin(Page, Page.send_id == Send.id)
    return query.outerjoin(Callout, Callout.id == Page.callout_id).where(Send.id == bindparam("send_id"))


def _line_to_prove(session: Session, send: Send) -> str:
    number = proofs.number_of(session, send.id)
    if number is None:
        raise NotFound
    return number
