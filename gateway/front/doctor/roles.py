"""PostgreSQL: does each process come in under a role of its own, with the rights it needs and no more?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

from sqlalchemy import text

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.settings import Settings
from gateway.front.doctor.finding import Finding
from gateway.front.roles import drift, granting

_WHO = text(
    "SELECT current_user, rolsuper OR pg_has_role(oid, (SELECT relowner FROM pg_class WHERE oid = 'events'::regclass),"
    " 'MEMBER') FROM pg_roles WHERE rolname = current_user"
)
_MAKE = "Run `tipline database roles --apply --passwords` as the database's owner, then restart."


def roles(settings: Mapping[str, Settings]) -> Iterator[Finding]:
    """Look under which role each process connects; on SQLite there are none. A database that is away is told before."""
    for process in keys.PROCESSES:
        if process in settings:
            with closing(Database(settings[process].database_url)) as database:
                if database.is_sqlite:
                    return
                yield from _role(process, database)
    if "operator" in settings:
        with closing(Database(settings["operator"].database_url)) as database:
            yield from _rights(database)


def _role(process: str, database: Database) -> Iterator[Finding]:
    what = f"database role of {process}"
    try:
        with database.read() as session:
            name, owns = session.execute(_WHO).one()
    except TiplineError as error:
        yield Finding(what, "fault", f"{error.public} Is DATABASE_URL in var/env/{process}.env right?")
        return
    if owns:
        words = f"It connects as {name}, who may do anything there. {_MAKE}"
        yield Finding(what, "warning", words)
    elif name != granting.name_of(process):
        words = f"It connects as {name}, which is not {granting.name_of(process)}. {_MAKE}"
        yield Finding(what, "warning", words)
    else:
        yield Finding(what, "ok", f"It connects as {name}.")


def _rights(database: Database) -> Iterator[Finding]:
    try:
        if not granting.exist(database):
            return
        with database.read() as session:
            found = drift.differences(session)
    except TiplineError:
        return
    what = "database rights"
    if not found:
        yield Finding(what, "ok", "Each role has the rights of its process, and no other.")
        return
    words = f"{len(found)} are not as they should be, e.g. {found[0]}. Run `tipline database roles --apply`."
    yield Finding(what, "fault" if any(one.startswith("lacks") for one in found) else "warning", words)
