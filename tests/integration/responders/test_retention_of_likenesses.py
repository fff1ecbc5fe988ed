"""A likeness lives as long as both its cases, under the keys that they are under; the worker's memory no longer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.core.keys import PROCESSES, KeySet, load
from responders.cases import holds
from responders.cases.records import Case
from responders.linker import Linker
from responders.linking import reading
from responders.linking.records import Likeness
from tests.integration.responders.test_retention import count, destroy, write_and_close
from tests.support.world import World

YEARS = 3 * 365 + 2


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may destroy."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


def linker(world: World) -> Linker:
    return Linker(world.of("worker"), world.keys["worker"], world.clock)


@pytest.mark.parametrize("held", [False, True])
def test_a_likeness_goes_with_its_case_and_moves_on_with_held_ones(world: World, root: Path, *, held: bool) -> None:
    one = write_and_close(world, "Marcus Bell has a knife at school", sender="+13035550121")
    world.clock.forward(minutes=1)
    other = write_and_close(world, "markus bell trae navaja", sender="+13035550122")
    linker(world).run()
    assert count(world, Likeness) == 1
    if held:
        with world.database.write() as session:
            for case_id in (one, other):
                holds.place(session, session.get_one(Case, case_id), "records_request", "operator", world.clock())
    world.clock.forward(days=YEARS)
    destroy(world, root)
    assert not (root / "worker/content/demo/2026-11.key").exists()
    assert count(world, Likeness) == int(held)
    if held:
        with world.database.read() as session:
            (found,) = reading.proposals(session, world.keys["console"], session.get_one(Case, one))
        assert ("name", "Marcus Bell", "Markus") in {(r.kind, r.here, r.there) for r in found.reasons}


def test_what_retention_destroyed_is_forgotten_by_the_worker_too(world: World, root: Path) -> None:
    write_and_close(world, "Marcus Bell has a knife at school", sender="+13035550121")
    known = linker(world)
    known.run()
    (index,) = known._indexes.values()
    assert len(index) == len(known._at_hand) == 1
    world.clock.forward(minutes=1)
    case_id = write_and_close(world, "Emily Stone vapes", sender="+13035550122")
    known.run()
    assert len(index) == 2
    with world.database.write() as session:
        holds.place(session, session.get_one(Case, case_id), "records_request", "operator", world.clock())
    index.age = lambda *_: None  # type: ignore[method-assign]  # not by its age
    world.clock.forward(days=YEARS)
    destroy(world, root)
    known.run()
    assert len(index) == 1
    assert len(known._at_hand) == 0
    with world.database.read() as session:
        assert set(session.scalars(select(Case.id))) == {case_id}
