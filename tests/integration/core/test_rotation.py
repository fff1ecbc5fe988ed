"""Rotation on real databases: rows move to the new key while the house works on, and nobody gets a second token."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.core import conversation, key_files, rotation, tokens
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import District, Line, Message, Thread, Token
from gateway.core.rotation import Renewer, Resealing
from gateway.core.seal import seal
from gateway.front import cli
from gateway.front.migrations.tables import METADATA
from gateway.front.wiring import courier, worker
from tests.support.crowd import Crowd
from tests.support.world import STUDENT, World

NUMBERS = [f"+1303555{1000 + number}" for number in range(500)]


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may rotate."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    """Processes that were started before the rotation, and never again."""
    return {process: load(root / process, process) for process in PROCESSES}


@pytest.fixture
def tipline(
    world: World, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run `tipline keys` on this database and these keys; answers the exit code and what it said."""
    monkeypatch.setenv("DATABASE_URL", world.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TIPLINE_KEYS_DIR", str(root))

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["keys", *words])
        out, err = capsys.readouterr()
        return code, out + err

    return run


def renewers(world: World) -> list[Renewer]:
    """Courier and worker, as far as they renew."""
    parts = {"courier": courier.renewals(world.keys["courier"]), "worker": worker.renewals(world.keys["worker"])}
    return [Renewer(world.of(process), world.clock, renewals) for process, renewals in parts.items()]


def renew(world: World) -> None:
    for one in renewers(world):
        while one.step():
            pass


def left(world: World, root: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    with world.database.read() as session:
        for kind in key_files.KINDS:
            found |= rotation.usage(session, METADATA, key_files.old_keys(root, kind))
    return found


def grow_older(root: Path, by: timedelta) -> None:
    """Let the keys have been there for a while."""
    moment = time.time() - by.total_seconds()
    for path in (*root.rglob("*.pub"), *root.glob("*/changed")):
        os.utime(path, (moment, moment))


def test_every_sealed_column_is_renewed_by_somebody(keys: Mapping[str, KeySet]) -> None:
    renewals = [*courier.renewals(keys["courier"]), *worker.renewals(keys["worker"])]
    columns = [one._column for one in renewals if isinstance(one, Resealing)]
    renewed = {f"{column.class_.__tablename__}.{column.key}" for column in columns}
    reporters_own = {"copies.words_sealed"}  # Sealed to receipts, which nobody here has.
    assert renewed == {str(column) for column in rotation.sealed_columns(METADATA)} - reporters_own


def test_rows_move_to_the_new_keys_and_the_house_works_on(world: World, root: Path) -> None:
    first = world.text("a gun")
    world.courier.thread_all()
    second = world.text("not threaded yet")
    for kind in key_files.KINDS:
        key_files.rotate(root, kind)
    world.text("me again")
    world.courier.thread_all()
    assert world.message(second).thread_id == world.message(first).thread_id, "the same person, before and after"
    assert left(world, root)["tokens.address_sealed"] == 1
    renew(world)
    assert left(world, root) == {}
    world.courier.send_all()
    assert {message.to for message in world.carrier.sent} == {STUDENT}
    assert conversation.words(world.keys["console"], world.message(first)) == "a gun"
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Token)) == 1


def test_renewer_rests_when_it_has_been_through_and_starts_at_once_after_the_next_rotation(
    world: World, root: Path
) -> None:
    world.text("a gun")
    one = Renewer(world.of("worker"), world.clock, worker.renewals(world.keys["worker"]))
    assert not one.step(), "no replaced key, nothing to do"
    key_files.rotate(root, "content")
    assert one.step()
    assert not one.step()
    late = world.text("sealed by someone who had not heard yet")
    with world.database.write() as session:
        row = session.get_one(Message, late)
        row.words_sealed = sealed_late(world, root, row)
    assert not one.step(), "it rests"
    world.clock.forward(seconds=61)
    assert one.step()
    assert left(world, root) == {}
    key_files.rotate(root, "content")
    assert one.step(), "another rotation is not waited for"


def sealed_late(world: World, root: Path, row: Message) -> bytes:
    """Seal as a process would that has not heard of the new key."""
    month = root / "worker" / "content" / "demo" / "2026-11"
    (kid,) = (one.kid for one in key_files.old_keys(root, "content") if any(path.parent == month for path in one.paths))
    return seal(world.keys["worker"]._keys().private[kid].public_key(), b"late words", row.bound("words"))


def test_a_damaged_row_holds_up_no_other_and_its_key_is_not_deleted(
    world: World, root: Path, tipline: Callable[..., tuple[int, str]]
) -> None:
    ids = [world.text(f"words {number}") for number in range(250)]
    broken = min(ids)
    with world.database.write() as session:
        row = session.get_one(Message, broken)
        row.words_sealed = row.words_sealed[:50] + bytes(10) + row.words_sealed[60:]
    key_files.rotate(root, "content")
    renew(world)
    assert left(world, root) == {"messages.words_sealed": 1}
    grow_older(root, timedelta(minutes=11))
    code, said = tipline("rotate", "content", "--finish")
    assert code == 2
    assert "1 rows in messages.words_sealed" in said
    assert key_files.old_keys(root, "content")


def test_index_rotation_never_makes_two_tokens_while_many_write(world: World, root: Path) -> None:
    numbers = NUMBERS[:20]
    with world.database.read() as session:
        district, line = world.district(session), world.line(session)
    stop = threading.Event()

    def one_courier(seed: int) -> None:
        own = load(root / "courier", "courier")
        turn = seed
        while not stop.is_set():
            turn += 1
            # A key that comes between looking and making is told by the unique index; the courier then tries again.
            with suppress(IntegrityError), world.database.write() as session:
                find_or_make(session, own, district, line, numbers[(turn * 7) % 20])

    def renewing() -> None:
        while not stop.is_set():
            renew(world)

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(one_courier, seed) for seed in range(4)] + [pool.submit(renewing)]
        for rotations in range(1, 6):
            key_files.rotate(root, "index")
            wait_until(lambda least=rotations * 4: count(world) >= least)  # type: ignore[misc]
        stop.set()
        for job in jobs:
            job.result()
    renew(world)
    assert count(world) == 20
    assert left(world, root) == {}


def test_a_courier_that_waits_sees_the_token_that_was_made_under_the_old_index_key(world: World, root: Path) -> None:
    with world.database.read() as session:
        district, line = world.district(session), world.line(session)
    stale, fresh = (load(root / "courier", "courier") for _ in range(2))
    asked = threading.Event()

    def second() -> str:
        with world.database.write() as session:
            asked.set()
            return find_or_make(session, fresh, district, line, STUDENT).id

    with ThreadPoolExecutor(1) as pool:
        with world.database.write() as session:
            made = find_or_make(session, stale, district, line, STUDENT).id
            key_files.rotate(root, "index")
            job = pool.submit(second)
            if not world.database.is_sqlite:  # there a second writer waits before it begins
                assert asked.wait(10)
        assert job.result() == made
    assert count(world) == 1


def test_five_thousand_messages_survive_every_rotation(
    world: World, root: Path, tipline: Callable[..., tuple[int, str]]
) -> None:
    crowd = Crowd(world, NUMBERS)
    crowd.write(5000)
    crowd.work_on(200)
    old = {
        process: load(shutil.copytree(root / process, root.parent / "old" / process), process) for process in PROCESSES
    }
    for kind in key_files.KINDS:
        assert tipline("rotate", kind)[0] == 0
    before = left(world, root)
    assert before["messages.words_sealed"] >= 5000
    crowd.write(100)  # people go on writing meanwhile
    code, said = tipline("rotate", "identity", "--finish")
    assert (code, "too new" in said) == (2, True)
    grow_older(root, timedelta(minutes=11))
    for kind in key_files.KINDS:
        if kind != "delivery":  # Nobody in this world is sent events, so nothing is sealed to it.
            code, said = tipline("rotate", kind, "--finish")
            assert (code, "still needed by" in said) == (2, True)

    kill_half_way(world, root, before["messages.words_sealed"])
    assert left(world, root), "it was half-way"
    crowd.check(dict(world.keys))
    crowd.write(100)
    world.courier.thread_all()

    renew(world)
    assert left(world, root) == {}
    grow_older(root, timedelta(minutes=11))
    for kind in key_files.KINDS:
        assert tipline("rotate", kind, "--finish")[0] == 0
        assert key_files.old_keys(root, kind) == []
    crowd.check({process: load(root / process, process) for process in PROCESSES})
    with world.database.read() as session:
        threads = session.scalar(select(func.count()).select_from(Thread))
        assert (count(world), threads) == (500, 500)
        kids = set(old["courier"]._keys().private) | set(old["worker"]._keys().private)
        for column in rotation.sealed_columns(METADATA):
            starts = session.scalars(select(func.substr(column, 3, 8)).where(column.is_not(None)))
            assert not kids & {bytes(start) for start in starts}


def kill_half_way(world: World, root: Path, rows: int) -> None:
    """Start courier and worker renewing, and kill -9 them when a part is done."""
    url = world.database.engine.url.render_as_string(hide_password=False)
    child = subprocess.Popen([sys.executable, "-m", "tests.support.renewing_child", url, str(root)])
    try:
        wait_until(lambda: left(world, root).get("messages.words_sealed", 0) < rows - 300 or child.poll() is not None)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == -9


def count(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(Token)) or 0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def find_or_make(session: Session, keys: KeySet, district: District, line: Line, number: str) -> Token:
    """Do what the courier does with one sender."""
    token = tokens.find_or_make(session, keys, [tokens.Sender(district, line, number)])[0]
    session.add(token)
    session.flush()
    return token
