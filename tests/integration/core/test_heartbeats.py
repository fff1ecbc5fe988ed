"""Each process writes its own row and no other; the latest beat is found whatever the clock was set to since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.core import heartbeats
from gateway.core.records import Heartbeat
from tests.support.world import START, World


def _beat(world: World, process: str, instance: str, data: dict[str, Any] | None = None) -> None:
    with world.of(process).write() as session:
        heartbeats.beat(session, instance, process, "1", world.clock(), world.clock(), data or {})


def _rows(world: World) -> dict[str, Heartbeat]:
    with world.database.read() as session:
        return {row.instance: row for row in session.scalars(select(Heartbeat))}


@pytest.mark.parametrize("process", ["intake", "courier", "worker", "console", "clock"])
def test_beat_makes_a_row_once_and_moves_it_on(world: World, process: str) -> None:
    _beat(world, "clock", "other")
    _beat(world, process, "mine")
    later = world.clock.forward(seconds=5)
    _beat(world, process, "mine", {"trouble": "keys"})
    rows = _rows(world)
    assert (rows["mine"].started_at, rows["mine"].beat_at, rows["mine"].data) == (START, later, {"trouble": "keys"})
    assert (rows["other"].beat_at, len(rows)) == (START, 2)


def test_latest_is_the_instance_that_beats_even_when_the_clock_was_set_back(world: World) -> None:
    _beat(world, "worker", "dead")
    world.clock.forward(hours=-1)
    _beat(world, "worker", "alive")
    world.clock.forward(seconds=5)
    with world.database.read() as session:
        assert heartbeats.latest(session, world.clock())["worker"].instance == "alive"
        assert [row.instance for row in heartbeats.living(session, world.clock())] == ["alive"]


def test_instances_are_those_of_one_process(world: World) -> None:
    for process, instance in (("intake", "a"), ("intake", "b"), ("console", "c")):
        _beat(world, process, instance)
    for process in ("courier", "worker"):
        with world.of(process).read() as session:
            assert heartbeats.instances(session, "intake") == {"a", "b"}


def test_tidy_deletes_what_has_stood_still_for_an_hour(world: World) -> None:
    _beat(world, "intake", "old")
    world.clock.forward(minutes=59)
    _beat(world, "intake", "new")
    world.clock.forward(minutes=2)
    with world.of("clock").write() as session:
        heartbeats.tidy(session, world.clock())
    assert set(_rows(world)) == {"new"}
    assert timedelta(hours=1) == heartbeats.KEEP
