"""The log is gone through again: what is sent again, how far back, and in how many steps."""

from __future__ import annotations

from responders.subscriptions import service
from responders.subscriptions.records import BATCHED
from responders.subscriptions.spreading import BATCH
from tests.integration.subscriptions.conftest import Rig
from tests.support.receivers import receiving


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


def test_long_log_is_spread_batch_by_batch(rig: Rig) -> None:
    with receiving() as receiver:
        made = rig.subscribe(receiver, mode=BATCHED)
        case = rig.case()
        rig.happen(case, count=BATCH + 7)
        assert rig.spreader.spread_all() == BATCH + 7
        rows = rig.deliveries(made)
        assert len({row.event_id for row in rows}) == BATCH + 7
        assert rig.spreader.spread_all() == 0
