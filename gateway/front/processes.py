"""What `tipline run NAME` runs: one process, in the foreground, until SIGTERM or Ctrl-C.

What may be mended outside (a database that is away, tables that are not migrated) is waited for. A refused setting or
key ends the process; under the supervisor it rests before that, so that it is tried again at a steady, easy pace.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from importlib import import_module

from gateway.core import keys, logs
from gateway.core.database import Database
from gateway.core.errors import TiplineError, Unavailable
from gateway.core.logs import log
from gateway.core.settings import Settings
from gateway.front import environment, revision, valkey
from gateway.front.places import Place, Var
from gateway.front.signals import end_with_parent, is_supervised, stopping

LOOK_AGAIN_SECONDS = 2.0
REST_SECONDS = 3.0
"""How long a process that refuses to start rests before the supervisor tries it again."""


def run(name: str, var: Var, environ: Mapping[str, str]) -> None:
    """Run one process until it is told to stop. It loads the code of that process and no other's.

    Raises: SettingsRefused, KeyRefused when it lacks something, or was given what it must not have.
    """
    end_with_parent(environ)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A core file would hold keys, words and numbers in clear.
    place = Place(name, var, environ)
    place.clear()
    try:
        _run(place)
    except TiplineError:
        if is_supervised(environ):
            with stopping() as stop:
                stop.wait(REST_SECONDS)
        raise
    finally:
        place.clear()


def _run(place: Place) -> None:
    if place.process == "valkey":
        valkey.prepare(place.var)
        argv = valkey.command(place.var)
        place.note_ready()
        os.execv(argv[0], argv)  # noqa: S606 - our own binary, without a shell
    settings = environment.load(place.process, place.var, place.environ)
    logs.setup(place.process, settings.log_level)
    logs.catch_all()
    if place.process in keys.PROCESSES and not await_tables(settings):
        return
    import_module(f"gateway.front.wiring.{place.process}").run(settings, place)


def await_tables(settings: Settings) -> bool:
    """Wait until the database answers and has the tables of this version; false when told to stop before."""
    database = Database(settings.database_url)
    try:
        if (trouble := _trouble(database)) is None:
            return True
        with stopping() as stop:
            while trouble is not None:
                log().warning(trouble)
                if stop.wait(LOOK_AGAIN_SECONDS):
                    return False
                trouble = _trouble(database)
        return True
    finally:
        database.close()


def _trouble(database: Database) -> str | None:
    try:
        current = revision.is_current(database)
    except Unavailable:
        return "the database does not answer; looking again"
    return None if current else "the database lacks tables of this version; run `tipline migrate`; looking again"
