from __future__ import annotations

import pytest
from sqlalchemy import text

from gateway.core import database
from gateway.core.database import Database
from gateway.core.errors import BadInput, SettingsRefused, Unavailable
from tests.support.world import World


def test_write_keeps_all_or_nothing(world: World) -> None:
    def fail_half_way() -> None:
        with world.database.write() as session:
            session.execute(text("UPDATE districts SET name = 'changed'"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with world.database.read() as session:
        assert world.district(session).name == "Cedar Valley School District"


def test_read_keeps_nothing(world: World) -> None:
    with world.database.read() as session:
        session.execute(text("UPDATE districts SET name = 'changed'"))
    with world.database.read() as session:
        assert world.district(session).name == "Cedar Valley School District"


SETTINGS: dict[str, tuple[str, dict[str, object]]] = {
    "sqlite": ("PRAGMA {}", {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}),
    "postgresql": (
        "SHOW {}",
        {"lock_timeout": "5s", "statement_timeout": "20s", "idle_in_transaction_session_timeout": "15s"},
    ),
}


def test_each_database_is_durable_or_lets_nobody_wait_for_ever(world: World) -> None:
    asking, wanted = SETTINGS[world.database.engine.dialect.name]
    with world.database.read() as session:
        kept = {name: session.scalar(text(asking.format(name))) for name in wanted}
    assert kept == wanted


def test_a_lock_that_is_not_given_is_unavailable_and_may_be_tried_again(world: World) -> None:
    def want() -> None:
        with world.database.write() as session:
            if not world.database.is_sqlite:
                session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            session.execute(text("UPDATE districts SET name = 'wanted'"))

    with world.database.write() as holder:
        holder.execute(text("UPDATE districts SET name = 'held'"))
        with pytest.raises(Unavailable) as refused:
            want()
    assert refused.value.retryable


def test_a_nul_is_kept_or_is_bad_input(world: World) -> None:
    def name_it() -> None:
        with world.database.write() as session:
            session.execute(text("UPDATE districts SET name = :name"), {"name": "a\0b"})

    if world.database.is_sqlite:
        name_it()
        with world.database.read() as session:
            assert world.district(session).name == "a\0b"
    else:
        with pytest.raises(BadInput):
            name_it()


def test_a_connection_that_died_while_it_lay_idle_is_noticed_by_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_IDLE_SECONDS", 0.0)
    _cut_idle_connection(world)
    with world.of("worker").read() as session:
        assert world.district(session).name


def test_one_that_died_a_moment_ago_fails_its_transaction_alone(world: World) -> None:
    _cut_idle_connection(world)

    def ask() -> bool:
        with world.of("worker").read() as session:
            return bool(world.district(session).name)

    with pytest.raises(Unavailable):
        ask()
    assert ask()


def _cut_idle_connection(world: World) -> None:
    """End the server's side of the one connection that lies in the worker's pool."""
    if world.database.is_sqlite:
        pytest.skip("SQLite has no server that hangs up")
    pool = world.of("worker")
    pool.engine.dispose()
    with pool.read() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with world.database.write() as session:
        assert session.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        Database("postgresql://nobody@127.0.0.1:9/none").check()


@pytest.mark.parametrize("url", ["mysql://x/y", "not a url", ""])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(SettingsRefused):
        Database(url)
