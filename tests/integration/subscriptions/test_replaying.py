"""The log is gone through again: what is sent again, how far back, and in how many steps."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.core.errors import BadInput
from gateway.core.records import Event
from responders.subscriptions import service
from responders.subscriptions.records import BATCHED
from responders.subscriptions.spreading import BATCH
from tests.integration.subscriptions.conftest import STAFF, Rig
from tests.support.receivers import TAKEN, consent, receiving


def test_log_is_gone_through_again_from_a_moment_on(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver)
        case = rig.case()
        rig.happen(case)
        rig.run()
        rig.world.clock.forward(hours=1)
        since = rig.world.clock()
        wanted = rig.happen(case, count=3)
        rig.run()
        receiver.got.clear()
        with rig.world.of("operator").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            assert service.replay_since(session, row, since, "operator", rig.world.clock()) == 3
        rig.run()
        assert receiver.ids == wanted
        assert rig.states(made) == {"delivered": 4}
        assert rig.run() == 0


def test_replay_reaches_what_was_before_the_subscription(rig: Rig) -> None:
    with receiving() as receiver:
        case = rig.case()
        wanted = rig.happen(case, count=2)
        made = rig.subscribe(receiver)
        with rig.world.of("operator").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            service.replay_since(session, row, rig.world.clock(), "operator", rig.world.clock())
        rig.run()
        assert [one for one in receiver.ids if one in wanted] == wanted


def test_a_person_has_what_waits_tried_at_once(rig: Rig) -> None:
    with receiving(lambda got: consent(got) if got.method == "OPTIONS" else (500, {}, b"")) as receiver:
        made = rig.subscribe(receiver)
        wanted = [one for case in [rig.case() for _ in range(5)] for one in rig.happen(case)]
        rig.run()
        for pause in (2, 10, 60):
            rig.wait(seconds=pause)
        assert rig.read(made).paused_until is not None
        receiver.choose = lambda _got: TAKEN
        receiver.got.clear()
        assert rig.run() == 0, "by itself it waits for minutes now"
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            assert service.try_now(session, row, STAFF, rig.world.clock()) == 5
        rig.run()
        assert sorted(one for one in receiver.ids if one in wanted) == sorted(wanted)
        assert rig.states(made).keys() == {"delivered"}
        with rig.world.database.read() as session:
            told = session.scalars(select(Event).where(Event.type == "org.tipline.subscription.hurried")).one()
        assert (told.actor, told.data) == (STAFF, {"count": 5})


def test_nothing_is_hurried_that_does_not_wait_or_was_never_agreed_to(rig: Rig) -> None:
    with receiving() as receiver:
        agreed, silent = rig.subscribe(receiver), rig.subscribe(receiver, agree=False)
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, agreed.row.id, lock=True)
            assert service.try_now(session, row, STAFF, rig.world.clock()) == 0
            row = service.find(session, rig.world.district_id, silent.row.id, lock=True)
            with pytest.raises(BadInput, match="has not agreed"):
                service.try_now(session, row, STAFF, rig.world.clock())


def test_nobody_hurries_a_receiver_beyond_the_rate_that_it_agreed_to(rig: Rig) -> None:
    with receiving(lambda got: consent(got, "2") if got.method == "OPTIONS" else TAKEN) as receiver:
        made = rig.subscribe(receiver)
        wanted = rig.happen(rig.case(), count=3)
        rig.run()
        assert receiver.ids == wanted[:1]
        pause = rig.read(made).paused_until
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            with pytest.raises(BadInput, match="as fast as the receiver agreed to"):
                service.try_now(session, row, STAFF, rig.world.clock())
        assert rig.read(made).paused_until == pause
        assert rig.another_worker().deliver_all() == 0
        assert receiver.ids == wanted[:1]
        rig.world.clock.forward(seconds=31)
        assert rig.another_worker().deliver_all() == 1


def test_what_was_refused_alone_is_hurried_within_the_rate(rig: Rig) -> None:
    with receiving(lambda got: consent(got, "2") if got.method == "OPTIONS" else (500, {}, b"")) as receiver:
        made = rig.subscribe(receiver)
        rig.happen(rig.case())
        rig.run()
        assert rig.read(made).failures == 0, "one event that is refused says nothing of the receiver"
        pause = rig.read(made).paused_until
        with rig.world.of("console").write() as session:
            row = service.find(session, rig.world.district_id, made.row.id, lock=True)
            assert service.try_now(session, row, STAFF, rig.world.clock()) == 1
        assert rig.read(made).paused_until == pause
        assert rig.run() == 0


def test_long_log_is_spread_batch_by_batch(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver, mode=BATCHED)
        case = rig.case()
        rig.happen(case, count=BATCH + 7)
        assert rig.spreader.spread_all() == BATCH + 7
        rows = rig.deliveries(made)
        assert len({row.event_id for row in rows}) == BATCH + 7
        assert rig.spreader.spread_all() == 0
