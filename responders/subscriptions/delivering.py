"""Delivering: what is queued for a receiver is sent until it is taken, in order for each case.

One worker at a time sends for a receiver: it holds a lease, and whoever dies with it is followed when it lapses. It
goes in rounds: read what is due, send it in lanes side by side, each lane in order and no further than its first
failure, then note all of it in one transaction. So a kill sends a round's events a second time, never out of order,
never not at all. A receiver knows a repeat by its id.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.http import Guarded
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import Event
from gateway.core.times import Clock
from responders.subscriptions import outcomes, places
from responders.subscriptions.outcomes import Tried
from responders.subscriptions.records import ACTIVE, QUEUED, SIGNING, TOKEN, Delivery, Subscription
from responders.subscriptions.records import SubscriptionSecret as Secret
from responders.subscriptions.rounds import WIDTH, Item, Post, Round
from responders.subscriptions.verdicts import Jitter

LEASE = timedelta(seconds=30)
"""Longer than a round can take: what it begins in `rounds.SECONDS`, and a request's own deadline after that."""
ROUND = 200
STOP_SECONDS = 4.0
_AT_ONCE = 16
"""So many receivers are sent to at the same time."""
_EARLIER = aliased(Delivery)


@dataclass
class Deliverer:
    """The worker's part. `url` is the console's public address, `origin` the DNS name that receivers agreed to."""

    database: Database
    keys: KeySet
    client: Guarded
    url: str
    origin: str
    clock: Clock
    jitter: Jitter
    within_minutes: int = 0
    at_point: Callable[[str], object] = lambda _where: None
    _me: str = field(default_factory=lambda: secrets.token_hex(16))
    _running: dict[str, threading.Thread] = field(default_factory=dict)
    _paces: dict[str, outcomes.Pace] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start_all(self) -> int:
        """Begin to send for each receiver that something is due for, on threads of their own; answers how many."""
        self._running = {one: thread for one, thread in self._running.items() if thread.is_alive()}
        started = 0
        for subscription_id in self._due():
            if subscription_id in self._running or len(self._running) >= _AT_ONCE:
                continue
            thread = threading.Thread(target=self._serve, args=(subscription_id,), name="deliver", daemon=True)
            self._running[subscription_id] = thread
            thread.start()
            started += 1
        return started

    def deliver_all(self) -> int:
        """Send all that is due now, and wait for it; answers how many deliveries were tried."""
        return sum(self.serve(subscription_id) for subscription_id in self._due())

    def serve(self, subscription_id: str) -> int:
        """Send what is due for one receiver, round by round, while it takes any; answers how many were tried."""
        if not self._take(subscription_id):
            return 0
        tried, pace = 0, self._paces.setdefault(subscription_id, outcomes.Pace())
        try:
            while items := self._read(subscription_id):
                post = self._post(subscription_id)
                if post is None:
                    break
                done = Round(post, items, pace, self._stopping).run()
                self.at_point("sent")
                tried += len(done)
                if not self._note(subscription_id, post.url, pace, done):
                    break
        finally:
            self._let_go(subscription_id)
        return tried

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Begin no more requests, and wait so long for those under way to end and be noted."""
        self._stopping.set()
        end = time.monotonic() + seconds
        for thread in self._running.values():
            thread.join(max(0.0, end - time.monotonic()))

    def _serve(self, subscription_id: str) -> None:
        try:
            self.serve(subscription_id)
        except TiplineError as error:
            log().warning("deliveries must wait", subscription=subscription_id, code=error.code)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run must come
            log().error("deliveries failed; they will be tried again", subscription=subscription_id, error=error)

    def _due(self) -> list[str]:
        """List the receivers that something is due for and that nobody sends to just now."""
        now = self.clock()
        waiting = exists(Delivery.id).where(Delivery.subscription_id == Subscription.id, *_is_due(now))
        with self.database.read() as session:
            return list(session.scalars(select(Subscription.id).where(_is_free(now), waiting)))

    def _take(self, subscription_id: str) -> bool:
        now = self.clock()
        with self.database.write() as session:
            free = update(Subscription).where(Subscription.id == subscription_id, _is_free(now))
            taken = session.scalars(
                free.values(lease_by=self._me, lease_until=now + LEASE).returning(Subscription.id)
            ).all()
            return bool(taken)

    def _let_go(self, subscription_id: str) -> None:
        mine = Subscription.id == subscription_id, Subscription.lease_by == self._me
        with self.database.write() as session:
            session.execute(update(Subscription).where(*mine).values(lease_by=None, lease_until=None))

    def _read(self, subscription_id: str) -> list[Item]:
        """Read what is due, in the log's order: of each lane no more than what stands before its first that waits."""
        query = select(Delivery).where(Delivery.subscription_id == subscription_id, *_is_due(self.clock()))
        with self.database.read() as session:
            rows = list(session.scalars(query.order_by(Delivery.seq).limit(ROUND)))
            events = list(session.scalars(select(Event).where(Event.id.in_([row.event_id for row in rows]))))
            known = {one.id: one for one in places.snapshots(session, events, self.within_minutes)}
        return [Item(row, known.get(row.event_id)) for row in rows]

    def _post(self, subscription_id: str) -> Post | None:
        """Put together how this receiver is posted to; nothing when it is not ours to send to any more."""
        now = self.clock()
        with self.database.read() as session:
            row = session.get_one(Subscription, subscription_id)
            if row.state != ACTIVE or row.lease_by != self._me:
                return None
            secrets_of = secrets_in_use(session, self.keys, row.id, now)
            if not secrets_of[SIGNING]:  # It was ended between our two questions.
                return None
            return Post(
                client=self.client, url=row.sink, mode=row.mode, source=self.url, origin=self.origin, clock=self.clock,
                signing=secrets_of[SIGNING], token=next(iter(secrets_of[TOKEN]), None),
                rate_per_minute=row.rate_per_minute,
                width=1 if row.failures and not (row.code or "").isdigit() else WIDTH,
            )  # fmt: skip

    def _note(self, subscription_id: str, sink: str, pace: outcomes.Pace, done: Sequence[Tried]) -> bool:
        """Write down what became of a round, in one transaction; true while it is worth going on.

        Of one that has been ended, or goes elsewhere since, nothing can be learnt but what `sink` has taken.
        """
        with self.database.write() as session:
            row = session.get_one(Subscription, subscription_id, with_for_update=True)
            if row.lease_by != self._me:  # It took us too long, and another worker has gone on from here.
                return False
            now = self.clock()
            if row.state != ACTIVE or row.sink != sink:
                outcomes.note_taken(session, done, now)
                return False
            row.lease_until = now + LEASE
            goes_on = outcomes.note(session, row, done, now, self.jitter)
            outcomes.keep_pace(row, pace, now)
            return goes_on


def secrets_in_use(session: Session, keys: KeySet, subscription_id: str, now: datetime) -> dict[str, list[str]]:
    """Open the secrets that are in use for a receiver, by kind, the newest first. Raises: KeyRefused."""
    live = Secret.subscription_id == subscription_id, or_(Secret.ends_at.is_(None), Secret.ends_at > now)
    found: dict[str, list[str]] = {SIGNING: [], TOKEN: []}
    query = select(Secret.id, Secret.kind, Secret.secret_sealed).where(*live)
    for secret_id, kind, sealed in session.execute(query.order_by(Secret.made_at.desc(), Secret.id)):
        found[kind].append(keys.open(sealed, Secret.bound_by(secret_id, "secret")))
    return found


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    waits = exists(_EARLIER.id).where(
        _EARLIER.subscription_id == Delivery.subscription_id, _EARLIER.lane == Delivery.lane,
        _EARLIER.state == QUEUED, _EARLIER.seq < Delivery.seq, _EARLIER.due_at > now,
    )  # fmt: skip
    return Delivery.state == QUEUED, Delivery.due_at <= now, ~waits


def _is_free(now: datetime) -> ColumnElement[bool]:
    rested = or_(Subscription.paused_until.is_(None), Subscription.paused_until <= now)
    # A lease that ends later than any can was given before a clock was set back.
    far = Subscription.lease_until > now + LEASE
    unheld = or_(Subscription.lease_until.is_(None), Subscription.lease_until <= now, far)
    return and_(Subscription.state == ACTIVE, rested, unheld)
