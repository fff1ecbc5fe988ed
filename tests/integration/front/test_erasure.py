"""Erasure, as a thief sees it: an old copy of the database and every key but the destroyed ones yield no word."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import undefer

from gateway.core import conversation, courier, erasing, escrow, key_files, key_losses, rotation
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, Unavailable
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import District, Message, Send, Thread, Token
from gateway.core.rotation import Renewer
from gateway.core.seal import key_id, sealed_to, unseal
from gateway.front.migrations.tables import METADATA
from gateway.front.wiring import courier as courier_wiring
from responders.cases import erasing as of_cases
from responders.cases import holds, reading
from responders.cases.records import Case
from responders.retention import destroying, report, resealing, rules, service
from responders.retention.destroying import Destroyer
from responders.retention.records import KeyEnd, RetentionRun, Tombstone
from tests.support.ages import MONTHS, Ages
from tests.support.world import World

NOW = datetime(2028, 1, 20, tzinfo=UTC)
"""A year after the third of the five months."""
LAPSED, KEPT = MONTHS[:3], MONTHS[3:]


class Killed(BaseException):
    """What a process hears of its own kill -9: nothing that anyone could catch by mistake."""


@pytest.fixture
def root(key_root: Path, tmp_path: Path) -> Path:
    """Keys of this test's own, which it may destroy."""
    return Path(shutil.copytree(key_root, tmp_path / "keys"))


@pytest.fixture
def keys(root: Path) -> Mapping[str, KeySet]:
    return {process: load(root / process, process) for process in PROCESSES}


@dataclass
class House:
    """What destroys: worker, console and courier, each under its own role and with its own folder."""

    world: World
    root: Path

    def order(self) -> None:
        with self.world.of("clock").write() as session:
            service.order(session, service.CLOCK, self.world.clock())

    def destroyer(self, kill_at: str = "", nth: int = 1) -> Destroyer:
        left = nth

        def point(name: str) -> None:
            nonlocal left
            left -= name == kill_at
            if name == kill_at and left == 0:
                raise Killed

        folder = self.root / "worker"
        return Destroyer(self.world.of("worker"), self.world.keys["worker"], folder, self.world.clock, point)

    def finish(self) -> None:
        while self.destroyer().work():
            pass
        courier.forget_all(self.world.of("courier"))
        destroying.end_keys_of_console(self.world.of("console"), self.root / "console", self.world.clock)
        erasing.sweep_files(self.world.database)


@pytest.fixture
def house(world: World, root: Path) -> House:
    with world.database.write() as session:
        rules.change(session, session.get_one(District, world.district_id), "cases", "P1Y", "operator", world.clock())
    return House(world, root)


@dataclass(frozen=True)
class Envelope:
    """One sealed value of a stolen copy."""

    place: str
    content: bytes
    bound: str


def steal(database: Database) -> list[Envelope]:
    """Take every sealed value there is."""
    found = []
    with database.read() as session:
        for column in rotation.sealed_columns(METADATA):
            table = column.table
            query = select(table.c.id, column).where(func.length(column) > 0)
            for one, content in session.execute(query):
                bound = f"{table.name}/{one}/{column.name.removesuffix('_sealed')}"
                found.append(Envelope(str(column), bytes(content), bound))
    return found


def private_keys(root: Path) -> dict[bytes, X25519PrivateKey]:
    """Take every private key of every process, replaced ones too."""
    found = {}
    for path in root.rglob("*"):
        if not path.is_file() or b"PRIVATE KEY" not in path.read_bytes():
            continue
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(key, X25519PrivateKey):
            found[key_id(key.public_key())] = key
    return found


def opened(stolen: Iterable[Envelope], keys: Mapping[bytes, X25519PrivateKey]) -> list[Envelope]:
    """Open what opens, each with the key that it names."""
    found = []
    for one in stolen:
        key = keys.get(sealed_to(one.content))
        if key is not None and unseal(key, one.content, one.bound) is not None:
            found.append(one)
    return found


def opens_with_any(one: Envelope, keys: Mapping[bytes, X25519PrivateKey]) -> bool:
    """Try every key there is, whatever the envelope says of itself."""
    for key in keys.values():
        try:
            unseal(key, one.content, one.bound)
        except KeyRefused:
            continue
        return True
    return False


WORDS = {str(column.property.columns[0]) for column in resealing.COLUMNS} - {"sends.body_sealed"}
LEFT = {"threads.address_sealed", "tokens.address_sealed", "messages.media_sealed", "sends.body_sealed"}


def test_of_five_thousand_messages_nothing_that_lapsed_comes_back(house: House, root: Path, tmp_path: Path) -> None:
    world, ages = house.world, Ages(house.world)
    ages.live(5000, 100)
    with world.database.write() as session:
        kept = session.get_one(Case, ages.cases("2026-11")[0])
        holds.place(session, kept, "litigation", "operator", world.clock())
        held = of_cases.gather(session, kept.id)
    world.clock.now = NOW
    old_root = Path(shutil.copytree(root, tmp_path / "old"))
    old_copy, old_keys = steal(world.database), private_keys(root)
    words = [one for one in old_copy if one.place in WORDS]
    assert len(words) > 5500
    assert opened(words, old_keys) == words, "with the old keys the old copy opens: the test bites"

    house.order()
    with pytest.raises(Killed):
        house.destroyer("a case is gone", 150).work()
    with pytest.raises(Killed):
        house.destroyer("some rows are re-sealed", 5).work()
    house.finish()

    left = private_keys(root)
    assert opened(words, left) == [], "the horizon: an old copy and today's keys"
    assert not any(opens_with_any(one, left) for one in words[::97])
    assert {one.place for one in opened(old_copy, left)} == LEFT, "what the courier's own keys hold"
    check_what_is_kept(world, ages, held)
    check_what_is_gone(world, ages, held, old_copy)
    check_the_report(world)
    assert key_losses.lost(root) == []
    check_addresses_end_with_their_keys(world, root, old_copy)
    assert escrow.missing(escrow.Archive("", escrow.read(old_root)), root) != [], "rotated keys want a new escrow"


def check_what_is_kept(world: World, ages: Ages, held: of_cases.Belongings) -> None:
    """Other months and the held case open, at worker and console alike; nothing else is there."""
    with world.database.read() as session:
        messages = {one.id: one for one in session.scalars(select(Message))}
        expected = {one for name in KEPT for one in ages.crowds[name].said} | (held.message_ids & set(ages.said))
        receipts = {one.id for one in messages.values() if one.kind == "receipt"}
        assert set(messages) - receipts == expected
        assert len(receipts) == 201
        for process in ("worker", "console"):
            for one in messages.values():
                words = conversation.words(world.keys[process], one)
                assert words == ages.said[one.id] if one.id not in receipts else words
        case = session.get_one(Case, min(held.case_ids))
        assert [note.text for note in reading.notes(session, world.keys["console"], case)] == ["note"]
        assert session.scalar(select(func.count()).select_from(Case)) == 201
        for thread in session.scalars(select(Thread).options(undefer(Thread.address_sealed))):
            assert world.keys["courier"].open(thread.address_sealed or b"", thread.bound("address"))


def check_what_is_gone(world: World, ages: Ages, held: of_cases.Belongings, stolen: list[Envelope]) -> None:
    """Rows, addresses and tokens are gone; on SQLite their bytes are gone from the files as well."""
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Tombstone)) == 299
        assert session.scalar(select(func.count()).select_from(Thread)) == 201
        assert session.scalar(select(func.count()).select_from(Token)) == 201
        bodies = session.scalars(select(Send.body_sealed).where(func.length(Send.body_sealed) > 0)).all()
        assert len(bodies) == 1, "the page of the held case; all other words of texts are past P90D"
    if not world.database.is_sqlite:
        return  # Dead rows stay in PostgreSQL's files until VACUUM, and in its WAL: there the key is the guarantee.
    there = {one.bound for one in steal(world.database)}
    gone = [one for one in stolen if one.bound not in there]
    path = Path(str(world.database.engine.url.database))
    files = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*") if one.is_file())
    assert len(gone) > 3000
    for one in gone[::40]:
        assert one.content[10:34] not in files, one.place
        assert one.content[-24:] not in files, one.place


def check_the_report(world: World) -> None:
    with world.database.read() as session:
        (run,) = report.past(session)
        ends = session.scalars(select(KeyEnd)).all()
        assert session.scalars(select(RetentionRun)).one().finished_at == NOW
    assert run["kept"] == {"held": 1, "open": 0, "carrier": 0}
    cases = {row["month"]: row["things"] for row in run["destroyed"] if row["kind"] == "cases"}
    assert cases == {"2026-11": 99, "2026-12": 100, "2027-01": 100}
    assert {end.district for end in ends} == {"demo", "common"}
    assert all(end.worker_gone_at and end.console_gone_at and end.finding is None for end in ends)
    assert {end.month for end in ends if end.district == "demo"} == {*MONTHS, "2027-04", "2027-05", "2027-06",
                                                                    "2027-07", "2027-08", "2027-09"}  # fmt: skip
    assert "retention.finished" in world.events("retention")


def check_addresses_end_with_their_keys(world: World, root: Path, stolen: list[Envelope]) -> None:
    """No month's key holds a number: in an old copy it opens until identity and outbound keys are rotated."""
    for kind in ("identity", "outbound"):
        key_files.rotate(root, kind)
    renewer = Renewer(world.database, world.clock, courier_wiring.renewals(world.keys["courier"]))
    while renewer.step():
        pass
    for kind in ("identity", "outbound"):
        for old in key_files.old_keys(root, kind):
            with world.database.read() as session:
                assert rotation.usage(session, METADATA, [old]) == {}
            key_files.retire(root, old)
    assert opened(stolen, private_keys(root)) == []


POINTS = [
    "a case is erased", "a case is gone", "texts to staff are empty", "a month is ordered", "some rows are re-sealed",
    "a month is free", "keys are gone at the worker", "a run is finished",
]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_at_any_step_is_finished_by_the_next(house: House, root: Path, point: str) -> None:
    world, ages = house.world, Ages(house.world)
    ages.live(100, 4)
    world.clock.now = NOW
    house.order()
    with pytest.raises(Killed):
        house.destroyer(point, 2 if point in {"a case is gone", "some rows are re-sealed"} else 1).work()
    with world.database.read() as session:
        for one in session.scalars(select(Message)):
            assert conversation.words(load(root / "worker", "worker"), one)
    house.finish()
    with world.database.read() as session:
        expected = {one for name in KEPT for one in ages.crowds[name].said}
        messages = {one.id: one for one in session.scalars(select(Message))}
        assert expected <= set(messages)
        for name in KEPT:
            for message_id, words in ages.crowds[name].said.items():
                assert conversation.words(world.keys["console"], messages[message_id]) == words
        assert session.scalar(select(func.count()).select_from(Case)) == 8
        assert session.scalar(select(func.count()).select_from(Tombstone)) == 12
        (run,) = report.past(session)
    assert sum(row["things"] for row in run["destroyed"] if row["kind"] == "cases") == 12, "each is counted once"
    assert not (root / "console/content/demo/2026-11.key").exists()
    assert not (root / "worker/content/demo/2026-11.key").exists()
    assert world.events("key.").count("key.destroyed") == 2 * 22


def test_two_workers_at_once_destroy_each_thing_once_and_nothing_else(house: House, root: Path) -> None:
    world, ages = house.world, Ages(house.world)
    ages.live(200, 8)
    world.clock.now = NOW
    house.order()
    workers, start = [house.destroyer(), house.destroyer()], Barrier(2)

    def work(one: Destroyer) -> None:
        start.wait()
        for _ in range(20):
            with suppress(Unavailable, IntegrityError, FileNotFoundError):  # The other was first: the duty comes again.
                if not one.work():
                    return

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, workers))
    house.finish()
    with world.database.read() as session:
        (run,) = report.past(session)
        messages = {one.id: one for one in session.scalars(select(Message))}
        emptied = session.scalar(select(func.count()).where(Send.body_sealed == b"")) or 0
        assert session.scalar(select(func.count()).select_from(Tombstone)) == 24
    assert sum(row["things"] for row in run["destroyed"] if row["kind"] == "cases") == 24
    assert sum(row["things"] for row in run["destroyed"] if row["kind"] == "pages") == emptied > 0
    for name in KEPT:
        for message_id, words in ages.crowds[name].said.items():
            assert conversation.words(world.keys["console"], messages[message_id]) == words
    assert not (root / "console/content/demo/2026-11.key").exists()
    assert world.events("retention.finished") == ["retention.finished"]
