"""Turns: which of the messages that wait are taken up next. The first look orders them; nothing waits for ever."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select
from sqlalchemy.orm import Session

from gateway.core.records import Message

URGENT, LONGEST = 3, 1
"""Of each few that are taken: so many of the most urgent, then so many of those that have waited longest."""


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
