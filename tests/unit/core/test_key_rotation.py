"""Rotation in the key folders: cut off after any step, every process opens whatever any process seals."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.core import key_files
from gateway.core.errors import KeyRefused, NotFound
from gateway.core.keys import GRANTS, PROCESSES, KeySet, load

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
OPENERS = {"identity": "courier", "outbound": "courier", "content": "worker", "delivery": "worker"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keys")
    key_files.init(root, [], NOW)
    for process in PROCESSES:  # three months are enough here
        for path in (root / process / "content" / "common").iterdir():
            if path.stem > "2027-01":
                path.unlink()
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "keys"))


def sets(root: Path) -> dict[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


def sealers(keys: KeySet) -> dict[str, Callable[[], bytes]]:
    return {
        "identity": lambda: keys.seal_address("words", "x"),
        "outbound": lambda: keys.seal_outbound("words", "x"),
        "content": lambda: keys.seal_words(None, NOW, "words", "x"),
        "delivery": lambda: keys.seal_delivery("words", "x"),
    }


@pytest.mark.parametrize("kind", list(OPENERS))
def test_rotate_is_taken_up_by_processes_that_run(root: Path, kind: str) -> None:
    keys = sets(root)
    before = sealers(keys["intake"])[kind]()
    key_files.rotate(root, kind)
    after = sealers(keys["intake"])[kind]()
    opener = keys[OPENERS[kind]]
    assert before[:10] != after[:10]
    assert [opener.open(envelope, "x") for envelope in (before, after)] == ["words", "words"]
    resealed = opener.reseal(before, "x")
    assert resealed[:10] == after[:10]
    assert opener.open(resealed, "x") == "words"
    with pytest.raises(KeyRefused, match="not sealed to a replaced key"):
        opener.reseal(after, "x")


def test_rotate_index_goes_on_finding_under_the_old_key(root: Path) -> None:
    courier = load(root / "courier", "courier")
    before = courier.blind_index("demo", "+13035550123")
    key_files.rotate(root, "index")
    new, old = courier.blind_indexes("demo", "+13035550123")
    assert (old, new != before) == (before, True)
    assert courier.index_ids() == (new[:8], old[:8])


def test_rotate_content_takes_only_what_is_named(root: Path) -> None:
    assert key_files.rotate(root, "content", of_month="2026-11") == ["content/common/2026-11"]
    assert len(key_files.old_keys(root, "content")) == 1
    with pytest.raises(NotFound):
        key_files.rotate(root, "content", "nowhere")


def test_rotate_twice_keeps_every_generation_until_it_is_retired(root: Path) -> None:
    keys = sets(root)
    envelopes = []
    for _ in range(3):
        envelopes.append(keys["intake"].seal_address("words", "x"))
        key_files.rotate(root, "identity")
    assert [keys["courier"].open(envelope, "x") for envelope in envelopes] == ["words"] * 3
    newest = {keys["courier"].reseal(envelope, "x")[:10] for envelope in envelopes}
    assert newest == {keys["intake"].seal_address("words", "x")[:10]}


class CutError(Exception):
    """The power went."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let the power go at the n-th write of a file from now on."""
    write = key_files._write

    def after(steps: int) -> None:
        left = iter(range(steps))

        def failing(path: Path, content: bytes, mode: int) -> None:
            if next(left, None) is None:
                raise CutError
            write(path, content, mode)

        monkeypatch.setattr(key_files, "_write", failing)

    yield after
    monkeypatch.setattr(key_files, "_write", write)


@pytest.mark.parametrize("steps", range(17))
@pytest.mark.parametrize("kind", ["identity", "content"])
def test_rotate_cut_off_anywhere_harms_nothing_and_can_be_run_again(
    root: Path, kind: str, steps: int, cut: Callable[[int], None]
) -> None:
    running = sets(root)
    before = sealers(running["intake"])[kind]()
    month = "2026-11" if kind == "content" else None
    cut(steps)
    with suppress(CutError):  # the last steps are not cut off
        key_files.rotate(root, kind, of_month=month)
    cut(1000)
    for again in range(2):
        started = sets(root)  # some were restarted meanwhile, some were not
        openers = [keys[process] for keys in (running, started) for process in PROCESSES if kind in GRANTS[process]]
        for sealing in (*running.values(), *started.values()):
            envelope = sealers(sealing)[kind]()
            assert {opener.open(one, "x") for opener in openers for one in (before, envelope)} == {"words"}
        if not again:
            key_files.rotate(root, kind, of_month=month)
    assert key_files.in_use(root, kind)


def test_in_use_refuses_a_rotation_that_was_cut_off(root: Path, cut: Callable[[int], None]) -> None:
    cut(3)
    with pytest.raises(CutError):
        key_files.rotate(root, "identity")
    with pytest.raises(KeyRefused, match="Run `tipline keys rotate identity` again"):
        key_files.in_use(root, "identity")


def test_told_for_counts_from_when_the_last_process_could_know(root: Path) -> None:
    key_files.rotate(root, "identity")
    now = datetime.now(UTC)
    assert key_files.told_for(root, now + timedelta(minutes=11)) > timedelta(minutes=10)
    (root / "intake" / "changed").unlink()  # its processes never heard of it: they are told, and the wait begins anew
    os.utime(root / "worker" / "changed", (1, 1))
    assert key_files.told_for(root, datetime.now(UTC)) < timedelta(minutes=1)
    assert (root / "intake" / "changed").exists()


def test_retire_deletes_the_old_key_and_processes_forget_it(root: Path) -> None:
    keys = sets(root)
    before = keys["intake"].seal_address("words", "x")
    key_files.rotate(root, "identity")
    (old,) = key_files.old_keys(root, "identity")
    assert keys["courier"].replaced() == {old.kid}
    key_files.retire(root, old)
    assert keys["courier"].replaced() == frozenset()
    assert not (root / "courier" / "identity").exists()
    with pytest.raises(KeyRefused):
        keys["courier"].open(before, "x")


def test_a_running_process_keeps_its_keys_when_the_changed_folder_is_spoilt(root: Path) -> None:
    intake = load(root / "intake", "intake")
    (root / "intake" / "identity.pub").write_text("spoilt")
    key_files.tell(root, ["intake"])
    envelope = intake.seal_address("words", "x")
    assert load(root / "courier", "courier").open(envelope, "x") == "words"
    with pytest.raises(KeyRefused, match=r"identity\.pub is missing or damaged"):
        load(root / "intake", "intake")


def test_an_old_key_is_surplus_where_its_kind_is_not_granted(root: Path) -> None:
    key_files.rotate(root, "identity")
    shutil.copytree(root / "courier" / "identity", root / "console" / "identity")
    with pytest.raises(KeyRefused, match="console must not hold these keys"):
        load(root / "console", "console")


def test_old_private_keys_are_their_owners_alone(root: Path) -> None:
    for kind in key_files.KINDS:
        key_files.rotate(root, kind)
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*.key")} == {0o600}
    assert not list(root.rglob("*.part"))
