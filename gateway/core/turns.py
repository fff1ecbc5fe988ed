"""Turns: which of the messages that wait are taken up next. The first look orders them; nothing waits for ever."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.core.records import Message
from triage import first_look

URGENT, LONGEST = 6, 2
"""Of each few that are taken: so many of the most urgent, then so many of those that have waited longest."""

_FRESH = timedelta(seconds=5)
"""How long an urgent message that waits for the judge holds up others: one that cannot be judged must not for ever."""


def is_judges(session: Session, now: datetime) -> bool:
    """Tell whether it is the judge's turn: urgent messages wait for him, and none for a thread."""
    query = select(Message.threaded_at.is_not(None)).where(
        Message.direction == "in",
        Message.dispatched_at.is_(None),
        Message.first_look == first_look.URGENT,
        Message.at.between(now - _FRESH, now),
    )
    return set(session.scalars(query.distinct())) == {True}


def has_urgent(session: Session, ids: Collection[str]) -> bool:
    """Tell whether one of some messages is urgent at first look."""
    query = select(Message.id).where(Message.id.in_(ids), Message.first_look == first_look.URGENT)
    return session.scalar(query.limit(1)) is not None


def next_up(session: Session, waiting: Select[str], left: Collection[str] = ()) -> list[str]:
    """Name the messages that are next, of all that `waiting` selects the ids of; nothing when none is left.

    The most urgent come first, of equals the oldest. `left` are those whose turn it was and who still wait.
    Asked anew after each few, and few they are: what comes in meanwhile is critical, and waits for no more than these.
    """
    urgent = waiting.order_by(None).order_by(Message.first_look, Message.at, Message.id)
    longest = waiting.order_by(None).order_by(Message.at, Message.id)
    found: list[str] = []
    for query, places in ((urgent, URGENT), (longest, LONGEST)):
        passed = {*left, *found}
        ids = session.scalars(query.limit(places + len(passed)))
        found += [one for one in ids if one not in passed][:places]
        if len(found) < places:
            break  # Those were all.
    return found
