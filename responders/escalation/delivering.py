"""Delivery, as the worker does it: each alert to each place that was promised it, tried until it arrived.

A row is taken under a lease and tried outside any transaction, so a place that hangs holds up nobody's alert, and who
is killed on the way is followed by the next: at least once, and the alert's identifier tells a repeat from news.
Each is noted when it is done, and one that hangs (in a look-up of a name, which nothing can cut short) is left behind.
What is over is not sent: an alert that has expired, was cancelled, or was followed by one that goes to the same place,
or a place that was taken off the list. Messages of one incident reach a place one after the other, never side by side.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from gateway.core.database import Database, take_turns
from gateway.core.logs import log
from gateway.core.messages import SendError
from gateway.core.records import District
from gateway.core.times import Clock
from responders.escalation import due, service
from responders.escalation.issuing import ACTOR
from responders.escalation.records import Alert, AlertDelivery, AlertTarget

AT_ONCE = 8
LEASE = timedelta(seconds=60)
"""Far longer than `SECONDS`, and `SECONDS` longer than any way's own time-out."""
SECONDS = 30.0
"""How long one is waited for. Then it counts as not delivered; should it arrive after all, the next one is a repeat."""
_LOOK_SECONDS = 1.0
_BACKOFF_SECONDS = (2, 5, 10, 20, 40, 60, 120, 300)
_LONGEST_WAIT = timedelta(minutes=15)
CODE_LENGTH = 40


@dataclass(frozen=True)
class Item:
    """What a way is handed: the document as it was issued, and whom it is for."""

    delivery_id: str
    way: str
    identifier: str
    district: str
    status: str
    address: str
    target_id: str
    document: bytes


class Way(Protocol):
    """One way out of the house."""

    def send(self, item: Item) -> str:
        """Bring an alert to its place; the answer is the receipt, a code. Raises: SendError."""


@dataclass(frozen=True)
class Deliverer:
    """The worker's part. A delivery whose way this house has not (no mail relay, no folder) waits with a code."""

    database: Database
    ways: Mapping[str, Way]
    clock: Clock
    seconds: float = SECONDS

    def deliver_all(self) -> int:
        """Try whatever is due; answers how many were tried. Raises: Unavailable."""
        tried = 0
        while (items := self._take()) is not None:
            tried += len(items)
            # A pool for each round: what hangs in one takes no place in the next.
            pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert")
            try:
                self._deliver({pool.submit(self._try, item): item for item in items})
            finally:
                pool.shutdown(wait=False)
        return tried

    def _deliver(self, waiting: dict[Future[str | SendError], Item]) -> None:
        """Wait for a round, and note each as it ends; the clock is looked at meanwhile, as a sign of life."""
        until = time.monotonic() + self.seconds
        while waiting and (left := until - time.monotonic()) > 0:
            done, _ = wait(waiting, min(left, _LOOK_SECONDS), FIRST_COMPLETED)
            self.clock()
            for future in done:
                self._note(waiting.pop(future), future.result())
        for item in waiting.values():
            self._note(item, SendError("timeout", retryable=True))

    def _take(self) -> list[Item] | None:
        """Take the next few, and end those that are not to be sent any more; nothing when none is due."""
        now = self.clock()
        ready = due.to_deliver(now), ~due.held(now)
        with self.database.read() as session:
            if session.scalar(select(AlertDelivery.id).where(*ready).limit(1)) is None:
                return None
        items = []
        with self.database.write() as session:
            take_turns(session, "alerts")  # A later message must not be taken unseen beside an earlier one.
            query = select(AlertDelivery).where(*ready).order_by(AlertDelivery.due_at, AlertDelivery.id)
            rows = session.scalars(query.limit(AT_ONCE).with_for_update(skip_locked=True)).all()
            for row in rows:
                alert = session.get_one(Alert, row.alert_id, options=[undefer(Alert.document)], populate_existing=True)
                target = session.get(AlertTarget, row.target_id) if row.target_id else None
                if (code := due.over(session, row, alert, target, now)) is not None:
                    _give_up(session, alert, row, code, now)
                    continue
                row.lease_until, row.attempts = now + LEASE, row.attempts + 1
                items.append(_item(session, row, alert, target))
        return items if rows else None

    def _try(self, item: Item) -> str | SendError:
        way = self.ways.get(item.way)
        if way is None:
            return SendError("no_way", retryable=True)
        try:
            return way.send(item)
        except SendError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, the row must stay and be tried again
            log().error("an alert could not be delivered", delivery=item.delivery_id, error=error)
            return SendError("internal", retryable=True)

    def _note(self, item: Item, outcome: str | SendError) -> None:
        now = self.clock()
        with self.database.write() as session:
            row = session.get_one(AlertDelivery, item.delivery_id, with_for_update=True)
            if row.state != "queued":
                return  # Another worker took it when our lease had lapsed, and was faster.
            alert = session.get_one(Alert, row.alert_id)
            row.lease_until = None
            if isinstance(outcome, str):
                row.state, row.code, row.ended_at = "delivered", outcome[:CODE_LENGTH], now
                _tell(session, alert, row, "alert.delivered", now)
            elif outcome.retryable:
                row.code, row.due_at = outcome.code, now + _pause(row.attempts, outcome.retry_after_seconds)
                _tell(session, alert, row, "alert.retried", now)
            else:
                _give_up(session, alert, row, outcome.code, now)


def _give_up(session: Session, alert: Alert, row: AlertDelivery, code: str, now: datetime) -> None:
    row.state, row.code, row.ended_at, row.lease_until = "failed", code, now, None
    _tell(session, alert, row, "alert.failed", now)


def _item(session: Session, row: AlertDelivery, alert: Alert, target: AlertTarget | None) -> Item:
    return Item(
        delivery_id=row.id,
        way=row.way,
        identifier=alert.identifier,
        district=session.get_one(District, alert.district_id).slug,
        status=alert.status,
        address=target.address if target else "",
        target_id=row.target_id or "",
        document=alert.document or b"",
    )


def _pause(attempts: int, asked_seconds: float | None) -> timedelta:
    pause = _BACKOFF_SECONDS[min(attempts, len(_BACKOFF_SECONDS)) - 1]
    return min(timedelta(seconds=max(pause, asked_seconds or 0)), _LONGEST_WAIT)


def _tell(session: Session, alert: Alert, row: AlertDelivery, kind: str, now: datetime) -> None:
    service.tell(
        session, alert, kind, ACTOR, now, delivery=row.id, way=row.way, target=row.target_id, code=row.code,
        attempt=row.attempts,
    )  # fmt: skip
