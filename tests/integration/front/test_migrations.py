"""Tables and their history agree, on both databases, and two migrations at once are one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.front import migrations, revision
from tests.support.postgres import running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/fresh.db"
        return
    with running(tmp_path) as url:
        yield url


def test_upgrade_makes_the_declared_tables_on_both_databases(url: str) -> None:
    database = Database(url)
    assert not revision.is_current(database)
    assert migrations.upgrade(database)
    assert revision.is_current(database)
    assert migrations.differences(database) == []
    assert not migrations.upgrade(database), "a second time there is nothing to do"
    database.close()


def test_upgrade_lets_threads_be_without_a_line_and_keeps_those_that_have_one(url: str) -> None:
    database = Database(url)
    with database.engine.begin() as connection:
        migrations.bring_to(connection, "0009")
        for row in _BEFORE_THE_WEB:
            connection.execute(text(row))
    migrations.upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text(_THREAD.format("web", "NULL", "NULL")))
        found = connection.execute(text("SELECT id, line_id, receipt_lookup, seen_at FROM threads ORDER BY id")).all()
        if database.is_sqlite:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    assert found == [("sms", "l", None, None), ("web", None, None, None)]
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        connection.execute(text(_THREAD.format("bad", "'nowhere'", "NULL")))
    database.close()


_THREAD = (
    "INSERT INTO threads (id, district_id, line_id, channel, pseudonym, language, address_sealed, opened_at)"
    " VALUES ('{0}', 'd', {1}, '{0}', 'Owl', 'en', {2}, '2026-11-01')"
)
_MESSAGE = (
    "INSERT INTO messages (id, district_id, thread_id, direction, channel, kind, language, media_count, words_sealed,"
    " at, thread_attempts) VALUES ('m', 'd', 'sms', 'in', 'sms', 'tip', 'en', 0, 'x', '2026-11-01', 0)"
)
_BEFORE_THE_WEB = (
    "INSERT INTO districts (id, slug, name, timezone, country, takes_strays) VALUES ('d', 'd', 'D', 'UTC', 'US', true)",
    "INSERT INTO lines (id, district_id, number, purpose, label) VALUES ('l', 'd', '+1', 'reports', 'L')",
    _THREAD.format("sms", "'l'", "'x'"),
    _MESSAGE,
)


def test_upgrade_four_times_at_once_happens_once(url: str) -> None:
    barrier = Barrier(4)

    def migrate() -> bool:
        database = Database(url)
        barrier.wait()
        try:
            return migrations.upgrade(database)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = [job.result() for job in [pool.submit(migrate) for _ in range(4)]]
    assert sorted(outcomes) == [False, False, False, True]


def test_head_is_the_newest_migration(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/head.db")
    with database.engine.begin() as connection:
        assert ScriptDirectory.from_config(migrations._config(connection)).get_heads() == [revision.HEAD]
    database.close()


def test_downgrade_leaves_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/back.db")
    migrations.upgrade(database)
    with database.engine.begin() as connection:
        command.downgrade(migrations._config(connection), "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.close()


def test_upgrade_of_a_locked_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.core.database.BUSY_WAIT_SECONDS", 0)
    holder = create_engine(f"sqlite:///{tmp_path}/busy.db", isolation_level=None)
    with holder.connect() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        database = Database(f"sqlite:///{tmp_path}/busy.db")
        with pytest.raises(Unavailable, match="does not answer"):
            migrations.upgrade(database)
        database.close()
    holder.dispose()
