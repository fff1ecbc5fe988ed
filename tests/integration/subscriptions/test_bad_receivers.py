"""Receivers that hang, redirect, flood, lie, tire, retire or die: what becomes of their events, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import delete, update

from gateway.core.http import Answer, Guarded, Hosts
from gateway.core.records import Event
from responders.subscriptions import service, verdicts
from responders.subscriptions.records import BATCHED, DEAD, DELETED, PENDING, RETIRED, Delivery, SubscriptionSecret
from responders.subscriptions.service import Wish
from responders.subscriptions.verdicts import Verdict
from tests.integration.subscriptions.conftest import STAFF, Rig
from tests.support.receivers import TAKEN, Choose, Got, Reply, consent, dripping, receiving

PAGE = b"<!-- proxy -->\n<!DOCTYPE html><html><body>Sign in to go on</body></html>"


def answering(reply: Reply | None) -> Choose:
    return lambda got: consent(got) if got.method == "OPTIONS" else reply


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param((302, {"Location": "https://elsewhere.example.org/"}, b""), "redirect", id="redirects"),
        pytest.param((307, {"Location": "/there"}, b""), "redirect", id="redirects to itself"),
        pytest.param((200, {"Content-Type": "text/html"}, PAGE), "html", id="200 with a page"),
        pytest.param((500, {}, b"boom"), "500", id="broken"),
        pytest.param((502, {"Content-Type": "text/html"}, PAGE), "502", id="a proxy's page"),
        pytest.param((404, {}, b""), "404", id="not there"),
        pytest.param((401, {}, b""), "401", id="wants another token"),
        pytest.param((429, {}, b""), "429", id="429 without Retry-After"),
        pytest.param((429, {"Retry-After": "soon"}, b""), "429", id="429 with nonsense"),
        pytest.param(None, "protocol", id="dies half-way"),
    ],
)
def test_event_waits_and_arrives_once_the_receiver_is_well(rig: Rig, reply: Reply | None, code: str) -> None:
    with receiving(answering(reply)) as receiver:
        made = rig.subscribe(receiver)
        wanted = rig.happen(rig.case(), count=2)
        assert rig.run() == 1  # the second one waits for the first
        (first, second) = rig.deliveries(made)
        assert (first.state, first.attempts, first.code) == ("queued", 1, code)
        assert (second.state, second.attempts) == ("queued", 0)
        assert rig.run() == 0
        receiver.choose = answering(TAKEN)
        receiver.got.clear()
        rig.wait(seconds=5)
        assert receiver.ids == wanted
        assert rig.states(made) == {"delivered": 2}
        assert rig.read(made).code is None


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param((200, {"Content-Type": "text/html"}, b"ok"), "a framework's own type", id="html by default"),
        pytest.param((200, {"Content-Type": "text/plain"}, b"x" * 10_000_000), "long", id="10 MB of body"),
        pytest.param((202, {}, b""), "not yet processed", id="202"),
        pytest.param((201, {"Content-Type": "application/json"}, b"{}"), "made", id="201"),
    ],
)
def test_event_that_was_taken_is_taken(rig: Rig, reply: Reply, why: str) -> None:
    with receiving(answering(reply)) as receiver:
        made = rig.subscribe(receiver)
        wanted = rig.happen(rig.case(), count=3)
        rig.run()
        assert receiver.ids == wanted, why
        assert rig.states(made) == {"delivered": 3}


def test_receiver_that_hangs_costs_its_deadline_and_no_more(rig: Rig) -> None:
    with receiving() as receiver, dripping(b"") as hanging:
        made = rig.subscribe(receiver)
        quick = rig.subscribe(receiver, name="Another")
        with rig.world.database.write() as session:
            session.merge(rig.read(made)).sink = hanging
        rig.happen(rig.case())
        rig.deliverer.client = Guarded(["127.0.0.1"], seconds=0.3)
        rig.run()
        rig.deliverer.client.close()
        assert rig.deliveries(made)[0].code == "timeout"
        assert rig.states(quick) == {"delivered": 1}


def test_429_says_how_long_and_is_obeyed_for_all(rig: Rig) -> None:
    with receiving(answering((429, {"Retry-After": "120"}, b""))) as receiver:
        made = rig.subscribe(receiver)
        wanted = rig.happen(rig.case())
        rig.run()
        wanted += rig.happen(rig.case())
        receiver.choose = answering(TAKEN)
        receiver.got.clear()
        assert rig.wait(seconds=119) == 0
        assert receiver.got == []
        rig.wait(seconds=2)
        assert sorted(receiver.ids) == sorted(wanted)
        assert rig.states(made) == {"delivered": 2}


def test_503_with_a_date_is_obeyed(rig: Rig) -> None:
    until = rig.world.clock() + timedelta(minutes=10)
    given = {"Retry-After": format_datetime(until, usegmt=True)}
    with receiving(answering((503, given, b""))) as receiver:
        rig.subscribe(receiver)
        rig.happen(rig.case())
        rig.run()
        receiver.choose = answering(TAKEN)
        assert rig.wait(minutes=9) == 0
        assert rig.wait(minutes=2) == 1


def test_pause_of_ten_years_is_a_day(rig: Rig) -> None:
    with receiving(answering((429, {"Retry-After": "315360000"}, b""))) as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case())
        rig.run()
        assert rig.read(made).paused_until == rig.world.clock() + timedelta(days=1)


def test_lane_that_breaks_in_an_unforeseen_way_loses_nothing_of_the_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken is noted as taken, and the broken one waits: neither is sent again at once, for ever."""
    judge = verdicts.of_answer

    def choke(answer: Answer, now: datetime) -> Verdict:
        if answer.status == 418:
            raise OverflowError
        return judge(answer, now)

    monkeypatch.setattr(verdicts, "of_answer", choke)
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        (bad,) = rig.happen(rig.case())
        good = [rig.happen(rig.case())[0] for _ in range(3)]
        receiver.choose = lambda got: (418, {}, b"") if got.events[0]["id"] == bad else TAKEN
        rig.run()
        assert sorted(receiver.ids) == sorted([bad, *good])
        assert rig.states(made) == {"delivered": 3, "queued": 1}
        assert {(row.code, row.attempts) for row in rig.deliveries(made) if row.event_id == bad} == {("protocol", 1)}
        assert rig.run() == 0


def test_410_retires_the_subscription(rig: Rig) -> None:
    with receiving(answering((410, {}, b""))) as receiver:
        made = rig.subscribe(receiver)
        for _ in range(6):
            rig.happen(rig.case(), count=2)
        rig.run()
        asked = len(receiver.posts)
        assert rig.read(made).state == RETIRED
        assert rig.states(made) == {DEAD: 12}
        assert rig.world.events("subscription.retired") == ["subscription.retired"]
        rig.happen(rig.case())
        assert rig.wait(days=1) == 0
        assert len(receiver.posts) == asked <= 4


@pytest.mark.parametrize("what", ["ended", "moved"])
def test_late_410_changes_nothing_for_what_was_ended_or_moved(rig: Rig, what: str) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        gone, taken = rig.happen(rig.case())[0], rig.happen(rig.case())[0]
        receiver.choose = lambda got: (410, {}, b"") if got.events[0]["id"] == gone else TAKEN

        def meanwhile(_where: str) -> None:
            with rig.world.of("console").write() as session:
                row = service.find(session, rig.world.district_id, made.row.id, lock=True)
                if what == "ended":
                    service.end(session, row, STAFF, rig.world.clock())
                else:
                    wish = Wish(name=row.name, sink=receiver.url + "/elsewhere")
                    service.change(session, rig.keys, Hosts(["127.0.0.1"]), row, wish, STAFF, rig.world.clock())

        rig.at_point = meanwhile
        rig.run()
        assert rig.read(made).state == (DELETED if what == "ended" else PENDING)
        states = {row.event_id: (row.state, row.attempts) for row in rig.deliveries(made)}
        assert states[gone] == ("queued", 0)
        assert states[taken] in {("delivered", 1), ("queued", 0)}, "the other lane may not have been begun"
        assert (states[taken][0] == "delivered") == (taken in receiver.ids)
        assert rig.world.events("subscription.retired") == []


def test_nothing_is_sent_that_cannot_be_signed(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case())
        with rig.world.database.write() as session:
            session.execute(delete(SubscriptionSecret))
        assert rig.run() == 0
        assert (receiver.posts, rig.states(made)) == ([], {"queued": 1})


def test_415_is_final_for_the_event_and_its_case_goes_on(rig: Rig) -> None:
    answers: list[Reply] = [(415, {}, b""), TAKEN]
    with receiving(lambda got: consent(got) if got.method == "OPTIONS" else answers.pop(0)) as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case(), count=2)
        rig.run()
        assert [(row.state, row.code) for row in rig.deliveries(made)] == [(DEAD, "415"), ("delivered", "204")]
        assert rig.wait(days=4) == 0
        assert len(receiver.posts) == 2


def test_event_is_given_up_after_days_told_once_and_sent_again_when_a_person_says_so(rig: Rig) -> None:
    with receiving(answering((500, {}, b""))) as receiver:
        made = rig.subscribe(receiver)
        case = rig.case()
        wanted = rig.happen(case, count=2)
        waits = []
        while "dead" not in rig.states(made):
            before = len(receiver.posts)
            rig.wait(hours=1)
            waits.append(len(receiver.posts) - before)
        assert 70 <= len(waits) <= 90  # three days, and until it was its turn again
        assert sum(waits) < 20
        assert rig.states(made) == {"dead": 1, "queued": 1}, "the next has its own tries first"
        for _ in range(20):
            rig.wait(hours=13)
        assert rig.states(made) == {"dead": 2}
        assert rig.world.events("subscription.failing") == ["subscription.failing"]
        receiver.choose = answering(TAKEN)
        receiver.got.clear()
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            assert service.replay_dead(session, row, STAFF, rig.world.clock()) == 2
        rig.run()
        assert receiver.ids == wanted
        assert rig.states(made) == {"delivered": 2}
        assert rig.world.events("subscription.recovered") == ["subscription.recovered"]


def test_receiver_that_was_away_for_hours_gets_all_at_once_in_order(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        port = receiver.host
    cases = [rig.case() for _ in range(8)]
    wanted = {case: rig.happen(case, count=3) for case in cases}
    asked = sum(rig.wait(minutes=30) for _ in range(12))
    assert asked < 16  # not each event again and again, but the receiver now and then
    assert rig.read(made).failures > 3
    with receiving() as back:
        with rig.world.database.write() as session:
            session.merge(rig.read(made)).sink = back.url
        rig.wait(hours=6)
        assert port != back.host
        assert [[one for one in back.ids if one in wanted[case]] for case in cases] == list(wanted.values())
        assert rig.states(made) == {"delivered": 24}


def test_backlog_of_a_receiver_that_is_back_outlives_its_asking_for_a_pause(rig: Rig) -> None:
    """Away for four days, it takes one thing, then has no time, again and again: nothing of its backlog is given up."""
    with receiving() as receiver:
        made, case = rig.subscribe(receiver), rig.case()
        wanted = rig.happen(case, count=4)
        rig.spreader.spread_all()
        rig.world.clock.forward(days=4)
        replies: list[Reply] = []
        receiver.choose = lambda _got: replies.pop(0) if replies else TAKEN
        busy: Reply = (429, {"Retry-After": "60"}, b"")
        replies += [busy, TAKEN, busy, *[busy] * 12]
        for _ in range(20):
            rig.wait(minutes=2)
        assert list(dict.fromkeys(receiver.ids)) == wanted
        assert rig.states(made) == {"delivered": 4}
        assert rig.world.events("subscription.failing") == []


def test_receiver_that_has_no_time_for_days_is_given_up(rig: Rig) -> None:
    with receiving(answering((429, {}, b""))) as receiver:
        made = rig.subscribe(receiver)
        for _ in range(6):
            rig.happen(rig.case())
        for _ in range(7):
            rig.wait(hours=13)
        assert rig.states(made) == {"queued": 6}
        for _ in range(7):
            rig.wait(hours=13)
        assert rig.states(made) == {"dead": 6}
        assert rig.world.events("subscription.failing") == ["subscription.failing"]


def test_poison_in_a_batch_goes_alone_and_the_others_arrive(rig: Rig) -> None:
    poison: set[str] = set()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (400, {}, b"") if poison & {event["id"] for event in got.events} else TAKEN

    with receiving(choose) as receiver:
        made = rig.subscribe(receiver, mode=BATCHED)
        cases = [rig.case() for _ in range(5)]
        wanted = {case: rig.happen(case, count=2) for case in cases}
        poison.add(wanted[cases[2]][0])
        for _ in range(30):
            rig.wait(seconds=30)
        assert rig.states(made) == {"delivered": 8, "queued": 2}
        poison.clear()
        rig.wait(hours=2)
        assert rig.states(made) == {"delivered": 10}
        taken = receiver.ids
        assert [one for one in taken if one in wanted[cases[2]]][-2:] == wanted[cases[2]]


def test_batch_is_named_by_what_is_in_it_and_by_nothing_else(rig: Rig) -> None:
    with receiving(answering(None)) as receiver:
        rig.subscribe(receiver, mode=BATCHED)
        first, gone, last = (rig.happen(rig.case())[0] for _ in range(3))
        rig.run()
        rig.wait(minutes=1)
        with rig.world.database.write() as session:
            session.execute(update(Delivery).where(Delivery.event_id == gone).values(state=DEAD))
        more = rig.happen(rig.case())
        rig.wait(minutes=5)
    sent = [[event["id"] for event in post.events] for post in receiver.posts]
    assert sent == [[first, gone, last], [first, gone, last], [first, last, *more]]
    names = [post.headers["webhook-id"] for post in receiver.posts]
    assert names[0] == names[1], "a repeat bears the same name"
    assert names[1] != names[2], "and nothing else does"


def test_poison_that_breaks_the_receiver_does_not_stop_other_cases(rig: Rig) -> None:
    poison: set[str] = set()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (500, {}, b"") if poison & {event["id"] for event in got.events} else TAKEN

    with receiving(choose) as receiver:
        made = rig.subscribe(receiver)
        bad, good = rig.case(), rig.case()
        poison.update(rig.happen(bad))
        for _ in range(10):
            rig.wait(hours=1)
        wanted = rig.happen(good)
        rig.run()
        assert receiver.ids[-1:] == wanted
        assert rig.states(made) == {"delivered": 1, "queued": 1}


def test_private_address_behind_a_name_is_not_gone_to(rig: Rig) -> None:
    """Allowed when it was typed in, or public then: what counts is what the name stands for when it is sent."""
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        with rig.world.database.write() as session:
            session.merge(rig.read(made)).sink = f"https://hooks.example.org:{receiver.host.split(':')[1]}/"
        rig.happen(rig.case())
        rig.deliverer.client = Guarded(look_up=lambda _host, _port: ["127.0.0.1"])
        rig.run()
        rig.deliverer.client.close()
        assert rig.deliveries(made)[0].code == "address"
        assert receiver.posts == []


def test_event_that_retention_took_is_given_up(rig: Rig) -> None:
    with receiving(answering((500, {}, b""))) as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case())
        rig.run()
        with rig.world.database.write() as session:
            session.execute(delete(Event))
        rig.wait(minutes=1)
        assert [(row.state, row.code) for row in rig.deliveries(made)] == [(DEAD, "event_gone")]
