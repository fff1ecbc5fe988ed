"""The whole examination: settings, keys, database, work, processes, Valkey, attachments and Twilio in turn."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from redis.exceptions import RedisError
from sqlalchemy import select

from channels.twilio_client import inspect
from gateway.core import key_files, keys
from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.media.workshop import Workshop
from gateway.core.queues import connect
from gateway.core.records import District, Line
from gateway.core.settings import Settings
from gateway.core.times import Clock
from gateway.front import environment, revision
from gateway.front.doctor.alerts import sending, signing
from gateway.front.doctor.attachments import attachments
from gateway.front.doctor.backups import backup
from gateway.front.doctor.carrier import Carrier, Look, signatures
from gateway.front.doctor.finding import Finding, Level
from gateway.front.doctor.keys import safekeeping
from gateway.front.doctor.lines import arrivals
from gateway.front.doctor.log import sealing
from gateway.front.doctor.receivers import receivers
from gateway.front.doctor.retention import destruction
from gateway.front.doctor.roles import roles
from gateway.front.doctor.work import beats, processes, waiting
from gateway.front.places import Var

_MONTHS_WARNING, _MONTHS_FAULT = 3, 1


@dataclass(frozen=True)
class Doctor:
    """A doctor for one installation; `look` asks a carrier about an account."""

    var: Var
    environ: Mapping[str, str]
    clock: Clock
    look: Look = inspect
    workshop: Workshop = field(default_factory=Workshop)

    def examine(self) -> Iterator[Finding]:
        """Look at everything, one finding after the other; none of it changes anything."""
        settings = {}
        for process in (*keys.PROCESSES, "operator"):
            try:
                settings[process] = environment.load(process, self.var, self.environ)
            except TiplineError as error:
                yield Finding(f"settings of {process}", "fault", error.public)
        for process in keys.PROCESSES:
            if process in settings:
                yield _keys_of(settings[process])
        known = settings.get("operator") or next(iter(settings.values()), None)  # as whom it may look in the database
        if known is None:
            return
        yield from safekeeping(known.keys_dir)
        yield signing(known.keys_dir, self.clock())
        yield from self._database(known, settings.get("worker"))
        yield from roles(settings)
        yield from processes(self.var)
        yield self._valkey(known)
        yield from attachments(settings.get("worker", known), self.workshop, self.clock())
        if "clock" in settings:
            yield _deadman(settings["clock"])
        yield from signatures(settings)
        yield from Carrier(self.look, self.clock).examine(settings, _lines(known))

    def _database(self, settings: Settings, worker: Settings | None) -> Iterator[Finding]:
        database = Database(settings.database_url)
        try:
            if not revision.is_current(database):
                yield Finding("database", "fault", "It lacks tables of this version. Run `tipline migrate`.")
                return
            kind = "SQLite" if database.is_sqlite else "PostgreSQL"
            yield Finding("database", "ok", f"{kind} answers and has the tables of this version.")
            with database.read() as session:
                slugs = list(session.scalars(select(District.slug).order_by(District.slug)))
                yield from waiting(session, self.clock())
                yield from arrivals(session, self.clock())
                yield backup(session, settings.keys_dir, self.clock())
                yield destruction(session, self.clock())
                yield from sending(session, worker, self.clock())
                yield from beats(session, self.clock())
                yield receivers(session, settings.keys_dir)
            for slug in (*slugs, keys.COMMON):
                yield self._months(settings.keys_dir, slug)
            yield sealing(settings, database, self.clock())
        except TiplineError as error:
            words = f"{error.public} Is it running, and is DATABASE_URL right?"
            yield Finding("database", "fault", words)
        finally:
            database.close()

    def _months(self, root: Path, slug: str) -> Finding:
        left = key_files.months_left(root, slug, self.clock())
        what = "keys of what no district owns" if slug == keys.COMMON else f"keys of district {slug}"
        if left > _MONTHS_WARNING:
            return Finding(what, "ok", f"Made for {left} months, this one included.")
        level: Level = "warning" if left > _MONTHS_FAULT else "fault"
        words = f"Made for {left} months, this one included. Run `tipline keys init`, then start Tipline anew."
        return Finding(what, level, words)

    def _valkey(self, settings: Settings) -> Finding:
        connection = connect(settings.redis_url)
        try:
            connection.ping()
        except (RedisError, OSError):
            words = "It does not answer. Tips still arrive, each step up to two seconds later. Is it running?"
            return Finding("valkey", "warning", words)
        finally:
            connection.close()
        return Finding("valkey", "ok", "It answers.")


def _keys_of(settings: Settings) -> Finding:
    """Load the key set as the process itself would, and see that nobody else can read it."""
    what = f"keys of {settings.process}"
    try:
        keys.load(settings.keys, settings.process)
    except TiplineError as error:
        return Finding(what, "fault", error.public)
    open_to_others = [path for path in sorted(settings.keys.rglob("*.key")) if path.stat().st_mode & 0o077]
    if open_to_others:
        modes = ", ".join(f"{path.name} ({stat.filemode(path.stat().st_mode)})" for path in open_to_others)
        return Finding(what, "fault", f"Others can read {modes}. Run `chmod 600` on them.")
    return Finding(what, "ok", "Complete, none too many, readable by their owner alone.")


def _deadman(settings: Settings) -> Finding:
    """Look whether anybody outside would notice that all of this stands still; the address is not shown."""
    if settings.deadman_url is None:
        words = "Nobody outside notices when all of this stands still. Set TIPLINE_DEADMAN_URL for the clock."
        return Finding("dead-man's ping", "warning", words)
    return Finding("dead-man's ping", "ok", "The clock pings an address outside; its silence is the alarm.")


def _lines(settings: Settings) -> dict[str, set[str]]:
    """List our numbers by purpose; none when the database is away, which another finding says."""
    found: dict[str, set[str]] = {"reports": set(), "paging": set()}
    database = Database(settings.database_url)
    try:
        if revision.is_current(database):
            with database.read() as session:
                for line in session.scalars(select(Line)):
                    found[line.purpose].add(line.number)
    except TiplineError:
        pass
    finally:
        database.close()
    return found
