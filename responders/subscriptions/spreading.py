"""Spreading: each stored event goes into the queue of each subscription that wants it, once it is settled.

The place in the log up to which a queue is filled is a column of the subscription, and moves in the same transaction
as the queue grows: a kill loses nothing and doubles nothing. Set back, the queue is filled from there once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, load_only

from exports import cloud_events
from gateway.core.database import Database
from gateway.core.log_seal import Horizon
from gateway.core.records import Event, new_id
from gateway.core.times import Clock
from responders.subscriptions import filters, places
from responders.subscriptions.places import Place
from responders.subscriptions.records import ACTIVE, QUEUED, Delivery, Subscription

BATCH = 500


@dataclass
class Spreader:
    """Fills the queues. `origin` is the console's public address, which events name as their source.

    Filters see times no more exactly than they leave (`within_minutes`): what is let through would tell the rest.
    """

    database: Database
    origin: str
    clock: Clock
    within_minutes: int = 0
    _horizon: Horizon = field(default_factory=Horizon)

    def spread_all(self) -> int:
        """Put all that is settled into the queues; answers how many deliveries there are to make because of it."""
        done = 0
        while True:
            with self.database.read() as session:
                behind = session.scalar(_active().with_only_columns(Subscription.after_seq).limit(1))
                settled = 0 if behind is None else self._horizon.look(session)
            if behind is None or behind >= settled:
                return done
            with self.database.write() as session:
                done += self._some(session, settled)

    def _some(self, session: Session, settled: int) -> int:
        """Take the next events that any subscription lacks."""
        rows = list(session.scalars(_active().options(load_only(*_NEEDED)).with_for_update()))
        rows = [row for row in rows if row.after_seq < settled]
        if not rows:
            return 0
        districts = {row.district_id for row in rows}
        query = select(Event).where(Event.seq > min(row.after_seq for row in rows), Event.seq <= settled)
        events = list(session.scalars(query.where(Event.district_id.in_(districts)).order_by(Event.seq).limit(BATCH)))
        reached = events[-1].seq if len(events) == BATCH else settled
        found = places.of(session, events)
        made = sum(self._queue(session, row, events, found) for row in rows)
        _change_lanes(session, [row.id for row in rows], {place.case_id for place in found.values() if place.case_id})
        for row in rows:
            row.after_seq = max(row.after_seq, reached)
        return made

    def _queue(self, session: Session, row: Subscription, events: Sequence[Event], found: Any) -> int:
        wanted = [
            event for event in events
            if event.seq > row.after_seq and self._wants(row, event, found[event.id])
        ]  # fmt: skip
        if not wanted:
            return 0
        now = self.clock()
        again = _queue_again(session, row, [event.id for event in wanted], now)
        rows = [
            {
                "id": new_id(), "subscription_id": row.id, "event_id": event.id, "seq": event.seq,
                "lane": found[event.id].lane, "state": QUEUED, "attempts": 0, "queued_at": now, "due_at": now,
            }
            for event in wanted if event.id not in again
        ]  # fmt: skip
        if rows:
            session.execute(insert(Delivery), rows)
        return len(wanted)

    def _wants(self, row: Subscription, event: Event, place: Place) -> bool:
        """Its own doings are not told to a receiver: each failure to tell it would be news for it."""
        if event.district_id != row.district_id or event.subject == f"subscription/{row.id}":
            return False
        known = cloud_events.attributes(places.snapshot(event, place, self.within_minutes), self.origin)
        return (not row.types or known["type"] in row.types) and filters.passes(row.filters, known)


_NEEDED = (
    Subscription.id, Subscription.district_id, Subscription.types, Subscription.filters, Subscription.after_seq,
)  # fmt: skip


def _active() -> Any:
    return select(Subscription).where(Subscription.state == ACTIVE).order_by(Subscription.after_seq, Subscription.id)


def _queue_again(session: Session, row: Subscription, event_ids: list[str], now: datetime) -> set[str]:
    """Queue anew what has been queued before: the log is gone through once more. Answers which events that were."""
    these = Delivery.subscription_id == row.id, Delivery.event_id.in_(event_ids)
    again = set(session.scalars(select(Delivery.event_id).where(*these)))
    if again:
        values = {"state": QUEUED, "attempts": 0, "code": None, "queued_at": now, "due_at": now, "done_at": None}
        session.execute(update(Delivery).where(*these).values(values))
    return again


def _change_lanes(session: Session, subscription_ids: list[str], cases: set[str]) -> None:
    """Bring what waits in a lane of its own, or in that of a joined case, over to the lane of its case now.

    An event may wait since before its case was there. Not only what tells of the case moves all that is the case's, but
    whatever belongs to it: it may be told of after the case was made and before its making.
    """
    own = [f"case/{case}" for case in sorted(cases)]
    waiting = Delivery.subscription_id.in_(subscription_ids), Delivery.state == QUEUED
    if not cases or session.scalar(select(Delivery.id).where(*waiting, Delivery.lane.not_in(own)).limit(1)) is None:
        return
    lanes = places.lanes_of_cases(session, sorted(cases))
    for start in range(0, len(lanes), places.AT_ONCE):
        these = Delivery.lane.in_(lanes[start : start + places.AT_ONCE])
        newest = select(func.max(Delivery.seq), Delivery.lane).where(*waiting, these).group_by(Delivery.lane)
        lane_of = dict(session.execute(newest).all())
        events = session.scalars(select(Event).where(Event.seq.in_(lane_of))).all()
        found = places.of(session, events)
        for event in events:
            lane, now = lane_of[event.seq], found[event.id].lane
            if lane != now:
                session.execute(update(Delivery).where(*waiting, Delivery.lane == lane).values(lane=now))
