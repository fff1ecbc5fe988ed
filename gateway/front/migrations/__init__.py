"""The tables' history, by Alembic, inside the package: no ini file, and `tipline migrate` works from a wheel.

A newcomer who changes a `records.py` adds a file to `versions/` (`draft` writes a first version of it); a test fails
until tables and history agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.records import Base
from gateway.front.migrations import tables

_SQLITE_TRIES = 20  # each waits as long as any write does
_FOLDER = str(Path(__file__).parent).replace("%", "%%")
_LOCK = 0x7469706C  # "tipl": the advisory lock that keeps two migrations apart


def upgrade(database: Database) -> bool:
    """Bring the tables up to date in one transaction, alone; true when there was anything to do.

    On PostgreSQL an advisory lock keeps a second migration waiting, on SQLite the write lock does; it then finds
    nothing to do. However long the other one takes is waited for: a minute on SQLite, without an end on PostgreSQL.
    Raises: Unavailable when the database is away, or locked for longer than that.
    """
    for tries_left in reversed(range(_SQLITE_TRIES if database.is_sqlite else 1)):
        try:
            return _upgrade(database)
        except OperationalError as error:
            if not tries_left:
                raise Unavailable("The database does not answer, so it was not migrated.") from error
    raise AssertionError("unreachable")


def _upgrade(database: Database) -> bool:
    with database.engine.begin() as connection:
        be_alone(connection)
        before = _revision(connection)
        bring_to(connection, "head")
        return before != _revision(connection)


def be_alone(connection: Connection) -> None:
    """Keep every other migration waiting until this transaction ends; on SQLite the write lock does that anyway."""
    if connection.dialect.name != "sqlite":
        # They are for daily work; a restore puts gigabytes of files on the store between two statements.
        for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {setting} = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})


def bring_to(connection: Connection, revision: str) -> None:
    """Bring the tables forward to a revision, in the caller's transaction."""
    command.upgrade(_config(connection), revision)


def knows(revision: str) -> bool:
    """Tell whether a revision is part of this version's history."""
    config = Config()
    config.set_main_option("script_location", _FOLDER)
    return revision in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def differences(database: Database) -> list[Any]:
    """List how the migrated tables differ from the declared ones: nothing, or somebody forgot a migration."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def draft(database: Database, message: str) -> None:
    """Write a new file in `versions/` from what the declared tables have and the database lacks; read it before use."""
    with database.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _FOLDER)
    config.attributes["connection"] = connection
    config.attributes["metadata"] = tables.METADATA
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
