"""Backups on real databases: taken while people write, restored into an empty one, and nothing is believed unproved."""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, inspect, make_url, select, text

from gateway.core import backups, escrow, sealed_file
from gateway.core.database import Database
from gateway.core.keys import PROCESSES, load
from gateway.core.log_keys import signing, verifying
from gateway.core.log_seal import Sealer
from gateway.core.records import Event, Line, Message, Send
from gateway.front import cli, migrations, revision
from gateway.front.anchoring import AnchorFile
from gateway.front.backup import keys as backup_keys
from gateway.front.backup import rows, taking
from gateway.front.migrations.tables import METADATA
from responders.accounts.records import Account, StaffSession
from tests.integration.conftest import _counter
from tests.support.crowd import Crowd
from tests.support.world import STUDENT, World

NUMBERS = [f"+1303555{1000 + number}" for number in range(500)]
VERSION = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"


@dataclass
class Site:
    """An installation at its command line: `tipline` runs on the database that `url` names."""

    world: World
    folder: Path
    keys: Path
    url: str
    fresh: Callable[[str], str]
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    _open: list[Database] = field(default_factory=list)

    @property
    def key(self) -> Path:
        return self.folder / "usb" / "backup.key"

    @property
    def anchors(self) -> Path:
        return self.folder / "heads.jsonl"

    @property
    def out(self) -> Path:
        return self.folder / "backups"

    def tipline(self, *words: object) -> tuple[int, str]:
        self.monkeypatch.setenv("DATABASE_URL", self.url)
        self.monkeypatch.setenv("TIPLINE_KEYS_DIR", str(self.keys))
        self.monkeypatch.setenv("TIPLINE_ANCHOR_FILE", str(self.anchors))
        code = cli.main([str(word) for word in words])
        out, err = self.capsys.readouterr()
        return code, out + err

    def backup(self) -> Path:
        """Make a backup; the answer is its file."""
        path = self.folder / f"{len(list(self.folder.glob('*.backup')))}.backup"
        code, said = self.tipline("backup", "--out", path)
        assert code == 0, said
        return path

    def lose(self, kind: str = "") -> Database:
        """Lose the disk: from now on the database is an empty one."""
        self.url = self.fresh(kind or make_url(self.url).get_backend_name())
        self._open.append(Database(self.url))
        return self._open[-1]

    def restore(self, path: Path, *words: str) -> tuple[int, str]:
        return self.tipline("restore", path, "--key", self.key, *words)

    def beat(self, database: Database | None = None) -> None:
        """Do what the clock does: seal the log and anchor its heads."""
        key, public = signing(self.keys / "clock"), verifying(self.keys / "clock")
        assert key
        file = AnchorFile(self.anchors, public)
        Sealer(database or self.world.database, key, public, self.world.clock, file.newest).seal()
        file.catch_up(database or self.world.database)

    def plain(self, path: Path) -> bytes:
        with path.open("rb") as file:
            return b"".join(sealed_file.read(file, backup_keys.private(self.key)))

    def close(self) -> None:
        for database in self._open:
            database.close()


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Make an empty database of a kind, without a table; answers its URL."""

    def make(kind: str) -> str:
        number = next(_counter)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'fresh{number}.db'}"
        url = request.getfixturevalue("postgres")
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE fresh_{number}"))
        admin.dispose()
        return make_url(url).set(database=f"fresh_{number}").render_as_string(hide_password=False)

    return make


@pytest.fixture
def site(
    world: World,
    key_root: Path,
    tmp_path: Path,
    fresh: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    stamp(world.database)
    monkeypatch.setenv("TIPLINE_VAR", str(tmp_path / "var"))
    root = Path(shutil.copytree(key_root, tmp_path / "keys"))
    url = world.database.engine.url.render_as_string(hide_password=False)
    made = Site(world, tmp_path, root, url, fresh, capsys, monkeypatch)
    made.key.parent.mkdir()
    made.out.mkdir()
    assert made.tipline("backup", "key", "--out", made.key)[0] == 0
    yield made
    made.close()


def stamp(database: Database) -> None:
    """Say of a database that was made at once that it has the tables of today."""
    with database.write() as session:
        session.execute(text(VERSION))
        session.execute(text("DELETE FROM alembic_version"))
        session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": revision.HEAD})


def counts(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in METADATA.sorted_tables}


def is_empty(url: str) -> bool:
    engine = create_engine(url)
    tables = inspect(engine).get_table_names()
    engine.dispose()
    return tables == []


def crowd_of(site: Site, messages: int, cases: int) -> Crowd:
    crowd = Crowd(site.world, NUMBERS)
    crowd.write(messages)
    crowd.work_on(cases)
    return crowd


def test_drill_5000_messages_are_backed_up_while_people_write_and_all_come_back(site: Site) -> None:
    crowd = crowd_of(site, 5_000, 300)
    site.beat()
    said_before, stop, started = set(crowd.said), threading.Event(), threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            crowd.write(20)
            started.set()

    writer = threading.Thread(target=go_on)
    writer.start()
    started.wait()
    path = site.backup()
    stop.set()
    writer.join()
    written = counts(site.world.database)

    database = site.lose()
    code, said = site.restore(path)
    assert code == 0, said
    assert "Nothing was changed." in said
    assert migrations.differences(database) == []
    held = {process: load(site.keys / process, process) for process in PROCESSES}
    with database.read() as session:
        ids = set(session.scalars(select(Message.id)))
    assert said_before <= ids
    assert len(ids) <= written["messages"]
    town = World(database, held, site.world.clock, district_id=site.world.district_id)
    Crowd(town, NUMBERS, said=crowd.said).check(held)
    content = path.read_bytes()
    assert not [word for word in (*NUMBERS, "fight in room", "Lincoln", "districts") if word.encode() in content]
    assert STUDENT.encode() not in site.plain(path)


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_restore_into_either_kind_keeps_every_row_and_the_event_logs_digests(site: Site, into: str) -> None:
    crowd_of(site, 120, 20)
    site.beat()
    path, before = site.backup(), counts(site.world.database)
    database = site.lose(into)
    code, said = site.restore(path, "--json")
    assert code == 0, said
    answer = json.loads(said)
    assert {n: t["rows"] for n, t in answer["tables"].items() if n != "@anchors"} == {
        **before, "events": before["events"] - 1  # that it was made is written down when it is made
    }  # fmt: skip
    assert (answer["audit"]["ok"], answer["audit"]["events"] > 100) == (True, True)
    after = counts(database)
    assert {**after, "events": 0, "staff_sessions": 0} == {**before, "events": 0, "staff_sessions": 0}


def test_restored_house_works_on_above_every_number_that_was_known_outside(site: Site) -> None:
    site.world.text("gun")
    site.beat()
    path = site.backup()
    for number in range(5):
        site.world.text(f"after the backup {number}")
    site.beat()
    anchored = AnchorFile(site.anchors, verifying(site.keys / "clock")).newest()
    assert anchored
    lines = site.anchors.read_bytes()
    database = site.lose()
    code, said = site.restore(path)
    assert (code, "1 batches that were sealed after the backup are gone" in said) == (0, True), said
    assert site.anchors.read_bytes() == lines, "never cut, never written twice"
    town = World(database, site.world.keys, site.world.clock)
    town.text("a new one")
    with database.read() as session:
        assert (session.scalar(select(func.max(Event.seq))) or 0) > anchored.last_seq + 1000
    site.beat(database)
    assert site.tipline("audit", "verify")[0] == 1, "every audit names the gap"


def test_restore_brings_lost_anchors_back(site: Site) -> None:
    site.world.text("gun")
    site.beat()
    path, kept = site.backup(), site.anchors.read_bytes()
    site.anchors.unlink()
    site.lose()
    assert site.restore(path)[0] == 0
    assert site.anchors.read_bytes() == kept


def test_restore_signs_everyone_out_keeps_what_is_owed_and_says_so(site: Site) -> None:
    world = site.world
    world.text("gun")
    world.courier.thread_all()
    now = world.clock()
    with world.database.write() as session:
        account = Account(
            district_id=world.district_id,
            username="ana",
            name="Ana",
            role="counsellor",
            password_phc="x",
            created_at=now,
        )
        session.add(account)
        session.flush()
        session.add(
            StaffSession(
                cookie_hash="0" * 64, account_id=account.id, csrf="x", created_at=now, seen_at=now, expires_at=now
            )
        )
    path = site.backup()
    database = site.lose()
    code, said = site.restore(path)
    assert (code, "1 texts were waiting and leave now" in said) == (0, True), said
    assert "1 accounts and 0 tokens" in said
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 0
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        assert {line.listed_until is not None for line in session.scalars(select(Line))} == {True}
        assert list(session.scalars(select(Send.status))) == ["queued"]
    again = World(database, world.keys, world.clock, world.carrier)
    again.courier.send_all()
    assert len(world.carrier.texts) == 1


def test_restore_refuses_a_database_with_anything_in_it(site: Site) -> None:
    path, before = site.backup(), counts(site.world.database)
    code, said = site.restore(path)
    assert (code, "not empty" in said) == (2, True)
    assert counts(site.world.database) == before


def _other(file: bytes) -> bytes:
    return b"SQLite format 3\x00" + bytes(len(file))


def _flip(at: float) -> Callable[[bytes], bytes]:
    def flip(file: bytes) -> bytes:
        changed = bytearray(file)
        changed[int(len(file) * at)] ^= 4
        return bytes(changed)

    return flip


def _swap(file: bytes) -> bytes:
    head, size = 154, sealed_file.CHUNK + 16
    return file[:head] + file[head + size : head + 2 * size] + file[head : head + size] + file[head + 2 * size :]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda file: file[:-1000], "damaged or cut off"),
    "cut at a chunk": (lambda file: file[: 154 + sealed_file.CHUNK + 16], "damaged or cut off"),
    "one bit, early": (_flip(0.2), "damaged or cut off"),
    "one bit, late": (_flip(0.99), "damaged or cut off"),
    "chunks swapped": (_swap, "damaged or cut off"),
    "other file": (_other, "not a backup of Tipline"),
    "empty": (lambda _file: b"", "not a backup of Tipline"),
}


def test_damaged_backup_gives_one_clear_error_and_leaves_the_target_empty(site: Site) -> None:
    crowd_of(site, 100, 20)
    path = site.backup()
    whole = path.read_bytes()
    site.lose()
    for name, (damage, sentence) in DAMAGES.items():
        path.write_bytes(damage(whole))
        for words in ((), ("--check",)):
            code, said = site.restore(path, *words)
            assert (code, sentence in said, said.count("\n")) == (2, True, 1), (name, said)
        assert is_empty(site.url), name
    path.write_bytes(whole)
    assert site.restore(path)[0] == 0


def test_other_key_or_none_gives_one_clear_error(site: Site) -> None:
    path = site.backup()
    assert site.tipline("backup", "key", "--out", site.folder / "new.key")[0] == 0
    site.lose()
    for key, sentence in (
        (site.folder / "new.key", "sealed to the key"),
        (site.folder / "none.key", "There is no"),
        (path, "not a private key of backups"),
        (site.keys / "clock" / "log.key", "not a private key of backups"),
    ):
        code, said = site.tipline("restore", path, "--key", key)
        assert (code, sentence in said) == (2, True), said
    assert is_empty(site.url)
    assert site.restore(path, "--check")[0] == 0, "the old key opens what was sealed to it"


def rewritten(site: Site, path: Path, change: Callable[[list[Any]], object]) -> Path:
    """Seal other contents to the same key, as whoever has the public half could."""
    lines = [json.loads(line) for line in site.plain(path).splitlines()]
    change(lines)
    other = site.folder / "other.backup"
    with other.open("wb") as file:
        writer = sealed_file.Writer(file, backup_keys.public(site.keys / "backup.pub"))
        for line in lines:
            writer.write(rows.line(line))
        writer.close()
    return other


CHANGES: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "newer tables": (lambda lines: lines[0].update(revision="9999"), "this one is older"),
    "newer format": (lambda lines: lines[0].update(tipline_backup=2), "this one is older"),
    "newer values": (lambda lines: lines[1].update(columns=[["line", "vector"]]), "newer version"),
    "row too few": (lambda lines: lines.remove(next(x for x in lines if isinstance(x, list))), "does not hold what"),
    "no end": (lambda lines: lines.pop(), "has no end"),
    "more after the end": (lambda lines: lines.append(lines[1]), "does not hold what"),
    "no head": (lambda lines: lines.pop(0), "this one is older"),
}


def test_backup_of_other_contents_is_refused(site: Site) -> None:
    site.world.text("gun")
    path = site.backup()
    site.lose()
    for name, (change, sentence) in CHANGES.items():
        code, said = site.restore(rewritten(site, path, change))
        assert (code, sentence in said) == (2, True), (name, said)
        assert is_empty(site.url), name


def test_row_that_points_at_nothing_leaves_the_target_empty(site: Site) -> None:
    def change(lines: list[Any]) -> None:
        start = next(i for i, x in enumerate(lines) if isinstance(x, dict) and x.get("table") == "schools")
        row = next(i for i in range(start, len(lines)) if isinstance(lines[i], list))
        lines[row][1] = "nobody"
        tally = rows.Tally()
        for line in lines[start + 1 :]:
            if isinstance(line, dict):
                break
            tally.add(rows.line(line))
        lines[-1]["end"]["tables"]["schools"] = tally.to_json()

    path = rewritten(site, site.backup(), change)
    site.lose()
    code, said = site.restore(path)
    assert (code, "point at others" in said) == (2, True), said
    assert is_empty(site.url)


def test_older_backup_is_migrated_forward(site: Site) -> None:
    path, old = site.backup(), Database(site.fresh("sqlite"))
    with old.engine.begin() as connection:
        migrations.bring_to(connection, "0005")
        tables = {name for name in inspect(connection).get_table_names() if name != "alembic_version"}
        known = {name: {c["name"] for c in inspect(connection).get_columns(name)} for name in tables}
    old.close()

    def change(lines: list[Any]) -> None:
        lines[0]["revision"] = "0005"
        kept, shape, places = [lines[0]], None, list[int]()
        tallies = dict[str, rows.Tally]()
        for line in lines[1:-1]:
            if isinstance(line, dict):
                shape = line if line["table"] in {*known, "@anchors"} else None
                if shape:
                    has = known.get(shape["table"], {"line"})
                    places = [i for i, (name, _) in enumerate(shape["columns"]) if name in has]
                    tallies[shape["table"]] = rows.Tally()
                    kept.append({**shape, "columns": [shape["columns"][i] for i in places]})
            elif shape:
                kept.append([line[i] for i in places])
                tallies[shape["table"]].add(rows.line(kept[-1]))
        lines[-1]["end"]["tables"] = {name: tally.to_json() for name, tally in tallies.items()}
        lines[:] = [*kept, lines[-1]]

    path = rewritten(site, path, change)
    database = site.lose()
    code, said = site.restore(path)
    assert code == 0, said
    assert revision.is_current(database)
    assert counts(database)["lines"] == 3


def test_backup_holds_no_private_key(site: Site) -> None:
    crowd_of(site, 50, 5)
    content = site.plain(site.backup())
    held = {name: found for name, found in escrow.read(site.keys).items() if name.endswith(".key")}
    assert held
    for name, found in held.items():
        raw = base64.b64decode("".join(line for line in found.splitlines() if "-" not in line))[-32:]
        assert found.strip().encode() not in content, name
        assert not [form for form in (raw, base64.b64encode(raw), raw.hex().encode()) if form in content], name
    assert b"PRIVATE KEY" not in content
    assert not list(site.keys.rglob("*backup*.key")), "the server keeps the public half alone"
    assert site.key.stat().st_mode & 0o777 == 0o600


def test_key_is_not_left_with_the_server_and_never_overwritten(site: Site) -> None:
    for path, sentence in ((site.keys / "backup.key", "must not stay"), (site.key, "is there already")):
        code, said = site.tipline("backup", "key", "--out", path)
        assert (code, sentence in said) == (2, True), said


def test_disk_that_is_full_gives_one_clear_error_and_no_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd_of(site, 100, 5)

    def fail(_writer: object, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sealed_file.Writer, "_put", fail)
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "No space left" in said, said.count("\n")) == (2, True, 1), said
    assert list(site.out.iterdir()) == []


KILLED = """
import os, signal, sys
from gateway.core import sealed_file
from gateway.front import cli
from gateway.front.backup import restoring
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "backup":
    put, done = sealed_file.Writer._put, []
    sealed_file.Writer._put = lambda self, content: (put(self, content), done.append(1), len(done) > 1 and die())
else:
    restoring._Loading.compare = die
cli.main(sys.argv[1:])
"""


def _killed(site: Site, *words: object) -> None:
    site.tipline("keys", "list")  # sets the environment
    environ = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, words)], env=environ, check=False)
    assert done.returncode == -signal.SIGKILL


def test_kill_half_way_leaves_nothing_that_looks_like_a_backup_and_an_empty_target(site: Site) -> None:
    crowd_of(site, 200, 20)
    _killed(site, "backup", "--out", site.out)
    assert [path.suffix for path in site.out.iterdir()] == [".part"]
    path = site.backup()
    site.lose()
    _killed(site, "restore", path, "--key", site.key)
    assert is_empty(site.url)
    code, said = site.restore(path)
    assert code == 0, said


def test_keep_deletes_older_backups_and_nothing_else(site: Site) -> None:
    names = [f"tipline-2025010{day}T000000Z.backup" for day in range(1, 6)]
    others = ["notes.txt", "tipline-old.backup", "tipline-20250101T000000Z.backup.gz"]
    for name in (*names, *others, "tipline-20250101T000001Z.backup.part"):
        (site.out / name).write_bytes(b"x")
    code, said = site.tipline("backup", "--out", site.out, "--keep", "3", "--json")
    assert code == 0, said
    left = {path.name for path in site.out.iterdir()}
    assert {*names[3:], *others} < left
    assert len(left) == 6
    code, said = site.tipline("backup", "--out", site.out, "--keep", "0")
    assert (code, "keeps one backup or more" in said) == (2, True)


def test_backup_never_overwrites_and_says_what_it_lacks(site: Site) -> None:
    path = site.backup()
    for words, sentence in (
        (["--out", path], "is there already"),
        ([], "Say with --out"),
        (["--out", site.folder / "nowhere" / "x"], "could not be written"),
        (["--out", site.out, "--to", site.key], "not the public key"),
        (["--out", site.out, "--to", site.folder / "none"], "backup key --out"),
    ):
        code, said = site.tipline("backup", *words)
        assert (code, sentence in said) == (2, True), said
    with site.world.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    code, said = site.tipline("backup", "--out", site.out)
    assert (code, "not those of this version" in said) == (2, True), said
    assert list(site.out.iterdir()) == []


def test_every_column_is_of_a_kind_that_a_backup_knows() -> None:
    shapes = [rows.shape_of(table) for table in METADATA.sorted_tables]
    assert {shape.name for shape in shapes} == set(METADATA.tables)
    assert taking.ANCHORS.name not in METADATA.tables


def test_last_backup_is_known_in_the_log(site: Site) -> None:
    with site.world.database.read() as session:
        assert backups.last(session) is None
    path = site.backup()
    with site.world.database.read() as session:
        found = backups.last(session)
    assert found
    assert (found.size, len(found.sha256)) == (path.stat().st_size, 64)
