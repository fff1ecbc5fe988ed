"""What no webhook brought is taken in from the carrier's list, once each; what is safe here is deleted there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import func, select, update

from gateway.core import backfill, conversation, heartbeats, intake
from gateway.core.backfill import FIRST, OVERLAP, Backfill
from gateway.core.errors import Unavailable
from gateway.core.media.records import Attachment
from gateway.core.messages import Inbound, Listing, SendError, Status
from gateway.core.records import Line, Message, Send, Thread
from tests.support.world import PAGING, REPORTS, SECOND, START, STUDENT, World


@dataclass
class Mailbox:
    """A carrier's record. `refusals` are raised first, one a call; `after_listing` runs before the answer."""

    clock: Callable[[], datetime]
    held: list[Inbound] = field(default_factory=list)
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    fates: dict[str, tuple[Status, str | None]] = field(default_factory=dict)
    refusals: list[SendError] = field(default_factory=list)
    after_listing: Callable[[], object] = lambda: None

    def hold(self, sid: str, text: str = "gun", **more: object) -> Inbound:
        given = {"sender": STUDENT, "recipient": REPORTS, "received_at": self.clock(), **more}
        self.held.append(Inbound(channel="sms", provider_sid=sid, text=text, **given))  # type: ignore[arg-type]
        return self.held[-1]

    def inbound_since(self, line: str, moment: datetime) -> Listing:
        self._refuse()
        self.asked.append((line, moment))
        found = [held for held in self.held if held.recipient == line and held.received_at >= moment]
        self.after_listing()
        return Listing(tuple(found), self.clock())

    def fate(self, sid: str) -> tuple[Status, str | None] | None:
        self._refuse()
        self.asked.append((sid, self.clock()))
        return self.fates.get(sid)

    def delete(self, sid: str) -> None:
        self._refuse()
        self.deleted.append(sid)

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)


@dataclass
class Desk:
    """A backfill beside a world; `rung` counts the texts that it told of."""

    world: World
    mailbox: Mailbox
    rung: list[int] = field(default_factory=list)

    def make(self, purpose: str = "reports") -> Backfill:
        process = {"reports": "courier", "paging": "worker"}[purpose]
        world = self.world
        return Backfill(
            world.of(process), world.keys[process], self.mailbox, world.clock, purpose,
            stored=lambda: self.rung.append(1),
        )  # fmt: skip

    def stored(self) -> list[Message]:
        with self.world.database.read() as session:
            return list(session.scalars(select(Message).where(Message.direction == "in").order_by(Message.at)))

    def line(self, number: str = REPORTS) -> Line:
        with self.world.database.read() as session:
            return session.scalars(select(Line).where(Line.number == number)).one()

    def settle(self) -> None:
        """Let every waiting text be threaded and taken up."""
        self.world.courier.thread_all()
        with self.world.database.write() as session:
            session.execute(update(Message).where(Message.direction == "in").values(dispatched_at=START))


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world, Mailbox(world.clock))


def test_backfill_takes_in_what_no_webhook_brought_as_the_webhook_would_have(desk: Desk) -> None:
    desk.mailbox.hold("SM1", "call me on 303-555-0123, he has a gun")
    desk.world.clock.forward(minutes=5)
    assert desk.make().list_all() == 1
    (message,) = desk.stored()
    with desk.world.database.read() as session:
        words = conversation.words(desk.world.keys["worker"], session.get_one(Message, message.id))
    assert words == "call me on [number hidden], he has a gun"
    assert (message.kind, message.provider_sid, message.at) == ("tip", "SM1", START), "the carrier's own time"
    assert desk.world.message(message.id).address_sealed is not None
    assert desk.rung == [1]
    assert desk.world.events() == ["message.received", "line.recovered"]
    desk.world.courier.thread_all()
    assert desk.stored()[0].thread_id is not None


def test_backfill_leaves_what_the_webhook_brought(desk: Desk) -> None:
    desk.world.text("gun", sid="SM1")
    desk.mailbox.hold("SM1")
    assert desk.make().list_all() == 0
    assert len(desk.stored()) == 1
    assert desk.world.events("line") == []


def test_backfill_and_webhook_at_the_same_moment_store_it_once(desk: Desk) -> None:
    for number in range(8):
        held = desk.mailbox.hold(f"SM{number}")
        barrier = Barrier(3)

        def webhook(held: Inbound = held, barrier: Barrier = barrier) -> int:
            barrier.wait(10)
            return int(not intake.receive(desk.world.of("intake"), desk.world.keys["intake"], held).repeated)

        desk.mailbox.after_listing = partial(barrier.wait, 10)
        with desk.world.database.write() as session:
            session.execute(update(Line).where(Line.number == SECOND).values(purpose="closed"))
        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(webhook), pool.submit(desk.make().list_all), pool.submit(desk.make().list_all)]
            assert sum(job.result() for job in jobs) == 1
    with desk.world.database.read() as session:
        counted = session.execute(select(Message.provider_sid, func.count()).group_by(Message.provider_sid)).all()
    assert sorted((str(sid), count) for sid, count in counted) == [(f"SM{n}", 1) for n in range(8)]


def test_backfill_reads_windows_that_overlap_by_the_carriers_clock(desk: Desk) -> None:
    desk.make().list_all()
    desk.world.clock.forward(hours=3)
    again = desk.make()
    again.list_all()
    assert [moment for line, moment in desk.mailbox.asked if line == REPORTS] == [
        START - FIRST - OVERLAP,
        START - OVERLAP,
    ]
    assert desk.line().listed_until == START + timedelta(hours=3)


def test_backfill_asks_each_minute_and_sooner_after_a_find(desk: Desk) -> None:
    running = desk.make()
    rounds = []
    for number in range(9):
        if number == 4:
            desk.mailbox.hold("SM1")
        running.list_all()
        rounds.append(len(desk.mailbox.asked))
    assert rounds == [2, 2, 2, 2, 4, 6, 6, 6, 6]


@pytest.mark.parametrize("code", ["20429", "20500", "timeout"])
def test_backfill_tries_again_after_a_fault_from_where_it_was(desk: Desk, code: str) -> None:
    desk.mailbox.hold("SM1")
    desk.mailbox.refusals = [SendError(code, retryable=True)]
    running = desk.make()
    assert running.list_all() == 0
    assert desk.line().listed_until is None
    assert running.list_all() == 1, "at the very next call"


def test_backfill_of_one_line_refused_goes_on_with_the_next(desk: Desk) -> None:
    desk.mailbox.hold("SM1", recipient=SECOND)
    desk.mailbox.refusals = [SendError("20404", retryable=False)]
    assert desk.make().list_all() == 1


def test_backfill_lets_no_message_hold_up_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = intake.receive

    def sometimes(database, keys, inbound):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if inbound.provider_sid == "SMbad":
            raise ValueError
        return real(database, keys, inbound)

    monkeypatch.setattr(intake, "receive", sometimes)
    desk.mailbox.hold("SMbad")
    desk.mailbox.hold("SMgood")
    assert desk.make().list_all() == 1
    assert desk.line().listed_until is None, "so the bad one is asked for again"


def test_backfill_takes_no_time_from_the_future(desk: Desk) -> None:
    desk.mailbox.hold("SM1", received_at=START + timedelta(hours=1))
    desk.make().list_all()
    assert desk.stored()[0].at == START


def test_late_stop_does_not_undo_a_later_start(desk: Desk) -> None:
    desk.mailbox.hold("SM1", "STOP", keyword="stop")
    desk.world.clock.forward(minutes=1)
    desk.world.text("gun")
    desk.world.text("START", keyword="start")
    desk.world.courier.thread_all()
    desk.make().list_all()
    desk.world.courier.thread_all()
    with desk.world.database.read() as session:
        assert session.scalars(select(Thread)).one().opted_out_at is None


def test_worker_takes_in_an_answered_page_that_was_missed(desk: Desk) -> None:
    desk.mailbox.hold("SM1", "4821", recipient=PAGING)
    assert desk.make("paging").list_all() == 1
    assert desk.stored()[0].kind == "page_answer"
    assert {line for line, _ in desk.mailbox.asked} == {PAGING}


def _sent(desk: Desk) -> str:
    """Text, be answered, and give the SID of the answer, of which nothing more is heard."""
    desk.world.text("gun")
    desk.world.courier.thread_all()
    desk.world.courier.send_all()
    with desk.world.database.read() as session:
        return str(session.scalars(select(Send.provider_sid)).one())


def test_ask_learns_what_no_callback_told(desk: Desk) -> None:
    desk.mailbox.fates[_sent(desk)] = ("undelivered", "30003")
    running = desk.make()
    assert running.ask_all() == 0, "the callback may still come"
    desk.world.clock.forward(minutes=3)
    assert running.ask_all() == 1
    with desk.world.database.read() as session:
        send = session.scalars(select(Send)).one()
    assert (send.status, send.error_code) == ("undelivered", "30003")
    assert desk.world.events("send") == ["send.sent", "send.undelivered"]
    assert running.ask_all() == 0


def test_ask_rests_the_longer_the_older_a_text_is_and_ends_after_a_day(desk: Desk) -> None:
    _sent(desk)
    running = desk.make()
    for _ in range(26 * 60):
        desk.world.clock.forward(minutes=1)
        running.ask_all()
    ages = [round((at - START) / timedelta(minutes=1)) for _, at in desk.mailbox.asked]
    assert ages[:6] == [2, 4, 6, 9, 14, 21]
    assert len(ages) < 20


def test_ask_refused_for_a_while_asks_again(desk: Desk) -> None:
    desk.mailbox.fates[_sent(desk)] = ("delivered", None)
    desk.world.clock.forward(minutes=3)
    desk.mailbox.refusals = [SendError("20429", retryable=True)]
    running = desk.make()
    assert running.ask_all() == 0
    desk.world.clock.forward(minutes=3)
    assert running.ask_all() == 1


def test_delete_waits_until_a_text_is_threaded_and_taken_up(desk: Desk) -> None:
    desk.world.text("gun", sid="SM1")
    assert desk.make().delete_all() == 0
    desk.world.courier.thread_all()
    assert desk.make().delete_all() == 0
    desk.settle()
    assert desk.make().delete_all() == 1
    assert desk.mailbox.deleted == ["SM1"]
    assert desk.stored()[0].carrier_deleted_at == START
    assert desk.make().delete_all() == 0


def test_delete_keeps_what_a_line_wants_kept_and_what_has_pictures(desk: Desk) -> None:
    desk.world.text("gun", sid="SM1", to=SECOND)
    held = desk.mailbox.hold("SM2", media=(("image/jpeg", "https://api.twilio.com/x"),))
    intake.receive(desk.world.of("intake"), desk.world.keys["intake"], held)
    desk.settle()
    with desk.world.database.write() as session:
        session.execute(update(Line).where(Line.number == SECOND).values(deletes_at_carrier=False))
    assert desk.make().delete_all() == 0


def test_delete_takes_a_text_with_pictures_once_they_are_here_or_given_up(desk: Desk) -> None:
    held = desk.mailbox.hold("MM2", media=(("image/jpeg", "one"), ("image/jpeg", "two")))
    message_id = intake.receive(desk.world.of("intake"), desk.world.keys["intake"], held).message_id
    desk.settle()
    for place, state in enumerate(("sealed", "lost")):
        assert desk.make().delete_all() == 0, f"{2 - place} are there alone"
        with desk.world.database.write() as session:
            session.add(Attachment(message_id=message_id, position=place, state=state, at=START, stored_at=START))
    assert desk.make().delete_all() == 0, "one is still to be cleaned: a restore would look for its original"
    with desk.world.database.write() as session:
        session.execute(update(Attachment).where(Attachment.state == "sealed").values(state="clean"))
    assert desk.make().delete_all() == 1
    assert desk.mailbox.deleted == ["MM2"]


@pytest.mark.parametrize(
    ("status", "hours", "gone"),
    [
        ("queued", 30, False),
        ("sent", 1, False),
        ("sent", 25, True),
        ("delivered", 0, True),
        ("undelivered", 0, True),
        ("failed", 0, True),
    ],
)
def test_delete_takes_a_sent_text_once_nothing_more_can_become_of_it(
    desk: Desk, status: str, hours: int, gone: bool
) -> None:
    desk.world.text("gun")
    desk.world.courier.thread_all()
    with desk.world.database.write() as session:
        session.execute(update(Send).values(status=status, provider_sid="SMout"))
    desk.world.clock.forward(hours=hours)
    assert desk.make().delete_all() == int(gone)
    assert desk.mailbox.deleted == ["SMout"] * gone


def test_delete_refused_is_tried_again_later_and_holds_up_no_other(desk: Desk) -> None:
    for sid in ("SM1", "SM2", "SM3"):
        desk.world.text("gun", sid=sid)
        desk.world.clock.forward(seconds=1)
    desk.settle()
    desk.mailbox.refusals = [SendError("20009", retryable=False)]
    running = desk.make()
    assert [running.delete_all(), running.delete_all()] == [0, 2]
    desk.world.clock.forward(minutes=11)
    assert running.delete_all() == 1
    assert desk.mailbox.deleted == ["SM2", "SM3", "SM1"]


def test_delete_goes_through_more_than_one_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "_CHUNK", 2)
    for number in range(5):
        desk.world.text("gun", sid=f"SM{number}")
    desk.settle()
    assert desk.make().delete_all() == 5
    assert len(set(desk.mailbox.deleted)) == 5


def test_list_new_reads_the_list_at_once_when_intake_has_begun_anew_and_only_then(desk: Desk) -> None:
    def begin(instance: str) -> None:
        with desk.world.database.write() as session:
            heartbeats.beat(session, instance, "intake", "1", desk.world.clock(), desk.world.clock(), {})

    begin("first")
    running = desk.make()
    running.list_new()
    asked = len(desk.mailbox.asked)
    desk.mailbox.hold("SM1")
    begin("first")
    assert running.list_new() == running.list_all() == 0, "the list is at rest"
    assert len(desk.mailbox.asked) == asked
    begin("second")
    assert running.list_new() == 1
    assert running.list_new() == 0
    assert [message.provider_sid for message in desk.stored()] == ["SM1"]


def test_list_new_tries_again_when_the_database_was_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.world.database.write() as session:
        heartbeats.beat(session, "first", "intake", "1", desk.world.clock(), desk.world.clock(), {})
    desk.mailbox.hold("SM1")
    running = desk.make()

    def away(_backfill: Backfill) -> int:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(Backfill, "list_all", away)
        with pytest.raises(Unavailable):
            running.list_new()
    assert running.list_new() == 1
