"""In a long queue the critical are first, and the others wait no longer than they must."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from gateway.core import intake, turns
from gateway.core.messages import Inbound
from gateway.core.records import Message
from tests.support.world import REPORTS, World
from triage import first_look

GUN, SHOES = "theres a kid with a gun in the bathroom", "he was mean about my shoes and said they look cheap"


def _queue(world: World, count: int, every: int) -> tuple[list[str], list[str]]:
    """Take in `count` texts, each `every`th about a gun; the ids of those and of the others, in order."""
    assert first_look.look(GUN) < first_look.look(SHOES)
    inbounds = [
        Inbound("sms", f"SMq{place}", f"+1303555{place:04}", REPORTS, SHOES if (place + 1) % every else GUN,
                world.clock() + timedelta(seconds=place))
        for place in range(count)
    ]  # fmt: skip
    receipts = intake.receive_all(world.of("intake"), world.keys["intake"], inbounds)
    ids = [receipt.message_id for receipt in receipts]
    urgent = ids[every - 1 :: every]
    return urgent, [one for one in ids if one not in urgent]


def test_in_a_queue_of_500_the_critical_are_threaded_first(world: World) -> None:
    urgent, _ = _queue(world, 500, every=20)
    tried = 0
    while not _threaded(world).issuperset(urgent):
        tried += world.courier.thread_some()
    assert tried <= len(urgent) / turns.URGENT * (turns.URGENT + turns.LONGEST) + turns.URGENT + turns.LONGEST


def test_who_waits_longest_has_a_turn_however_many_are_urgent(world: World) -> None:
    urgent, calm = _queue(world, 40, every=2)
    world.courier.thread_some()
    assert _threaded(world) == {*urgent[: turns.URGENT], *calm[: turns.LONGEST]}


def test_next_up_names_all_there_are_and_none_twice(world: World) -> None:
    urgent, calm = _queue(world, 7, every=7)
    waiting = select(Message.id).where(Message.threaded_at.is_(None))
    left: list[str] = []
    with world.database.read() as session:
        while found := turns.next_up(session, waiting, left):
            left += found
    assert sorted(left) == sorted([*urgent, *calm])
    assert left[0] == urgent[0]


def test_threading_gives_way_while_urgent_messages_wait_for_the_judge_alone(world: World) -> None:
    urgent, calm = _queue(world, 4, every=2)
    assert not world.courier.gives_way(), "the urgent ones have no thread yet"
    world.courier.thread_all()
    world.clock.forward(seconds=4)
    assert world.courier.gives_way()
    _judged(world, urgent)
    assert not world.courier.gives_way(), "the calm ones hold up nobody"
    assert calm


def test_threading_gives_way_only_to_what_is_fresh(world: World) -> None:
    _queue(world, 1, every=1)
    world.courier.thread_all()
    assert world.courier.gives_way()
    world.clock.forward(seconds=6)
    assert not world.courier.gives_way(), "perhaps it cannot be judged at all"


def _judged(world: World, ids: list[str]) -> None:
    with world.database.write() as session:
        session.execute(update(Message).where(Message.id.in_(ids)).values(dispatched_at=world.clock()))


def _threaded(world: World) -> set[str]:
    with world.database.read() as session:
        return set(
            session.scalars(select(Message.id).where(Message.direction == "in", Message.threaded_at.is_not(None)))
        )
