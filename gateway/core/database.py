"""The database: SQLite for the demo and one small site, PostgreSQL for production; the same code on both.

`write()` opens a transaction that commits at its end; on SQLite it takes the write lock at its start (BEGIN IMMEDIATE),
so it can never fail half-way for want of the lock. `read()` never waits for writers. No network call belongs inside.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from gateway.core.errors import BadInput, SettingsRefused, Unavailable

AWAY = "The database does not answer."
"""What is said of one that cannot be opened, asked or written to; never where it is, which is nobody's business."""
BUSY_WAIT_SECONDS = 3
_IDLE_SECONDS = 2.0
"""A connection that was used so lately is not asked whether it is still there: that costs what a statement does.

Should it be gone all the same, its transaction fails like one whose server goes away half-way: `Unavailable`, and then
every connection of the pool is made anew.
"""
_EAGER_SECONDS, _POLL_SECONDS = 0.5, 0.001
_POSTGRES = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": "-c lock_timeout=5s -c statement_timeout=20s -c idle_in_transaction_session_timeout=15s",
}
"""No frozen client may hold a district's lock, and no dead server a process: a wait ends, and is tried again."""


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str) -> None:
        """Prepare the pool; nothing is opened yet. Raises: SettingsRefused for a URL of another kind of database."""
        self.engine = _engine(url)
        self._writing = threading.Lock()
        self._reader = self.engine.execution_options(tipline_reads=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction to write in; it commits when the block ends. Raises: Unavailable when it cannot."""
        with (
            _translated(),
            self._turn(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite let the writers of this process take turns: its own wait polls, and sleeps while it is free."""
        if not self.is_sqlite:
            yield
        elif self._writing.acquire(timeout=BUSY_WAIT_SECONDS):
            try:
                yield
            finally:
                self._writing.release()
        else:
            raise Unavailable("The database does not answer.")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session to read in; nothing it does is kept. Raises: Unavailable when it cannot."""
        with _translated(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a connection that sees one moment of everything, however long it reads; nobody waits for it.

        Raises: Unavailable when it cannot.
        """
        options = {"tipline_reads": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _translated(), self.engine.execution_options(**options).connect() as connection:
            if not self.is_sqlite:
                for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):  # for daily work
                    connection.execute(text(f"SET LOCAL {setting} = 0"))
            yield connection

    def check(self) -> None:
        """Ask the database for a row. Raises: Unavailable."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def reread(session: Session, row: object, **how: Any) -> None:
    """Read a row afresh, since another process may have changed it; what this session has changed is written first.

    `Session.refresh` alone would forget that.
    """
    session.flush()
    session.refresh(row, **how)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn a database that is away, locked or full, or a value it cannot keep, into our own error, free of values."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unavailable(AWAY) from error
    except DataError as error:
        raise BadInput from error  # e.g. a NUL, which PostgreSQL cannot keep as text


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsRefused("DATABASE_URL is not a database URL.") from None
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed, pool_size=10, max_overflow=20, hide_parameters=True, connect_args=_POSTGRES)
        event.listen(engine, "checkin", _note_used)
        event.listen(engine, "checkout", _asking_idle(engine.dialect.do_ping))
        return engine
    if parsed.get_backend_name() != "sqlite":
        raise SettingsRefused("DATABASE_URL must be sqlite:/// or postgresql://")
    engine = create_engine(
        parsed, hide_parameters=True, pool_size=10, max_overflow=30, connect_args={"timeout": BUSY_WAIT_SECONDS}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _note_used(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _asking_idle(ask: Callable[[DBAPIConnection], bool]) -> Callable[..., None]:
    """Make what asks a connection that has lain idle whether it is still there; if not, the pool takes another."""

    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _fairy: PoolProxiedConnection) -> None:
        if time.monotonic() - record.info.get("used", 0.0) < _IDLE_SECONDS:
            return
        try:
            ask(connection)
        except Exception as error:
            raise DisconnectionError from error

    return look


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Durable commits, readers beside a writer, foreign keys, deleted content overwritten."""
    connection.isolation_level = None  # SQLAlchemy's own BEGIN (below) is the only one.
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("tipline_reads", False):
        connection.exec_driver_sql("BEGIN")
        return
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    if not _begun_at_once(raw):
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # Another process is writing for long: wait as SQLite does.


def _begun_at_once(raw: sqlite3.Connection) -> bool:
    """Try for a while to take the write lock, often: SQLite's own wait sleeps up to 0.1 s while others come and go."""
    end = time.monotonic() + _EAGER_SECONDS
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                    return False
                time.sleep(_POLL_SECONDS)
            else:
                return True
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_WAIT_SECONDS * 1000}")


def take_turns(session: Session, what: str) -> None:
    """Be the only transaction that does this until its end: another one waits here. On SQLite a writer always is.

    Source: PostgreSQL 18, §9.28.10.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))
