"""Roles in a live PostgreSQL: what is refused, what drifted, what is granted anew."""

from __future__ import annotations

import itertools
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, func, make_url, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from gateway.core import courier, keys
from gateway.core.database import Database
from gateway.core.errors import NotAllowed
from gateway.core.events import emit
from gateway.core.records import Event, LogSeal, Message, Thread, Token
from gateway.front import cli, environment, migrations, sweeps
from gateway.front.doctor.roles import roles as look
from gateway.front.places import Var
from gateway.front.roles import drift, granting
from gateway.front.roles.table import ROLES
from responders.accounts import service as accounts
from responders.cases import service as cases
from responders.cases.records import Case
from responders.dispatch import Dispatcher
from responders.paging import service as paging
from responders.retention import destroying, rules, service
from responders.retention.destroying import Destroyer
from responders.retention.records import KeyEnd
from tests.support.world import World

pytestmark = pytest.mark.postgres

REFUSED = [
    ("intake", "SELECT words_sealed FROM messages"),
    ("intake", "SELECT address_sealed FROM messages"),
    ("intake", "SELECT count(thread_id) FROM messages"),
    ("intake", "UPDATE messages SET words_sealed = words_sealed"),
    ("intake", "DELETE FROM messages"),
    ("console", "DELETE FROM messages"),
    ("console", "DELETE FROM cases"),
    ("console", "DELETE FROM case_holds"),
    ("worker", "DELETE FROM threads"),
    ("intake", "SELECT body_sealed FROM sends"),
    ("intake", "INSERT INTO sends SELECT * FROM sends WHERE false"),
    ("intake", "SELECT address FROM contacts"),
    ("intake", "SELECT id FROM cases"),
    ("intake", "SELECT type FROM events"),
    ("intake", "SELECT address_sealed FROM threads"),
    ("intake", "SELECT pseudonym FROM threads"),
    ("intake", "UPDATE threads SET seen_at = seen_at"),
    ("intake", "UPDATE copies SET words_sealed = words_sealed"),
    ("intake", "DELETE FROM copies"),
    ("courier", "SELECT receipt_lookup FROM threads"),
    ("courier", "SELECT id FROM copies"),
    ("worker", "SELECT words_sealed FROM copies"),
    ("worker", "SELECT read_hour FROM copies"),
    ("worker", "SELECT receipt_lookup FROM threads"),
    ("console", "SELECT words_sealed FROM copies"),
    ("console", "SELECT receipt_lookup FROM threads"),
    ("console", "UPDATE copies SET read_hour = read_hour"),
    ("clock", "SELECT id FROM copies"),
    ("operator", "SELECT id FROM copies"),
    ("courier", "SELECT words_sealed FROM messages"),
    ("courier", "SELECT id FROM cases"),
    ("courier", "SELECT username FROM accounts"),
    ("courier", "SELECT name FROM responders"),
    ("courier", "UPDATE tokens SET line_id = line_id"),
    ("worker", "SELECT id FROM tokens"),
    ("worker", "SELECT address_sealed FROM messages"),
    ("worker", "SELECT address_sealed FROM threads"),
    ("worker", "SELECT media_sealed FROM messages"),
    ("worker", "SELECT password_phc FROM accounts"),
    ("worker", "SELECT csrf FROM staff_sessions"),
    ("worker", "UPDATE messages SET thread_id = NULL"),
    ("worker", "UPDATE lines SET number = number"),
    ("console", "SELECT count(*) FROM tokens"),
    ("console", "SELECT address_sealed FROM messages"),
    ("console", "SELECT address_sealed FROM threads"),
    ("console", "SELECT address FROM contacts"),
    ("console", "SELECT body_sealed FROM sends"),
    ("console", "UPDATE messages SET words_sealed = words_sealed"),
    ("console", "UPDATE accounts SET role = role"),
    ("console", "INSERT INTO api_tokens SELECT * FROM api_tokens WHERE false"),
    ("clock", "SELECT words_sealed FROM messages"),
    ("clock", "SELECT address_sealed FROM messages"),
    ("clock", "SELECT words_sealed FROM notes"),
    ("clock", "SELECT id FROM tokens"),
    ("clock", "SELECT cookie_hash FROM staff_sessions"),
    ("clock", "UPDATE sends SET status = status"),
    ("operator", "SELECT words_sealed FROM messages"),
    ("operator", "SELECT id FROM tokens"),
    ("operator", "SELECT password_phc FROM accounts"),
    ("operator", "SELECT token_hash FROM api_tokens"),
    ("operator", "UPDATE api_tokens SET scopes = scopes"),
    *((role, "UPDATE events SET actor = actor") for role in ROLES),
    *((role, "UPDATE log_seals SET head = head") for role in ROLES),
    *((role, "DELETE FROM events") for role in ROLES if role != "clock"),
    *((role, "DELETE FROM log_seals") for role in ROLES if role != "clock"),
    *((role, "DELETE FROM log_notes") for role in ROLES),
    *((role, "TRUNCATE events") for role in ROLES),
    *((role, "CREATE TABLE mine (id int)") for role in ROLES),
    *((role, "ALTER TABLE messages ADD COLUMN mine int") for role in ROLES),
    *((role, "DROP TABLE notes") for role in ROLES),
    *((role, "UPDATE alembic_version SET version_num = version_num") for role in ROLES),
    *((role, "CREATE ROLE tipline_mine") for role in ROLES),
]


@pytest.fixture(scope="module")
def filled(postgres: str) -> Iterator[Database]:
    """A database of this file's own, with tables and roles."""
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE of_roles TEMPLATE tipline_template"))
    admin.dispose()
    opened = Database(admin.url.set(database="of_roles").render_as_string(hide_password=False))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def engines(filled: Database) -> Iterator[dict[str, Engine]]:
    made = {role: create_engine(granting.url_of(filled, role)) for role in ROLES}
    yield made
    for engine in made.values():
        engine.dispose()


_counter = itertools.count(1)


@pytest.fixture
def fresh(postgres: str) -> Iterator[Database]:
    """An empty database, not even with tables."""
    name = f"roles_{next(_counter)}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    opened = Database(admin.url.set(database=name).render_as_string(hide_password=False))
    yield opened
    opened.close()


@pytest.fixture
def tipline(fresh: Database, var: Var, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line of whoever owns an empty database."""
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))
    monkeypatch.setenv("DATABASE_URL", fresh.engine.url.render_as_string(hide_password=False))
    return lambda *arguments: cli.main(list(arguments))


@pytest.mark.parametrize(("role", "statement"), REFUSED, ids=[f"{role}: {what}" for role, what in REFUSED])
def test_a_role_is_refused_what_its_owner_could(
    filled: Database, engines: dict[str, Engine], role: str, statement: str
) -> None:
    with filled.engine.connect() as owner:  # never committed
        owner.execute(text(statement))
        owner.rollback()
    with engines[role].connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_what_is_granted_is_what_the_table_says(filled: Database) -> None:
    with filled.read() as session:
        assert drift.differences(session) == []


@pytest.mark.parametrize(
    ("change", "shows"),
    [
        (
            "GRANT SELECT (address_sealed) ON messages TO tipline_console",
            "beyond: tipline_console SELECT messages.addr",
        ),
        ("GRANT UPDATE ON events TO PUBLIC", "beyond: tipline_clock UPDATE events.actor"),
        ("GRANT DELETE ON log_seals TO tipline_worker", "beyond: tipline_worker DELETE log_seals"),
        ("GRANT SELECT ON SEQUENCE events_seq_seq TO tipline_intake", "beyond: tipline_intake SELECT events_seq_seq"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "beyond: tipline_clock CREATE public"),
        ("REVOKE INSERT ON messages FROM tipline_intake", "lacks: tipline_intake INSERT messages.address_sealed"),
        ("ALTER ROLE tipline_clock SUPERUSER", "beyond: tipline_clock ATTRIBUTE superuser"),
        ("GRANT tipline_courier TO tipline_console", "beyond: tipline_console SELECT tokens.address_sealed"),
    ],
)
def test_drift_shows(filled: Database, change: str, shows: str) -> None:
    with filled.engine.connect() as connection:  # never committed
        connection.execute(text(change))
        found = drift.differences(Session(connection))
        connection.rollback()
    assert [one for one in found if one.startswith(shows)], found


def test_apply_takes_back_what_it_did_not_give(filled: Database) -> None:
    with filled.write() as session:
        session.execute(text("GRANT ALL ON tokens TO tipline_console"))
        session.execute(text("GRANT SELECT (address) ON contacts TO tipline_intake"))
        session.execute(text("REVOKE SELECT ON lines FROM tipline_intake"))
    granting.apply(filled)
    granting.apply(filled)
    with filled.read() as session:
        assert drift.differences(session) == []


def test_script_is_what_apply_runs(filled: Database) -> None:
    with filled.engine.connect() as connection:
        connection.execute(text("GRANT ALL ON tokens TO tipline_console"))
        connection.exec_driver_sql(granting.script().removeprefix("BEGIN;").removesuffix("COMMIT;"))
        assert drift.differences(Session(connection)) == []
        connection.rollback()


def test_apply_is_the_owners_alone(filled: Database) -> None:
    stranger = Database(granting.url_of(filled, "worker"))
    with pytest.raises(NotAllowed, match="owner must do this"):
        granting.apply(stranger)
    stranger.close()


def test_command_makes_roles_and_passwords_and_migrate_keeps_them(
    fresh: Database, var: Var, tipline: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tipline("database", "roles", "--apply") == 2
    assert "Run `tipline migrate` first" in capsys.readouterr().err
    assert tipline("migrate") == 0
    assert tipline("database", "roles", "--apply", "--passwords") == 0
    said = capsys.readouterr().out
    urls = {role: environment.read(var.env(role))["DATABASE_URL"] for role in (*ROLES, "owner")}
    assert urls["owner"] == fresh.engine.url.render_as_string(hide_password=False)
    for role in ROLES:
        url = make_url(urls[role])
        assert (url.username, url.database) == (f"tipline_{role}", fresh.engine.url.database)
        assert isinstance(url.password, str)
        assert len(url.password) >= 32
        assert url.password not in said
        assert stat.S_IMODE(var.env(role).stat().st_mode) == 0o600
    with fresh.write() as session:
        kept = session.scalars(
            text("SELECT rolpassword FROM pg_authid WHERE rolname LIKE 'tipline!_%' ESCAPE '!'")
        ).all()
        assert len(kept) == len(ROLES)
        assert all(str(one).startswith("SCRAM-SHA-256$") for one in kept)
        session.execute(text("REVOKE SELECT ON lines FROM tipline_intake"))
    assert tipline("migrate") == 0
    with fresh.read() as session:
        assert drift.differences(session) == []


def test_migrate_goes_in_as_the_owner_once_the_operator_has_a_role(
    fresh: Database, var: Var, tipline: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tipline("migrate") == tipline("database", "roles", "--apply", "--passwords") == 0
    monkeypatch.delenv("DATABASE_URL")
    with fresh.write() as session:
        session.execute(text("REVOKE SELECT ON lines FROM tipline_intake"))
    assert tipline("migrate") == 0
    with fresh.read() as session:
        assert drift.differences(session) == []
    assert tipline("lines") == tipline("audit", "verify") == 0, "as the operator"
    assert tipline("token", "list") == 0, "without a right to the hashes"
    assert tipline("doctor") == 1, "it has only just been installed"
    assert environment.load("operator", var, {}).database_url != environment.owner_url(var, {})


def test_roles_are_not_for_sqlite(
    var: Var, tipline: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{var.database}")
    assert tipline("database", "roles", "--apply") == 2
    assert "SQLite has no roles" in capsys.readouterr().err
    assert tipline("database", "roles", "--passwords") == 2
    assert tipline("database", "roles") == 0
    assert capsys.readouterr().out.startswith("BEGIN;\n")


def test_doctor_warns_of_an_owner_and_of_what_drifted(fresh: Database, var: Var, tipline: Callable[..., int]) -> None:
    def levels(url: Callable[[str], str]) -> dict[str, str]:
        settings = {
            role: environment.load("operator", var, {}).model_copy(update={"process": role, "database_url": url(role)})
            for role in ROLES
        }
        return {finding.what: finding.level for finding in look(settings)}

    owner = fresh.engine.url.render_as_string(hide_password=False)
    assert tipline("migrate") == 0
    assert tipline("database", "roles", "--apply") == 0
    as_owner = levels(lambda _: owner)
    assert {as_owner[f"database role of {process}"] for process in keys.PROCESSES} == {"warning"}
    well = levels(lambda role: granting.url_of(fresh, role))
    assert set(well.values()) == {"ok"}
    assert len(well) == len(keys.PROCESSES) + 1
    swapped = levels(lambda _: granting.url_of(fresh, "worker"))
    assert [what for what, level in swapped.items() if level == "ok"] == ["database role of worker", "database rights"]
    with fresh.write() as session:
        session.execute(text("GRANT SELECT ON tokens TO tipline_console"))
    assert levels(lambda role: granting.url_of(fresh, role))["database rights"] == "warning"
    with fresh.write() as session:
        session.execute(text("REVOKE SELECT ON lines FROM tipline_intake"))
    assert levels(lambda role: granting.url_of(fresh, role))["database rights"] == "fault"
    assert levels(lambda _: f"sqlite:///{var.database}") == {}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_clock_makes_its_rounds_under_its_own_role(world: World) -> None:
    clock, now = world.of("clock"), world.clock.forward(days=1)
    with clock.read() as session:
        assert sweeps.due(session, now) == set(), "all was asked"
    world.text("a gun")
    now = world.clock.forward(seconds=10)
    with clock.read() as session:
        assert sweeps.due(session, now) == {"courier", "worker"}
        assert service.events_before(session, now) < now
    with clock.write() as session:
        sweeps.tidy(session, now)
        assert service.is_due(session, now)
        service.order(session, service.CLOCK, now)
    with clock.read() as session:
        assert not service.is_due(session, now)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_operator_ends_a_token_under_its_own_role(world: World) -> None:
    with world.of("operator").write() as session:
        plain = accounts.issue_token(session, world.district_id, "reports", ["cases:read"], world.clock())
    with world.of("operator").write() as session:
        (row,) = accounts.tokens(session)
        accounts.revoke_token(session, row.id, world.clock())
    with world.of("console").read() as session:
        assert accounts.token(session, plain, world.clock()) is None


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_retention_works_under_the_roles(world: World, key_root: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(key_root, tmp_path / "keys"))
    world.text("there is a gun in the hall")
    world.courier.thread_all()
    worker = Dispatcher(world.of("worker"), world.keys["worker"], world.clock, world.carrier, "https://console.test")
    worker.run()
    world.courier.send_all()
    with world.of("console").write() as session:
        case = session.scalars(select(Case)).one()
        paging.acknowledge(session, case, "account:1", world.clock())
        cases.change_state(session, case, "resolved", "handled", "account:1", world.clock())
        cases.change_state(session, case, "closed", "handled", "account:1", world.clock())
    with world.of("operator").write() as session:
        rules.change(session, world.district(session), rules.CASES, "P30D", "operator", world.clock())
    now = world.clock.forward(days=200)
    with world.of("clock").write() as session:
        service.order(session, service.CLOCK, now)
    key_set = keys.load(folder / "worker", "worker")
    assert Destroyer(world.of("worker"), key_set, folder / "worker", world.clock).work()
    assert courier.forget_all(world.of("courier")) == 1
    destroying.end_keys_of_console(world.of("console"), folder / "console", world.clock)
    with world.of("operator").read() as session:
        ends = session.scalars(select(KeyEnd)).all()
        assert ends
        assert all(end.worker_gone_at and end.console_gone_at for end in ends)
    with world.database.read() as session:
        for table in (Message, Thread, Token, Case):
            assert session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("table", ["events", "log_seals"])
def test_a_row_of_the_event_log_cannot_be_changed_even_by_the_owner(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, table: str
) -> None:
    database = Database(f"sqlite:///{tmp_path}/log.db") if kind == "sqlite" else request.getfixturevalue("fresh")
    migrations.upgrade(database)
    with database.write() as session:
        at = datetime(2026, 11, 21, tzinfo=UTC)
        emit(session, "case.opened", subject="case/1", actor="process:worker", at=at, district_id=None)
        session.add(LogSeal(number=1, head=b"h", entries=b"e", signature=b"s"))
    change = {"events": "UPDATE events SET actor = 'x'", "log_seals": "UPDATE log_seals SET head = entries"}[table]
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(change))
    with database.read() as session:
        assert session.scalars(select(Event.actor)).all() == ["process:worker"]
    database.close()
