"""The outbox: rows that promise a text, taken under a lease, sent outside any transaction, and moved forward only.

A process that dies between the provider's yes and our commit may send a text a second time; the status callback names
the row, so it usually closes that gap first (see `.github/decisions/`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Integer, Select, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, aliased, undefer

from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.events import emit
from gateway.core.logs import log
from gateway.core.messages import SID_LENGTH, SendError, Status, moves_forward
from gateway.core.records import Send, UtcDateTime
from gateway.core.times import Clock

LEASE_SECONDS = 8
"""How long a row is taken for without a sign of life: `drain` renews it while a carrier keeps us waiting."""
AT_ONCE = 8
_RENEW = timedelta(seconds=2)
_NOTE_SECONDS = 600.0
"""So long it is tried to note what became of a text: who forgets that would send it a second time."""
_CLOCK_SLACK = timedelta(minutes=1)
"""Clocks of one house differ by less. What lies further ahead than it can was written before a clock was set back."""
_LOOK_AGAIN_SECONDS = 0.2
_STUCK_ATTEMPTS = 3
"""After so many tries a text no longer keeps the later ones of its conversation waiting."""
_BACKOFF_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300)
_LONGEST_WAIT = timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=6)

Deliver = Callable[[Send], str]
"""Sends one row and answers the provider's id of it. Raises: SendError."""


def drain(database: Database, account: str, deliver: Deliver, clock: Clock) -> int:
    """Send all that is due for an account, up to `AT_ONCE` side by side; the answer counts the rows tried.

    While a carrier keeps some waiting, the free places go on with what falls due, the most urgent first. What became of
    those that come back at the same time is noted together; whatever ends this, what is under way is noted before.
    """
    tried, renewed_at, running = 0, clock(), dict[Future[_Outcome], str]()
    outcomes: list[_Outcome] = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as pool:
        try:
            while True:
                now, held = clock(), {*running.values(), *(one.send_id for one in outcomes)}
                claimed = _more(database, account, now, held)
                tried += len(claimed)
                running.update({pool.submit(_try, send, deliver): send.id for send in claimed})
                if not running and not outcomes:
                    return tried
                if abs(now - renewed_at) >= _RENEW:
                    renewed_at = now
                    _renew(database, held, now)
                for future in wait(running, _LOOK_AGAIN_SECONDS, FIRST_COMPLETED).done:
                    del running[future]
                    outcomes.append(future.result())
                outcomes = _note_all(database, outcomes, clock)
        except BaseException:
            outcomes += [future.result() for future in running]
            while outcomes:
                outcomes = _note_all(database, outcomes, clock)
            raise


def due(session: Session, account: str, now: datetime) -> bool:
    """Tell whether a row of this account waits to be sent."""
    return session.scalar(_due().limit(1), _of(account, now)) is not None


@dataclass(frozen=True)
class Report:
    """What a provider says of an account's text; the arguments of `report`."""

    account: str
    send_id: str
    sid: str
    status: Status
    error_code: str | None


def report_all(database: Database, reports: Sequence[Report], now: datetime) -> list[bool]:
    """Take in what came at the same time in one commit; answers in order what `report` says of each."""
    done: dict[int, bool] = {}
    with database.write() as session:
        # By their ids, so that two groups never wait for each other in a circle.
        for place in sorted(range(len(reports)), key=lambda place: (reports[place].send_id, reports[place].sid)):
            one = reports[place]
            done[place] = report(session, one.account, one.send_id, one.sid, one.status, one.error_code, now)
    return [done[place] for place in range(len(reports))]


def report(
    session: Session,
    account: str,
    send_id: str,
    sid: str,
    status: Status,
    error_code: str | None,
    now: datetime,
    actor: str = "process:intake",
) -> bool:
    """Take in what the provider says of an account's text; false when there is none, or it is already further on.

    A callback may overtake our own note of the provider's id: it names the row, and the id is taken from it.
    """
    named = Send.id == send_id if send_id else Send.provider_sid == sid
    send = session.scalar(select(Send).where(named, Send.account == account).with_for_update())
    if send is None or send.provider_sid not in {None, sid}:
        return False
    send.provider_sid = sid
    return _advance(session, send, status, error_code, actor, now)


@cache
def _due() -> Select[Send]:
    """What may be sent now, by the parameters of `_of`: made once, for making it costs as much as asking it.

    In one conversation texts leave in the order they were written, unless one is stuck.
    """
    now, soon, late = (bindparam(name, type_=UtcDateTime()) for name in ("now", "soon", "late"))
    free = or_(Send.lease_until.is_(None), Send.lease_until <= now, Send.lease_until > soon)
    before_set_back = and_(Send.created_at > soon, Send.due_at >= Send.created_at)
    timely = or_(Send.due_at <= now, before_set_back, Send.due_at > late)
    before = aliased(Send)
    waits = exists(before.id).where(
        before.thread_id == Send.thread_id,
        before.status == "queued",
        before.created_at < Send.created_at,
        before.attempts < _STUCK_ATTEMPTS,
    )
    theirs = Send.account == bindparam("of_account"), Send.status == "queued"
    return select(Send).where(*theirs, timely, free, ~waits)


def _of(account: str, now: datetime) -> dict[str, object]:
    """Give the parameters of `_due`."""
    return {"of_account": account, "now": now, "soon": now + _CLOCK_SLACK, "late": now + _LONGEST_WAIT}


@cache
def _due_beside() -> Select[Send]:
    """The same without what is `held` here already."""
    return _due().where(Send.id.not_in(bindparam("held", expanding=True)))


@cache
def _first_beside() -> Select[Send]:
    return _due_beside().limit(1)


@cache
def _to_claim() -> Select[Send]:
    """The most urgent of those first, as many as there are `places`, for their taker alone."""
    query = _due_beside().options(undefer(Send.body_sealed)).order_by(Send.priority, Send.due_at)
    return query.limit(bindparam("places", type_=Integer())).with_for_update(skip_locked=True)


def _more(database: Database, account: str, now: datetime, held: set[str]) -> list[Send]:
    """Take what is due as far as there is room; while some are under way, a database that is away is waited for."""
    try:
        return _claim(database, account, now, held)
    except Unavailable:
        if not held:
            raise
        return []


def _claim(database: Database, account: str, now: datetime, held: set[str]) -> list[Send]:
    """Take what is due, but never a second time what is under way here, however its lease stands."""
    places = AT_ONCE - len(held)
    asked = {**_of(account, now), "held": sorted(held)}
    with database.read() as session:
        if not places or session.scalar(_first_beside(), asked) is None:
            return []
    with database.write() as session:
        claimed = list(session.scalars(_to_claim(), {**asked, "places": places}))
        for send in claimed:
            send.lease_until = now + timedelta(seconds=LEASE_SECONDS)
            send.attempts += 1
        return claimed


def _renew(database: Database, held: set[str], now: datetime) -> None:
    """Hold what is under way for longer; a row that is done meanwhile is let be."""
    theirs = Send.id.in_(held), Send.status == "queued", Send.lease_until.is_not(None)
    with suppress(Unavailable), database.write() as session:
        session.execute(update(Send).where(*theirs).values(lease_until=now + timedelta(seconds=LEASE_SECONDS)))


@dataclass(frozen=True)
class _Outcome:
    """What became of a try: the provider's id, or why it refused."""

    send_id: str
    sid: str
    refusal: SendError | None
    at: float
    """When it was known, monotonic."""


def _try(claimed: Send, deliver: Deliver) -> _Outcome:
    sid, refusal = "", None
    try:
        sid = deliver(claimed)
    except SendError as error:
        refusal = error
    except Exception as error:  # noqa: BLE001 - whatever it is, the row must stay and be tried again
        log().error("a text could not be prepared", send=claimed.id, error=error)
        refusal = SendError("internal", retryable=True)
    return _Outcome(claimed.id, sid[:SID_LENGTH], refusal, time.monotonic())


def _note_all(database: Database, outcomes: Sequence[_Outcome], clock: Clock) -> list[_Outcome]:
    """Note what became of some texts in one commit; answers what is still to be noted, the database being away.

    Raises: Unavailable when one could not be noted for `_NOTE_SECONDS`.
    """
    if not outcomes:
        return []
    try:
        _note_some(database, outcomes, clock)
    except Unavailable:
        if time.monotonic() - min(one.at for one in outcomes) > _NOTE_SECONDS:
            raise
        time.sleep(_LOOK_AGAIN_SECONDS)
        return list(outcomes)
    except Exception as error:  # noqa: BLE001 - one that cannot be noted must not have the others sent again
        if len(outcomes) == 1:
            log().error("what became of a text could not be noted", send=outcomes[0].send_id, error=error)
            return []
        return [left for one in outcomes for left in _note_all(database, [one], clock)]
    return []


def _note_some(database: Database, outcomes: Sequence[_Outcome], clock: Clock) -> None:
    with database.write() as session:
        query = select(Send).where(Send.id.in_([one.send_id for one in outcomes])).order_by(Send.id)
        sends = {send.id: send for send in session.scalars(query.with_for_update())}
        for one in outcomes:
            if one.send_id in sends:
                _note(session, sends[one.send_id], one, clock())


def _note(session: Session, send: Send, outcome: _Outcome, now: datetime) -> None:
    send.lease_until = None
    if outcome.refusal is None:
        send.provider_sid = outcome.sid
        _advance(session, send, "sent", None, f"process:{_PROCESS[send.account]}", now)
    elif send.status == "queued":
        _refused(session, send, outcome.refusal, now)


_PROCESS = {"reporters": "courier", "paging": "worker"}


def _refused(session: Session, send: Send, refusal: SendError, now: datetime) -> None:
    """Wait and try again, or give up for good; either way it is an event."""
    send.error_code = refusal.code
    actor = f"process:{_PROCESS[send.account]}"
    if refusal.retryable and now - send.created_at < GIVE_UP_AFTER:
        pause = _BACKOFF_SECONDS[min(send.attempts, len(_BACKOFF_SECONDS)) - 1]
        send.due_at = now + min(timedelta(seconds=max(pause, refusal.retry_after_seconds or 0)), _LONGEST_WAIT)
        if send.created_at > now + _CLOCK_SLACK:  # A pause, and no longer a time from before a clock was set back.
            send.due_at = min(send.due_at, send.created_at - timedelta(milliseconds=1))
        _emit(session, send, "retried", actor, now)
    else:
        _advance(session, send, "failed", refusal.code, actor, now)


def _advance(session: Session, send: Send, status: Status, error_code: str | None, actor: str, now: datetime) -> bool:
    if not moves_forward(send.status, status):
        return False
    send.status = status
    send.error_code = error_code
    _emit(session, send, status, actor, now)
    return True


def _emit(session: Session, send: Send, what: str, actor: str, now: datetime) -> None:
    emit(
        session, f"send.{what}", subject=f"send/{send.id}", actor=actor, at=now, district_id=send.district_id,
        message=send.message_id, account=send.account, code=send.error_code, attempt=send.attempts,
    )  # fmt: skip
