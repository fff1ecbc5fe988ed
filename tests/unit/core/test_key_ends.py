"""The end of a month's keys: whole, after any step; and nobody takes it for a loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.core import key_ends, key_files, key_losses
from gateway.core.errors import KeyRefused
from gateway.core.keys import PROCESSES, load
from tests.support.world import START

LATER = START + timedelta(days=200)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    key_files.init(tmp_path, ["demo"], START)
    key_files.rotate(tmp_path, "content", "demo", "2026-11")
    return tmp_path


def test_destroy_takes_every_file_of_the_month_and_no_other(root: Path) -> None:
    worker = load(root / "worker", "worker")
    sealed = worker.seal_words("demo", START, "words", "messages/1/words")
    folder = root / "worker"
    before = {path for path in folder.rglob("*") if path.is_file()}
    kids = key_ends.kids(folder, "demo", "2026-11")
    assert len(kids) == 2, "one of them is replaced"
    assert key_ends.destroy(folder, "demo", "2026-11", LATER)
    gone = {path.relative_to(folder).as_posix() for path in before if not path.exists()}
    assert {name.rpartition("/")[2].partition("-")[0] for name in gone} == {"2026", "old"}
    assert all("content/demo/2026-11" in name for name in gone)
    assert len(gone) == 3
    assert [kid.hex() in (folder / "content/demo/2026-11.gone").read_text() for kid in kids] == [True, True]
    with pytest.raises(KeyRefused):
        worker.open(sealed, "messages/1/words")
    assert not key_ends.destroy(folder, "demo", "2026-11", LATER), "a second time there is nothing to do"
    assert ("demo", "2026-11") not in key_ends.months(folder)


def test_a_destroyed_month_is_not_lost_and_not_made_again(root: Path) -> None:
    for process in ("worker", "console"):
        key_ends.destroy(root / process, "demo", "2026-11", LATER)
    assert key_losses.lost(root) == []
    key_files.init(root, ["demo"], LATER)
    assert not list(root.glob("*/content/demo/2026-11*.key"))
    key_files.rotate(root, "content")
    assert not list(root.glob("*/content/demo/2026-11*.key"))
    for process in PROCESSES:
        load(root / process, process)


def test_a_month_that_is_gone_without_a_mark_is_lost(root: Path) -> None:
    for process in ("worker", "console"):
        (root / process / "content/demo/2026-12.key").unlink()
    assert key_losses.lost(root) == ["content/demo/2026-12"]


@pytest.mark.parametrize("step", range(12))
def test_destroy_that_is_cut_off_lets_the_process_start_and_is_finished(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    folder = root / "worker"
    calls = iter(range(100))

    class Killed(BaseException):
        pass

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any, **more: Any) -> Any:
            if next(calls) == step:
                raise Killed
            return real(*given, **more)

        return act

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", counted(Path.unlink))
        patched.setattr(Path, "rename", counted(Path.rename))
        patched.setattr(key_ends, "_overwrite", counted(key_ends._overwrite))
        patched.setattr(key_files, "put", counted(key_files.put))
        patched.setattr(key_files, "tell", counted(key_files.tell))
        try:
            key_ends.destroy(folder, "demo", "2026-11", LATER)
        except Killed:
            load(folder, "worker")
    key_ends.destroy(folder, "demo", "2026-11", LATER)
    assert not key_ends.is_there(folder, "demo", "2026-11")
    assert [path.name for path in (folder / "content/demo").glob("2026-11*")] == ["2026-11.gone"]
    load(folder, "worker")


def test_a_clock_set_back_makes_no_new_key_where_one_was_destroyed(root: Path) -> None:
    for process in ("worker", "console"):
        key_ends.destroy(root / process, "demo", "2026-11", LATER)
    key_files.init(root, ["demo"], START)
    assert not (root / "worker/content/demo/2026-11.key").exists()
    assert load(root / "worker", "worker").content_id("demo", LATER) == load(root / "intake", "intake").content_id(
        "demo", LATER
    )
