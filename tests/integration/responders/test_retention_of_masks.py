"""An unmasking lives as long as the words it shows, under the keys that they are under."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core import guard
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import Message
from responders.cases import holds, masks
from responders.cases.records import Case, Unmasking
from tests.integration.responders.test_retention import count, destroy, write_and_close
from tests.support.world import World


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may destroy."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


@pytest.mark.parametrize("held", [False, True])
def test_an_unmasking_moves_on_with_a_held_case_and_goes_with_any_other(
    world: World, root: Path, *, held: bool
) -> None:
    case_id = write_and_close(world, "there was a fight. my name is Sarah")
    console = world.keys["console"]
    with world.database.write() as session:
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        ask = masks.Ask(0, "name", guard.VERSION, "duty", "a court asked")
        assert masks.lift(session, console, message, ask, "account:1", world.clock())
        if held:
            holds.place(session, session.get_one(Case, case_id), "records_request", "operator", world.clock())
    world.clock.forward(days=3 * 365 + 2)
    destroy(world, root)
    assert not (root / "worker/content/demo/2026-11.key").exists()
    assert count(world, Unmasking) == int(held)
    if held:
        with world.database.read() as session:
            (lifted,) = masks.lifted(session, world.keys["worker"], [message.id])[message.id]
        assert (lifted.note, lifted.start, lifted.end) == ("a court asked", 30, 35)
