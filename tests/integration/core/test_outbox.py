from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from gateway.core import outbox
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.messages import Outbound, SendError, Status
from gateway.core.records import Send
from tests.support.world import START, World


@pytest.fixture
def queued(world: World) -> World:
    world.text("gun")
    world.courier.thread_all()
    return world


def send(world: World) -> Send:
    with world.database.read() as session:
        return session.scalars(select(Send)).one()


def report(
    world: World,
    status: Status,
    *,
    reference: str | None = None,
    sid: str = "SM9",
    code: str | None = None,
    account: str = "reporters",
) -> bool:
    with world.database.write() as session:
        return outbox.report(
            session, account, send(world).id if reference is None else reference, sid, status, code, world.clock()
        )


@pytest.mark.parametrize("code", ["20429", "500", "timeout"])
def test_drain_tries_again_after_a_passing_fault(queued: World, code: str) -> None:
    queued.carrier.refusals = [SendError(code, retryable=True)]
    queued.courier.send_all()
    assert (send(queued).status, send(queued).error_code) == ("queued", code)
    queued.courier.send_all()
    assert queued.carrier.sent == []  # not before its time
    queued.clock.forward(seconds=1)
    queued.courier.send_all()
    assert (send(queued).status, send(queued).error_code, send(queued).attempts) == ("sent", None, 2)
    assert queued.events("send") == ["send.retried", "send.sent"]


def test_drain_waits_longer_each_time_and_as_long_as_it_is_told(queued: World) -> None:
    waits = []
    for _ in range(5):
        queued.carrier.refusals = [SendError("20429", retryable=True)]
        queued.courier.send_all()
        waits.append((send(queued).due_at - queued.clock()).total_seconds())
        queued.clock.now = send(queued).due_at
    assert waits == [1, 2, 5, 10, 30]
    queued.carrier.refusals = [SendError("20429", retryable=True, retry_after_seconds=600)]
    queued.courier.send_all()
    assert (send(queued).due_at - queued.clock()).total_seconds() == 600


def test_drain_gives_up_for_good_and_says_so(queued: World) -> None:
    queued.carrier.refusals = [SendError("21211", retryable=False)]
    queued.courier.send_all()
    assert (send(queued).status, send(queued).error_code) == ("failed", "21211")
    assert queued.events("send") == ["send.failed"]


def test_drain_stops_trying_after_hours(queued: World) -> None:
    queued.clock.forward(hours=7)
    queued.carrier.refusals = [SendError("timeout", retryable=True)]
    queued.courier.send_all()
    assert send(queued).status == "failed"


def test_drain_sends_once_when_two_drain_at_once(queued: World) -> None:
    both = [threading.Thread(target=queued.courier.send_all) for _ in range(4)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(queued.carrier.sent) == 1


def test_drain_takes_over_what_a_dead_process_had_leased(queued: World) -> None:
    with queued.of("courier").write() as session:
        row = session.scalars(select(Send)).one()
        row.lease_until = queued.clock()
    queued.clock.forward(seconds=outbox.LEASE_SECONDS)
    queued.courier.send_all()
    assert send(queued).status == "sent"


def test_drain_leaves_alone_what_another_process_holds(queued: World) -> None:
    with queued.of("courier").write() as session:
        session.scalars(select(Send)).one().lease_until = queued.clock.forward(seconds=20)
    queued.clock.forward(seconds=-10)
    assert queued.courier.send_all() == 0
    assert queued.carrier.sent == []


def test_report_moves_forward_only(queued: World) -> None:
    queued.courier.send_all()
    sid = send(queued).provider_sid or ""
    assert report(queued, "delivered", sid=sid)
    assert not report(queued, "sent", sid=sid)
    assert not report(queued, "undelivered", sid=sid, code="30003")
    assert (send(queued).status, send(queued).error_code) == ("delivered", None)
    assert queued.events("send") == ["send.sent", "send.delivered"]


def test_report_may_overtake_our_own_note(queued: World) -> None:
    assert report(queued, "delivered", sid="SM9")
    assert (send(queued).status, send(queued).provider_sid) == ("delivered", "SM9")
    queued.courier.send_all()
    assert queued.carrier.sent == []  # it had left before; it is not sent again


def test_report_keeps_the_carriers_reason(queued: World) -> None:
    queued.courier.send_all()
    assert report(queued, "undelivered", sid=send(queued).provider_sid or "", code="30007")
    assert (send(queued).status, send(queued).error_code) == ("undelivered", "30007")


@pytest.mark.parametrize(("reference", "sid"), [("nobody", "SM9"), ("", "SM-unknown")])
def test_report_ignores_what_it_does_not_know(queued: World, reference: str, sid: str) -> None:
    assert not report(queued, "delivered", reference=reference, sid=sid)
    assert send(queued).status == "queued"


def test_report_finds_a_text_by_its_sid_alone(queued: World) -> None:
    queued.courier.send_all()
    assert report(queued, "delivered", reference="", sid=send(queued).provider_sid or "")
    assert send(queued).status == "delivered"


def test_drain_lets_an_urgent_text_pass_one_that_a_silent_carrier_keeps_waiting(queued: World) -> None:
    urgent_left, patience = threading.Event(), 10.0

    def deliver(row: Send) -> str:
        if row.priority:
            assert urgent_left.wait(patience), "the urgent text had to wait for the other"
        else:
            urgent_left.set()
        return f"SM{row.id}"

    draining = threading.Thread(target=outbox.drain, args=(queued.of("courier"), "reporters", deliver, queued.clock))
    draining.start()
    with queued.of("courier").write() as session:
        waiting = session.scalars(select(Send)).one()
        session.add(
            Send(
                district_id=waiting.district_id, account="reporters", line_id=waiting.line_id, body_sealed=b"",
                priority=0,
                created_at=queued.clock(), due_at=queued.clock(),
            )
        )  # fmt: skip
    draining.join(patience * 2)
    with queued.of("courier").read() as session:
        assert set(session.scalars(select(Send.status))) == {"sent"}


def test_report_of_another_account_moves_nothing(queued: World) -> None:
    assert not report(queued, "delivered", account="paging")
    assert send(queued).status == "queued"


def _add(world: World, seconds: int) -> str:
    """Queue another text on the same thread, written so many seconds later."""
    with world.database.write() as session:
        one = session.scalars(select(Send).order_by(Send.created_at)).first()
        assert one is not None
        more = Send(
            district_id=one.district_id, account="reporters", line_id=one.line_id, thread_id=one.thread_id,
            body_sealed=b"",
            created_at=one.created_at + timedelta(seconds=seconds), due_at=one.due_at,
        )  # fmt: skip
        session.add(more)
        session.flush()
        return more.id


def test_drain_sends_one_conversation_in_the_order_it_was_written(queued: World) -> None:
    wanted = [send(queued).id, *[_add(queued, seconds) for seconds in (1, 2, 3, 4)]]
    sent: list[str] = []

    def deliver(row: Send) -> str:
        sent.append(row.id)
        return f"SM{row.id}"

    outbox.drain(queued.of("courier"), "reporters", deliver, queued.clock)
    assert sent == wanted


def test_drain_lets_a_stuck_text_keep_no_conversation_waiting(queued: World) -> None:
    stuck, later = send(queued).id, _add(queued, 1)
    sent: list[str] = []

    def deliver(row: Send) -> str:
        if row.id == stuck:
            raise SendError("500", retryable=True)
        sent.append(row.id)
        return f"SM{row.id}"

    for _ in range(2):
        outbox.drain(queued.of("courier"), "reporters", deliver, queued.clock)
        queued.clock.forward(seconds=5)
    assert sent == []
    outbox.drain(queued.of("courier"), "reporters", deliver, queued.clock)
    assert sent == [later]


@pytest.mark.parametrize("column", ["lease_until", "due_at", "created_at"])
def test_drain_sends_what_was_written_before_a_clock_was_set_back(queued: World, column: str) -> None:
    with queued.database.write() as session:
        row = session.scalars(select(Send)).one()
        row.lease_until = queued.clock()
        if column == "created_at":
            row.created_at = row.due_at = queued.clock() + timedelta(minutes=20)
        else:
            setattr(row, column, queued.clock() + timedelta(hours=1))
    assert queued.courier.send_all() == 1
    assert len(queued.carrier.sent) == 1


@pytest.mark.parametrize(("minutes", "retry_after"), [(60, None), (3, 600)], ids=["an hour", "less than the pause"])
def test_drain_rests_after_a_refusal_though_a_clock_was_set_back(
    queued: World, minutes: int, retry_after: float | None
) -> None:
    queued.clock.forward(minutes=-minutes)
    queued.carrier.refusals = [SendError("20429", retryable=True, retry_after_seconds=retry_after)] * 5
    queued.courier.send_all()
    queued.courier.send_all()
    assert send(queued).attempts == 1
    queued.carrier.refusals = []
    queued.clock.forward(minutes=3)
    queued.courier.send_all()
    assert (send(queued).status, send(queued).attempts) == ("sent", 2)


class LockedForAWhile:
    """A database that is away from its second transaction on, for some transactions."""

    def __init__(self, world: World, times: int) -> None:
        self._database, self._count, self._times = world.database, itertools.count(1), times
        self.read = world.database.read

    @contextmanager
    def write(self) -> Iterator[Session]:
        if 1 < next(self._count) <= 1 + self._times:
            raise Unavailable
        with self._database.write() as session:
            yield session


def test_drain_sends_once_when_the_database_is_away_after_the_carriers_yes(queued: World) -> None:
    locked = cast(Database, LockedForAWhile(queued, times=3))
    replace(queued.courier, database=locked).send_all()
    assert (send(queued).status, len(queued.carrier.sent)) == ("sent", 1)


def test_drain_notes_what_comes_back_at_once_together(queued: World) -> None:
    for place in range(7):
        queued.text("theres a fight", sender=f"+130355540{place:02}")
    queued.courier.thread_all()
    barrier, commits = threading.Barrier(outbox.AT_ONCE), list[int]()

    def deliver(row: Send) -> str:
        barrier.wait(10)
        return f"SM{row.id}"

    engine = queued.of("courier").engine

    def note(_connection: object) -> None:
        commits.append(1)

    event.listen(engine, "commit", note)
    outbox.drain(queued.of("courier"), "reporters", deliver, queued.clock)
    event.remove(engine, "commit", note)
    with queued.database.read() as session:
        assert set(session.scalars(select(Send.status))) == {"sent"}
    assert len(commits) < 1 + outbox.AT_ONCE, "one to take them all, and less than one each to note them"


def test_drain_holds_what_a_slow_carrier_keeps_waiting(queued: World) -> None:
    begun, go_on, leases = threading.Event(), threading.Event(), []

    class Slow:
        def send(self, message: Outbound) -> str:
            begun.set()
            assert go_on.wait(10)
            return "SM9"

    def look() -> datetime:
        """Time flies while the carrier thinks; when it has thought for a minute, it answers."""
        if begun.is_set():
            queued.clock.forward(seconds=3)
            leases.append(send(queued).lease_until)
            if len(leases) > 20:
                go_on.set()
        return queued.clock()

    replace(queued.courier, sender=Slow(), clock=look).send_all()
    assert send(queued).attempts == 1
    assert max(lease for lease in leases if lease) > START + timedelta(seconds=30)


def test_drain_notes_the_others_when_one_outcome_cannot_be_noted(
    queued: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = send(queued).id
    for place in range(3):
        queued.text("theres a fight", sender=f"+130355540{place:02}")
    queued.courier.thread_all()
    barrier, sent, note = threading.Barrier(4), list[str](), outbox._note

    def deliver(row: Send) -> str:
        barrier.wait(10)
        sent.append(row.id)
        return f"SM{row.id}"

    def failing(session: Session, row: Send, *rest: Any) -> None:
        if row.id == broken:
            raise ValueError("cannot")
        note(session, row, *rest)

    monkeypatch.setattr(outbox, "_note", failing)
    assert outbox.drain(queued.of("courier"), "reporters", deliver, queued.clock) == 4
    with queued.database.read() as session:
        noted = set(session.scalars(select(Send.id).where(Send.status == "sent")))
    assert noted == set(sent) - {broken}


def test_drain_notes_what_is_under_way_when_something_ends_it(queued: World, monkeypatch: pytest.MonkeyPatch) -> None:
    queued.text("theres a fight", sender="+13035554000")
    queued.courier.thread_all()
    first, gone = threading.Event(), threading.Event()
    more = outbox._more

    def deliver(row: Send) -> str:
        if not first.is_set():
            first.set()
            assert gone.wait(10)
        return f"SM{row.id}"

    def failing(*given: Any) -> list[Send]:
        if first.is_set():
            gone.set()
            raise RuntimeError("ends")
        return more(*given)

    monkeypatch.setattr(outbox, "_more", failing)
    with pytest.raises(RuntimeError):
        outbox.drain(queued.of("courier"), "reporters", deliver, queued.clock)
    with queued.database.read() as session:
        assert set(session.scalars(select(Send.status))) == {"sent"}


def test_a_providers_long_codes_and_ids_are_cut_to_what_is_kept(queued: World) -> None:
    queued.carrier.refusals = [SendError("x" * 300, retryable=True)]
    queued.courier.send_all()
    assert send(queued).error_code == "x" * 30
    queued.clock.forward(seconds=10)
    outbox.drain(queued.of("courier"), "reporters", lambda _row: "SM" + "9" * 300, queued.clock)
    assert send(queued).provider_sid == "SM" + "9" * 62
