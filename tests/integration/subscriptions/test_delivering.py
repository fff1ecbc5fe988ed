"""Delivery: what is taken, in which form, at which rate; two databases, real sockets."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from gateway.core import intake
from gateway.core.events import emit
from gateway.core.messages import Inbound
from responders.subscriptions import filters, places, service
from responders.subscriptions.records import BATCHED, BINARY, STRUCTURED, Subscription
from responders.subscriptions.records import SubscriptionSecret as Secret
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
