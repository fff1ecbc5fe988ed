"""Vitals: what waits, since when, and whether people are reached. Counts, codes and times; the database alone is asked.

The doctor, the metrics and the dead-man's ping all look here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.core.events import TYPE_PREFIX
from gateway.core.records import Event, Line, Message, Send
from responders.cases.records import Case
from responders.paging.records import Callout, CalloutCase, Page
from responders.paging.sending import WITHDRAWN

STUCK = timedelta(seconds=30)
"""How long a life-safety text may wait to be judged, and a page to leave, before somebody outside is told."""
_LEFT = ("sent", "delivered")
_NEW = "new"
_ACCOUNTS = {"reports": "reporters", "paging": "paging"}


@dataclass(frozen=True)
class Waiting:
    """How many wait, and since when the oldest does."""

    count: int
    oldest: datetime | None

    def seconds(self, now: datetime) -> float:
        """Tell for how long the oldest waits; 0 when none does."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


def waiting(session: Session) -> dict[str, Waiting]:
    """Look at every queue: texts to judge and to thread, rounds of callouts, texts to reporters and to staff."""
    inbound = _oldest(Message.at).where(Message.direction == "in")
    queries = {
        # What was held and let through was judged when it came in.
        "judge": inbound.where(Message.dispatched_at.is_(None), Message.flooded.is_(None)),
        "thread": inbound.where(Message.threaded_at.is_(None)),
        "callouts": _oldest(Callout.next_at).where(Callout.closed_at.is_(None)),
        "reporters": _unsent("reporters"),
        "paging": _unsent("paging"),
    }
    return {name: _read(session, query) for name, query in queries.items()}


def life_safety(session: Session) -> Waiting:
    """Count the callouts for life-safety cases that nobody has acknowledged."""
    return _read(session, _oldest(Callout.opened_at).where(_calls()))


def listed(session: Session) -> dict[str, datetime | None]:
    """Tell up to when the carrier's list of each account's lines was read: the line that is furthest behind."""
    query = select(Line.purpose, func.min(Line.listed_until)).group_by(Line.purpose)
    return {_ACCOUNTS[purpose]: at for purpose, at in session.execute(query) if purpose in _ACCOUNTS}


def sends(session: Session) -> dict[tuple[str, str], int]:
    """Count texts that leave by account and status."""
    query = select(Send.account, Send.status, func.count()).group_by(Send.account, Send.status)
    return {(account, status): count for account, status, count in session.execute(query)}


def unreached(session: Session, now: datetime) -> set[str]:
    """Name what keeps people from being reached for life-safety cases, as codes.

    nobody        there is nobody to page, or no number to page from
    not_paged     calling people out for a case failed
    pages_failed  no page since the last one that left has reached the carrier, and the carrier refused one
    pages_stuck   the same, and none was refused; or the next round is late
    """
    found = set()
    for callout_id, opened_at, next_at in session.execute(
        select(Callout.id, Callout.opened_at, Callout.next_at).where(_calls())
    ):
        found |= set(_of_callout(session, callout_id, opened_at, next_at, now))
    uncalled = select(Case.id).where(
        Case.life_safety,
        Case.state == _NEW,
        Case.joined_into_id.is_(None),
        _long_since(Case.opened_at, now),
        ~exists().where(CalloutCase.case_id == Case.id),
    )
    if session.scalar(uncalled.limit(1)):
        found.add("not_paged")
    return found


def unjudged(session: Session, now: datetime) -> bool:
    """Tell whether a text that may be about life and death has waited too long to be judged.

    Answers to pages are left out: they wait for the courier, who alone can tell them from tips. So are texts of a flood
    that somebody lets through: they are as old as they are because they were judged calm, and held.
    """
    query = select(Message.id).where(
        Message.direction == "in",
        Message.dispatched_at.is_(None),
        _long_since(Message.at, now),
        Message.kind != "page_answer",
        Message.flooded.is_(None),
    )
    return session.scalar(query.limit(1)) is not None


def _of_callout(
    session: Session, callout_id: str, opened_at: datetime, next_at: datetime, now: datetime
) -> Iterator[str]:
    query = select(Page.at, Send.status, Send.error_code).join(Send, Send.id == Page.send_id)
    pages = list(session.execute(query.where(Page.callout_id == callout_id)))
    last_left = max((at for at, status, _ in pages if status in _LEFT), default=None)
    since = [(at, status, code) for at, status, code in pages if last_left is None or at > last_left]
    told = select(func.max(Event.at)).where(
        Event.subject == f"callout/{callout_id}", Event.type == f"{TYPE_PREFIX}callout.nobody"
    )
    nobody_at = session.scalar(told)
    if nobody_at is not None and nobody_at >= max((at for at, _, _ in pages), default=opened_at):
        yield "nobody"
    elif any(abs(now - at) > STUCK for at, _, _ in since):
        refused = any(status != "queued" and code != WITHDRAWN for _, status, code in since)
        yield "pages_failed" if refused else "pages_stuck"
    elif next_at < now - STUCK:
        yield "pages_stuck"


def _long_since(at: InstrumentedAttribute[datetime], now: datetime) -> ColumnElement[bool]:
    """Say that a time is further from now than work may take, either way: the clock may have been set back since."""
    return or_(at < now - STUCK, at > now + STUCK)


def _calls() -> ColumnElement[bool]:
    """Say which callouts are open and about a life-safety case that nobody has acknowledged."""
    about = exists().where(
        CalloutCase.callout_id == Callout.id,
        CalloutCase.acknowledged_at.is_(None),
        Case.id == CalloutCase.case_id,
        Case.life_safety,
    )
    return Callout.closed_at.is_(None) & about


def _oldest(at: InstrumentedAttribute[datetime]) -> Select[datetime, int]:
    return select(func.min(at), func.count())


def _unsent(account: str) -> Select[datetime, int]:
    return _oldest(Send.created_at).where(Send.account == account, Send.status == "queued")


def _read(session: Session, query: Select[datetime, int]) -> Waiting:
    oldest, count = session.execute(query).one()
    return Waiting(count, oldest)
