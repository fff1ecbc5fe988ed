"""An alert and the retention of its case: a draft goes with it or moves on under its hold, what was sent stays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.core.keys import PROCESSES, KeySet, load
from responders.cases import holds
from responders.cases.records import Case
from responders.escalation import drafts
from responders.escalation.records import Alert
from tests.integration.responders.test_retention import count, destroy, write_and_close
from tests.support.warners import Warners


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may destroy."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


@pytest.mark.parametrize("held", [False, True])
def test_a_draft_goes_with_its_case_and_what_was_sent_stays_without_it(
    warners: Warners, root: Path, *, held: bool
) -> None:
    world = warners.world
    case_id = write_and_close(world, "there was a fight")
    with world.database.read() as session:
        case = session.get_one(Case, case_id)
    waiting, sent = warners.draft(case), warners.draft(case)
    warners.send(sent)
    if held:
        with world.database.write() as session:
            holds.place(session, session.get_one(Case, case.id), "audit", "operator", world.clock())
    world.clock.forward(days=3 * 365 + 2)
    destroy(world, root)
    assert not (root / "worker/content/demo/2026-11.key").exists()
    assert count(world, Alert) == (2 if held else 1)
    assert warners.row(sent).document is not None
    assert warners.row(sent).case_id == (case.id if held else None)
    if held:
        draft = drafts.opened(warners.keys, warners.row(waiting))
        assert draft is not None
        assert draft.told("en-US").headline == "Lockdown at Cedar Valley School District"
