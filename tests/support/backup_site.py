"""An installation at its command line, which makes backups, loses its disk and is restored."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, inspect, make_url, select, text

from gateway.core import sealed_file
from gateway.core.database import Database
from gateway.core.log_keys import signing, verifying
from gateway.core.log_seal import Sealer
from gateway.front import cli, revision
from gateway.front.anchoring import AnchorFile
from gateway.front.backup import keys as backup_keys
from gateway.front.backup import rows
from gateway.front.migrations.tables import METADATA
from tests.support.crowd import Crowd
from tests.support.world import World

NUMBERS = [f"+1303555{1000 + number}" for number in range(500)]
_VERSION = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)"


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


def stamp(database: Database) -> None:
    """Say of a database that was made at once that it has the tables of today."""
    with database.write() as session:
        session.execute(text(_VERSION))
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
