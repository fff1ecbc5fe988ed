"""Outcomes: what a round of deliveries came to, written down in one transaction; and how fast a receiver is sent to."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.core.events import emit
from responders.subscriptions.records import DEAD, DELIVERED, QUEUED, RETIRED, Delivery, Subscription
from responders.subscriptions.verdicts import GIVE_UP_AFTER, Fate, Jitter, Verdict, pause

WORKER = "process:worker"
_MANY = 4
"""So many events refused and none taken is a receiver that is broken."""
_MOMENT = timedelta(seconds=1)
_TRIES = 10
"""So often at least something is tried before it is given up, however long it has waited: by our own pauses the tenth
time is half a day after the first."""


@dataclass(frozen=True)
class Tried:
    """A delivery that was tried, and what came of it."""

    row: Delivery
    verdict: Verdict


class Pace:
    """Keeps requests apart, so that there are no more a minute than a receiver agreed to."""

    def __init__(self) -> None:
        self._next_at = 0.0
        self._lock = threading.Lock()

    def wait(self, rate_per_minute: int | None, end: float) -> bool:
        """Wait for the next turn; false, at once, when that lies beyond `end` (monotonic)."""
        if rate_per_minute is None:
            return True
        with self._lock:
            turn = max(self._next_at, time.monotonic())
            if turn >= end:
                return False
            self._next_at = turn + 60.0 / rate_per_minute
        threading.Event().wait(max(0.0, turn - time.monotonic()))
        return True

    def left(self) -> timedelta:
        """Tell how long it is until the next turn."""
        with self._lock:
            return timedelta(seconds=max(0.0, self._next_at - time.monotonic()))


def note_taken(session: Session, done: Sequence[Tried], now: datetime) -> bool:
    """Write down what was taken and nothing else; answers whether anything was."""
    taken = [one for one in done if one.verdict.fate is Fate.TAKEN]
    if taken:
        _delivered(session, taken, now)
    return bool(taken)


def keep_pace(row: Subscription, pace: Pace, now: datetime) -> None:
    """Have every process wait for the next turn, and not this one alone, where that is more than a moment away."""
    left = pace.left()
    if left >= _MOMENT:
        row.paused_until = max(row.paused_until or now, now + left)


def note(session: Session, row: Subscription, done: Sequence[Tried], now: datetime, jitter: Jitter) -> bool:
    """Write down what became of a round; true while it is worth going on at once."""
    took_any = note_taken(session, done, now)
    if took_any:
        _recovered(session, row, now)
    failed = [one for one in done if one.verdict.fate is not Fate.TAKEN]
    for one in failed:
        _failed(session, one, now, jitter)
    if any(one.verdict.fate is Fate.GONE for one in failed):
        _retire(session, row, now)
        return False
    dead = [one for one in failed if _is_dead(one, now)]
    again = [one for one in failed if one.verdict.fate is Fate.AGAIN]
    if again:
        row.code = again[-1].verdict.code
    rests = _rest(row, again, now, jitter, took_any=took_any)
    dead_anyway = _give_up(session, row, now) if rests else 0
    if dead or dead_anyway:
        _failing(session, row, dead[-1].verdict.code if dead else row.code, now)
    return bool(done) and not rests


def _delivered(session: Session, taken: Sequence[Tried], now: datetime) -> None:
    ids = [one.row.id for one in taken]
    values = {"state": DELIVERED, "attempts": Delivery.attempts + 1, "code": taken[-1].verdict.code, "done_at": now}
    session.execute(update(Delivery).where(Delivery.id.in_(ids), Delivery.state == QUEUED).values(values))


def _failed(session: Session, one: Tried, now: datetime, jitter: Jitter) -> None:
    tries, verdict = one.row.attempts + 1, one.verdict
    values: dict[str, object] = {"attempts": tries, "code": verdict.code[:30]}
    if _is_dead(one, now):
        values |= {"state": DEAD, "done_at": now}
    elif not verdict.is_limited:
        values["due_at"] = now + pause(tries, jitter)
    this = Delivery.id == one.row.id, Delivery.state == QUEUED
    session.execute(update(Delivery).where(*this).values(values))


def _is_dead(one: Tried, now: datetime) -> bool:
    """Tell whether an event is given up by itself. One that a receiver has no time for now is not to blame for it."""
    if one.verdict.fate is Fate.FINAL:
        return True
    is_old = now - one.row.queued_at > GIVE_UP_AFTER and one.row.attempts + 1 >= _TRIES
    return is_old and not one.verdict.is_limited


def _rest(row: Subscription, again: Sequence[Tried], now: datetime, jitter: Jitter, *, took_any: bool) -> bool:
    """Leave a receiver alone that asked for it, or took nothing; true when it is.

    One that answers, and refuses a few events alone, is sent the others: those wait by themselves.
    """
    limited = [one.verdict for one in again if one.verdict.is_limited]
    is_away = len(again) >= _MANY or any(not one.verdict.is_of_event for one in again)
    if not limited and (took_any or not is_away):
        return False
    row.failures += 1
    asked = max((one.wait for one in limited if one.wait is not None), default=timedelta())
    row.paused_until = now + (asked or pause(row.failures, jitter))
    return True


def _recovered(session: Session, row: Subscription, now: datetime) -> None:
    """A receiver takes events again: what waited for it longer and longer need not wait on."""
    if row.failures:
        waiting = Delivery.subscription_id == row.id, Delivery.state == QUEUED, Delivery.due_at > now
        of_receiver = Delivery.code.is_(None) | ~(Delivery.code.startswith("4") | Delivery.code.startswith("5"))
        session.execute(update(Delivery).where(*waiting, of_receiver).values(due_at=now))
    row.failures, row.paused_until, row.code = 0, None, None
    if row.failing_since is not None:
        row.failing_since = None
        _tell(session, row, "recovered", now)


def _give_up(session: Session, row: Subscription, now: datetime) -> int:
    """Give up what has waited for days, tried in its own turn or not, if the receiver has taken nothing in that time.

    One that is back from days away, and takes its backlog at a pace of its own, is not given up in the midst of it.
    """
    since, of_receiver = now - GIVE_UP_AFTER, Delivery.subscription_id == row.id
    took = select(Delivery.id).where(of_receiver, Delivery.state == DELIVERED, Delivery.done_at >= since).limit(1)
    if row.failures < _TRIES or session.scalar(took) is not None:
        return 0
    old = of_receiver, Delivery.state == QUEUED, Delivery.queued_at < since
    given = update(Delivery).where(*old).values(state=DEAD, done_at=now, code=row.code)
    done: int = session.execute(given).rowcount  # type: ignore[attr-defined]  # a CursorResult
    return done


def _retire(session: Session, row: Subscription, now: datetime) -> None:
    row.state, row.code = RETIRED, "410"
    waiting = Delivery.subscription_id == row.id, Delivery.state == QUEUED
    session.execute(update(Delivery).where(*waiting).values(state=DEAD, done_at=now, code="410"))
    _tell(session, row, "retired", now)


def _failing(session: Session, row: Subscription, code: str | None, now: datetime) -> None:
    """Tell once that events are given up, and not again before one was taken."""
    row.code = code
    if row.failing_since is None:
        row.failing_since = now
        _tell(session, row, "failing", now, code=code)


def _tell(session: Session, row: Subscription, what: str, now: datetime, **data: str | None) -> None:
    emit(session, f"subscription.{what}", subject=f"subscription/{row.id}", actor=WORKER, at=now,
         district_id=row.district_id, **data)  # fmt: skip
