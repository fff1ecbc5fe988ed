"""Delivery: what is taken, in which order, in which form; two databases, real sockets."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest

from gateway.core import intake
from gateway.core.events import emit
from gateway.core.media.records import Attachment
from gateway.core.messages import Inbound
from responders.cases.records import Case
from responders.subscriptions import filters, places, service
from responders.subscriptions.records import BATCHED, BINARY, STRUCTURED, Subscription
from responders.subscriptions.records import SubscriptionSecret as Secret
from tests.integration.responders.conftest import Desk
from tests.integration.subscriptions.conftest import STAFF, Rig
from tests.support.receivers import TAKEN, Got, Reply, consent, receiving, taking
from tests.support.world import REPORTS, STUDENT


@pytest.mark.parametrize("mode", [STRUCTURED, BINARY, BATCHED])
def test_events_arrive_whole_in_every_mode(rig: Rig, mode: str) -> None:
    with receiving() as receiver:
        rig.subscribe(receiver, mode=mode)
        case = rig.case("critical")
        wanted = rig.happen(case, count=3)
        assert rig.run() == 3
    events = [event for post in receiver.posts for event in post.events]
    assert [event["id"] for event in events] == wanted
    assert len(receiver.posts) == (1 if mode == BATCHED else 3)
    for event in events:
        assert event["type"] == "org.tipline.case.noted.v1"
        assert event["dataschema"] == f"https://console.example.org/schemas/events/{event['type']}.json"
        assert event["datacontenttype"] == "application/json"
        assert (event["caseid"], event["school"], event["severity"]) == (case, "lincoln", "critical")
        assert set(event["data"]) == {"note"}
    assert {post.headers["webhook-request-origin"] for post in receiver.posts} == {"console.example.org"}


def test_what_was_there_before_consent_is_not_sent(rig: Rig) -> None:
    with receiving() as receiver:
        case = rig.case()
        rig.happen(case)
        made = rig.subscribe(receiver)
        (wanted,) = rig.happen(case)
        rig.run()
        assert receiver.ids == [wanted]
        assert rig.states(made) == {"delivered": 1}
        assert rig.run() == 0


def test_order_of_a_case_holds_while_others_go_on(rig: Rig) -> None:
    """One event of the first case is refused for an hour: its case waits, and the others do not."""
    refused: set[str] = set()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if refused & {event["id"] for event in got.events} else TAKEN

    with receiving(choose) as receiver:
        made = rig.subscribe(receiver)
        cases = [rig.case() for _ in range(3)]
        wanted: dict[str, list[str]] = defaultdict(list)
        for _ in range(4):
            for case in cases:
                wanted[case] += rig.happen(case)
        refused.add(wanted[cases[0]][1])
        rig.run()
        assert _taken(rig, made) == [wanted[cases[0]][:1], wanted[cases[1]], wanted[cases[2]]]
        (more,) = rig.happen(cases[1])
        rig.run()
        assert receiver.ids[-1] == more
        rig.wait(seconds=1)
        assert _taken(rig, made)[0] == wanted[cases[0]][:1]
        refused.clear()
        rig.wait(hours=1)
        assert _taken(rig, made)[0] == wanted[cases[0]]
        posted = [one for one in receiver.ids if one in wanted[cases[0]]]
        assert posted == [wanted[cases[0]][0], *[wanted[cases[0]][1]] * (len(posted) - 4), *wanted[cases[0]][1:]]


def _taken(rig: Rig, made: service.Made) -> list[list[str]]:
    """List what was taken, lane by lane in the order of their first event."""
    lanes: dict[str, list[str]] = defaultdict(list)
    for row in rig.deliveries(made):
        if row.state == "delivered":
            lanes[row.lane].append(row.event_id)
    return list(lanes.values())


def test_event_that_comes_before_its_case_goes_before_it(rig: Rig) -> None:
    """A text is told of before anyone knows its case; its lane becomes the case's while it still waits."""
    down = True

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if down and "message.received" in got.events[0]["type"] else TAKEN

    with receiving(choose) as receiver:
        rig.subscribe(receiver)
        message = rig.world.text("somebody has a knife")
        rig.run()
        rig.world.courier.thread_all()

        desk = Desk(rig.world)
        desk.staff()
        desk.worker.run()
        rig.run()
        about = [event for post in receiver.posts for event in post.events if post.method == "POST"]
        assert {event["type"] for event in about if event.get("caseid")} == set()
        down = False
        rig.wait(hours=1)
        case = desk.case_of(message)
        assert case is not None
        told = [
            event["type"].removeprefix("org.tipline.").removesuffix(".v1")
            for post in receiver.posts[1:] for event in post.events if event.get("caseid") == case.id
        ]  # fmt: skip
        assert told[0] == "message.received"
        assert {"case.opened", "message.assessed", "message.threaded"} <= set(told)
        sequence = [int(event["sequence"]) for post in receiver.posts for event in post.events
                    if event.get("caseid") == case.id]  # fmt: skip
        assert sequence == sorted(sequence)


@pytest.mark.parametrize("kept_back", ["message.receipt_queued", "attachment.sealed", "send.sent"])
def test_answer_or_file_that_waits_since_before_its_case_goes_before_it(rig: Rig, kept_back: str) -> None:
    """Each waited under its own name, of which what tells of the case says nothing."""
    down = True

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if down and f".{kept_back}." in got.events[0]["type"] else TAKEN

    with receiving(choose) as receiver:
        rig.subscribe(receiver)
        message = rig.world.text("somebody has a knife")
        with rig.world.database.write() as session:
            row = Attachment(message_id=message, position=0, state="sealed", at=rig.world.clock())
            session.add(row)
            session.flush()
            emit(
                session, "attachment.sealed", subject=f"attachment/{row.id}", actor="process:courier",
                at=rig.world.clock(), district_id=rig.world.district_id, message=message, reason=None,
                attachment_kind="photo",
            )  # fmt: skip
        rig.world.courier.thread_all()
        rig.world.courier.send_all()
        rig.run()
        before = len(receiver.posts)

        desk = Desk(rig.world)
        desk.staff()
        desk.worker.run()
        case = desk.case_of(message)
        assert case is not None
        rig.run()
        rig.wait(seconds=1)
        told = [event for post in receiver.posts[before:] for event in post.events if event.get("caseid") == case.id]
        assert {event["type"] for event in told} <= {f"org.tipline.{kept_back}.v1"}
        down = False
        rig.wait(hours=1)
        told = [event for post in receiver.posts[before:] for event in post.events if event.get("caseid") == case.id]
        assert "org.tipline.case.opened.v1" in {event["type"] for event in told}
        sequence = [int(event["sequence"]) for event in told]
        assert sequence == sorted(sequence)


def test_joined_case_keeps_its_order_with_the_one_it_joined(rig: Rig) -> None:
    refused: set[str] = set()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if refused & {event["id"] for event in got.events} else TAKEN

    with receiving(choose) as receiver:
        rig.subscribe(receiver)
        target = rig.case()
        source = rig.case()
        first = rig.happen(source)
        refused.update(first)
        rig.run()
        with rig.world.database.write() as session:
            session.get_one(Case, source).joined_into_id = target
        closed = rig.happen(source, "case.state_changed", old="new", new="closed", why="duplicate", into=target)
        after = rig.happen(target)
        receiver.got.clear()
        rig.run()
        assert receiver.ids == []
        refused.clear()
        rig.wait(hours=1)
        assert receiver.ids == first + closed + after


def test_filters_choose_by_thing_school_and_severity(rig: Rig) -> None:
    with receiving() as receiver:
        chosen = filters.of_choices(["case"], ["cedar"], ["high", "critical"])
        rig.subscribe(receiver, filters=chosen)
        rig.happen(rig.case("high"))
        rig.happen(rig.case("low", rig.world.second_school_id))
        wanted = rig.happen(rig.case("critical", rig.world.second_school_id))
        rig.world.text("a text is no event of a case", to="+13035550101")
        rig.run()
        assert receiver.ids == wanted


def test_filters_see_no_time_more_exactly_than_it_leaves(rig: Rig) -> None:
    """Sixty subscriptions, each to the events of one second of the minute, would be told when a report came in."""
    rig.spreader.within_minutes = 15
    with receiving() as receiver, receiving() as other:
        exact, message = rig.world.clock.forward(minutes=7, seconds=23), {"prefix": {"type": "org.tipline.message."}}
        rig.subscribe(receiver, filters=[message, {"prefix": {"time": str(exact)[:19]}}])
        rig.subscribe(other, filters=[message, {"prefix": {"time": str(places.coarse(exact, 15))[:19]}}])
        rig.world.text("when this came in is nobody's business")
        rig.run()
        assert receiver.ids == []
        assert len(other.ids) == 1


def test_how_late_a_text_was_leaves_by_whole_spans(rig: Rig) -> None:
    """Texts that are found together have one time: to the second, it would tell how far apart they were written."""
    rig.deliverer.within_minutes = 15
    with receiving() as receiver:
        rig.subscribe(receiver)
        came = rig.world.clock()
        for number, minutes in enumerate((0, 4, 31)):
            text = Inbound(
                channel="sms", provider_sid=f"SMlate{number}", sender=STUDENT, recipient=REPORTS, text="gun",
                received_at=came + timedelta(minutes=minutes, seconds=7),
                recovered_at=came + timedelta(minutes=50),
            )  # fmt: skip
            intake.receive(rig.world.of("intake"), rig.world.keys["intake"], text)
        rig.world.clock.forward(minutes=50)
        rig.run()
    told = [event["data"]["late_seconds"] for post in receiver.posts for event in post.events]
    assert sorted(told) == [15 * 60, 45 * 60, 45 * 60]


def test_types_choose(rig: Rig) -> None:
    with receiving() as receiver:
        rig.subscribe(receiver, types=["org.tipline.case.assigned.v1"])
        case = rig.case()
        rig.happen(case)
        wanted = rig.happen(case, "case.assigned", assignee=None)
        rig.run()
        assert receiver.ids == wanted


def test_another_districts_events_and_its_own_doings_are_not_told(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        with rig.world.database.write() as session:
            for district in (None, "f" * 32):
                emit(session, "case.noted", subject="case/" + "e" * 32, actor=STAFF, at=rig.world.clock(),
                     district_id=district, note="d" * 32)  # fmt: skip
            service.rotate_secret(session, rig.keys, made.row, STAFF, rig.world.clock())
        assert rig.run() == 0
        assert receiver.posts == []


def test_rate_that_was_agreed_to_is_kept(rig: Rig) -> None:
    """At 600 a minute, requests are a tenth of a second apart: ten take most of a second, and are all sent."""
    with receiving(lambda got: consent(got, "600") if got.method == "OPTIONS" else TAKEN) as receiver:
        made = rig.subscribe(receiver)
        assert rig.read(made).rate_per_minute == 600
        times: list[float] = []
        take = receiver.take

        def noting(got: Got) -> Reply | None:

            times.append(time.monotonic())
            return take(got)

        receiver.take = noting  # type: ignore[method-assign]  # to note when
        for _ in range(5):
            rig.happen(rig.case(), count=2)
        rig.run()
    assert len(times) == 10
    assert times[-1] - times[0] > 0.8


def test_rate_is_kept_by_all_processes_together(rig: Rig) -> None:
    """At two a minute the next turn is half a minute away: for another worker too, and nobody looks again before."""
    with receiving(lambda got: consent(got, "2") if got.method == "OPTIONS" else TAKEN) as receiver:
        made = rig.subscribe(receiver)
        wanted = rig.happen(rig.case(), count=2)
        rig.run()
        assert receiver.ids == wanted[:1]
        paused = rig.read(made).paused_until
        assert paused is not None
        assert 0 < (paused - rig.world.clock()).total_seconds() <= 30
        for worker in (rig.another_worker(), rig.deliverer):
            assert worker.start_all() == worker.deliver_all() == 0
        assert receiver.ids == wanted[:1]
        rig.world.clock.forward(seconds=31)
        rig.another_worker().deliver_all()
        assert receiver.ids == wanted


def test_second_worker_leaves_alone_what_the_first_is_sending(rig: Rig) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        inside.set()
        go_on.wait(20)
        return TAKEN

    with receiving(choose) as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case(), count=3)
        rig.spreader.spread_all()
        first = threading.Thread(target=rig.deliverer.deliver_all)
        first.start()
        assert inside.wait(20)
        assert rig.another_worker().deliver_all() == 0
        go_on.set()
        first.join()
        assert len(receiver.ids) == 3
        assert rig.states(made) == {"delivered": 3}


def test_worker_that_died_is_followed_when_its_lease_lapses(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between sending and noting: everything comes once more, in order, and nothing is lost."""

    class Killed(BaseException):
        pass

    def die(_where: str) -> None:
        raise Killed

    with receiving() as receiver:
        made = rig.subscribe(receiver)
        case = rig.case()
        wanted = rig.happen(case, count=5)
        rig.spreader.spread_all()
        dying = rig.another_worker()
        rig.at_point = die
        monkeypatch.setattr(dying, "_let_go", lambda _id: None)  # the dead let nothing go
        with pytest.raises(Killed):
            dying.deliver_all()
        rig.at_point = lambda _where: None
        assert rig.run() == 0  # the lease still stands
        rig.wait(seconds=31)
        assert receiver.ids == wanted + wanted
        assert rig.states(made) == {"delivered": 5}


def test_worker_that_was_too_slow_notes_nothing_over_another(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case(), count=2)
        rig.spreader.spread_all()
        slow = rig.another_worker()

        def sleep(_where: str) -> None:
            rig.at_point = lambda _: None
            rig.world.clock.forward(seconds=40)
            assert rig.deliverer.deliver_all() == 2

        rig.at_point = sleep
        slow.deliver_all()
        assert rig.states(made) == {"delivered": 2}
        assert rig.read(made).lease_by is None


def test_many_events_are_delivered_in_rounds(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver, mode=BATCHED)
        wanted = [one for _ in range(5) for one in rig.happen(rig.case(), count=130)]
        rig.run()
        assert receiver.ids == wanted
        assert {len(post.events) for post in receiver.posts} == {100, 50}
        assert max(len(post.body) for post in receiver.posts) < 100 * 1024
        assert rig.states(made) == {"delivered": 650}


def test_deleted_subscription_is_sent_nothing_and_forgets_its_secrets(rig: Rig) -> None:

    with receiving(taking) as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case())
        rig.spreader.spread_all()
        with rig.world.of("console").write() as session:
            row = session.get_one(Subscription, made.row.id, with_for_update=True)
            service.end(session, row, STAFF, rig.world.clock())
        assert rig.run() == 0
        assert receiver.posts == []
        assert rig.world.count(Secret) == 0
        with rig.world.of("worker").write() as session:
            service.tidy(session, rig.world.clock())
        assert rig.deliveries(made) == []


def test_tidy_keeps_what_is_young_or_waits(rig: Rig) -> None:
    answers: list[Any] = [TAKEN, (415, {}, b"")]
    with receiving(lambda got: consent(got) if got.method == "OPTIONS" else answers.pop(0)) as receiver:
        made = rig.subscribe(receiver)
        case = rig.case()
        rig.happen(case, count=2)
        rig.run()
        rig.happen(case)
        rig.spreader.spread_all()
        for days, left in ((6, 3), (2, 2), (23, 1)):
            rig.world.clock.forward(days=days)
            with rig.world.of("worker").write() as session:
                service.tidy(session, rig.world.clock())
            assert len(rig.deliveries(made)) == left
        assert rig.states(made) == {"queued": 1}


def test_worker_that_is_told_to_stop_ends_what_it_has_begun(rig: Rig) -> None:
    """On threads of its own, as in the worker: what is under way is noted, the rest waits for the next one."""
    inside, go_on = threading.Event(), threading.Event()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        inside.set()
        go_on.wait(20)
        return TAKEN

    with receiving(choose) as receiver:
        made = rig.subscribe(receiver)
        wanted = rig.happen(rig.case(), count=5)
        rig.spreader.spread_all()
        assert rig.deliverer.start_all() == 1
        assert inside.wait(20)
        stopping = threading.Thread(target=rig.deliverer.stop, kwargs={"seconds": 20.0})
        stopping.start()
        go_on.set()
        stopping.join()
        assert rig.read(made).lease_by is None
        states = rig.states(made)
        assert sum(states.values()) == 5
        assert states["queued"] >= 1
        assert rig.another_worker().deliver_all() == states["queued"]
        assert receiver.ids == wanted
