"""What waits for the worker: messages that may be judged by now, and staff's texts to the paging line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from gateway.core.records import Message
from responders.directory import service as directory

WITHOUT_COURIER = timedelta(seconds=5)
"""How long a message waits for its thread; a life-safety tip never waits longer."""
STAFF_WITHOUT_COURIER = timedelta(seconds=60)
"""How long a text to the paging line waits for the courier, who alone can tell whether it is from staff."""
CODE_WITHOUT_COURIER = timedelta(minutes=5)
"""How long it waits when it looks like a code and nothing else."""
_CLOCK_SLACK = timedelta(minutes=1)
"""Clocks of one house differ by less. A text from further ahead came before a clock was set back, and has waited."""


def to_take(now: datetime) -> Select[str]:
    """Select what may be judged: what has its thread, and what has waited for it long enough."""
    threaded = Message.threaded_at.is_not(None)
    to_page = Message.kind == "page_answer"
    set_back = Message.at > now + _CLOCK_SLACK
    waited = or_(threaded, Message.at < now - WITHOUT_COURIER, set_back)
    waited_to_page = or_(threaded, Message.at < now - STAFF_WITHOUT_COURIER, set_back)
    ready = or_(and_(~to_page, waited), and_(to_page, Message.contact_id.is_(None), waited_to_page))
    return select(Message.id).where(Message.direction == "in", Message.dispatched_at.is_(None), ready)


def to_answer(since: datetime) -> Select[str]:
    """Select staff's texts to the paging line, those too that were taken for tips before the courier knew better."""
    late = and_(Message.threaded_at >= since, Message.dispatched_at < Message.threaded_at)
    from_staff = and_(Message.kind == "page_answer", Message.contact_id.is_not(None), Message.threaded_at.is_not(None))
    query = select(Message.id).where(Message.direction == "in", from_staff, or_(Message.dispatched_at.is_(None), late))
    return query.order_by(Message.at, Message.id)


def from_whom_unknown(message: Message) -> bool:
    """Tell whether a text to the paging line may be staff's: only the courier can say."""
    return message.kind == "page_answer" and message.threaded_at is None


def claim(session: Session, messages: Sequence[Message], *, late: bool = False) -> dict[str, Message]:
    """Take messages that nobody has dispatched yet (or, `late`, only before their sender was known), by their ids.

    The districts' turns come first, as everywhere; the messages are ours until the transaction ends.
    """
    homes = [directory.home_of(session, message) for message in messages]
    for district_id in sorted({home.id for home in homes if home is not None}):
        directory.hold(session, district_id)
    waits = Message.dispatched_at.is_(None)
    free = or_(waits, Message.dispatched_at < Message.threaded_at) if late else waits
    query = select(Message).where(Message.id.in_([message.id for message in messages]), free).order_by(Message.id)
    found = session.scalars(query.with_for_update(), execution_options={"populate_existing": True})
    return {message.id: message for message in found}
