"""The table as SQL, and running it. Safe to repeat: what was granted before is taken back in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import ProgrammingError

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotAllowed
from gateway.front.migrations.tables import METADATA
from gateway.front.roles.rights import May, columns
from gateway.front.roles.table import ROLES, SEQUENCES, TABLE

VERSION_TABLE = {"alembic_version": ["version_num"]}
_THERE = text("SELECT count(*) FROM pg_roles WHERE rolname = ANY(:names)")


def name_of(role: str) -> str:
    """Name the PostgreSQL role of a process."""
    return f"tipline_{role}"


def tables() -> dict[str, list[str]]:
    """List every table there is with its columns, Alembic's own included."""
    ours = {table.name: [column.name for column in table.columns] for table in METADATA.sorted_tables}
    return {**VERSION_TABLE, **ours}


def statements() -> Iterator[str]:
    """Write the whole of it: roles, nothing for anyone, then what the table says."""
    for role in ROLES:
        yield _create(name_of(role))
    everyone = ", ".join(map(name_of, ROLES))
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {everyone}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {everyone}"
    yield f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {everyone}"
    yield f"GRANT USAGE ON SCHEMA public TO {everyone}"
    for table, there in tables().items():
        for role, may in TABLE.get(table, {}).items():
            if rights := list(_rights(may, there)):
                yield f"GRANT {', '.join(rights)} ON {table} TO {name_of(role)}"
    for sequence, of_roles in SEQUENCES.items():
        for role, kinds in of_roles.items():
            yield f"GRANT {', '.join(kinds)} ON SEQUENCE {sequence} TO {name_of(role)}"


def script() -> str:
    """Write it for psql, in one transaction."""
    return "\n".join(("BEGIN;", *(f"{statement};" for statement in statements()), "COMMIT;"))


def exist(database: Database) -> bool:
    """Tell whether this server has our roles; SQLite has none."""
    if database.is_sqlite:
        return False
    with database.read() as session:
        return bool(session.scalar(_THERE, {"names": list(map(name_of, ROLES))}))


def apply(database: Database) -> None:
    """Make the roles and grant what the table says; all of it or nothing.

    Raises: BadInput on SQLite, NotAllowed unless the database's owner (who may also make roles) does it.
    """
    _run(database, lambda connection: [connection.exec_driver_sql(one) for one in statements()])


def set_passwords(database: Database, draw: Callable[[], str]) -> Mapping[str, str]:
    """Draw each role a password and answer the URLs it connects with; the server is only told what verifies it."""
    drawn = {role: draw() for role in ROLES}

    def work(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        for role, password in drawn.items():
            name = name_of(role)
            verifier = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
            connection.exec_driver_sql(f"ALTER ROLE {name} PASSWORD '{verifier}'")

    _run(database, work)
    return {role: url_of(database, role, password) for role, password in drawn.items()}


def url_of(database: Database, role: str, password: str | None = None) -> str:
    """Write the URL of the same database for a role."""
    url = make_url(database.engine.url).set(username=name_of(role), password=password)
    return url.render_as_string(hide_password=False)


def _run(database: Database, work: Callable[[Connection], object]) -> None:
    if database.is_sqlite:
        raise BadInput("SQLite has no roles. They are for PostgreSQL: set DATABASE_URL.")
    try:
        with database.write() as session:
            work(session.connection())
    except ProgrammingError as error:
        raise NotAllowed(
            "PostgreSQL refuses: the database's owner must do this, and may make roles (CREATEROLE). "
            "Run `tipline migrate` first if the tables are not up to date."
        ) from error


def _create(name: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') "
        f"THEN CREATE ROLE {name} LOGIN; END IF; END $$"
    )


def _rights(may: May, there: Sequence[str]) -> Iterator[str]:
    for kind, said in (("SELECT", may.read), ("UPDATE", may.change)):
        if said == "*":
            yield kind
        elif named := columns(said, there):
            yield f"{kind} ({', '.join(named)})"
    if may.add:
        yield "INSERT"
    if may.delete:
        yield "DELETE"
