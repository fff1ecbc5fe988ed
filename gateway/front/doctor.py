"""The doctor: looks at keys, database, Valkey, Twilio, clock and processes, and says in plain words what to do."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from redis.exceptions import RedisError
from sqlalchemy import select

from channels.sms import INBOUND_PATH
from channels.twilio_client import AccountState, TwilioAccount, inspect
from gateway.core import key_files, keys
from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.messages import SendError
from gateway.core.queues import connect
from gateway.core.records import District, Line
from gateway.core.settings import Settings
from gateway.core.times import Clock
from gateway.front import doctor_keys, doctor_lines, doctor_log, environment, revision
from gateway.front.places import Var

Level = Literal["ok", "warning", "fault"]
_MONTHS_WARNING = 3
_CLOCK_WARNING_SECONDS, _CLOCK_FAULT_SECONDS = 2, 60


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    level: Level
    words: str

    def to_json(self) -> dict[str, str]:
        """Render it for machines."""
        return {"what": self.what, "level": self.level, "words": self.words}


Look = Callable[[TwilioAccount], AccountState]


@dataclass(frozen=True)
class Doctor:
    """A doctor for one installation; `look` asks a carrier about an account."""

    var: Var
    environ: Mapping[str, str]
    clock: Clock
    look: Look = inspect

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
        known = next(iter(settings.values()), None)
        if known is None:
            return
        yield Finding("key escrow", *doctor_keys.of_escrow(known.keys_dir))
        yield Finding("key rotation", *doctor_keys.of_rotation(known.keys_dir))
        yield from self._database(known)
        yield self._valkey(known)
        yield from self._twilio(settings, _lines(known))

    def _database(self, settings: Settings) -> Iterator[Finding]:
        database = Database(settings.database_url)
        try:
            if not revision.is_current(database):
                yield Finding("database", "fault", "It lacks tables of this version. Run `tipline migrate`.")
                return
            kind = "SQLite" if database.is_sqlite else "PostgreSQL"
            yield Finding("database", "ok", f"{kind} answers and has the tables of this version.")
            with database.read() as session:
                slugs = list(session.scalars(select(District.slug).order_by(District.slug)))
                lines = [Finding(*said) for said in doctor_lines.look(session, self.clock())]
            for slug in slugs:
                yield self._months(settings.keys_dir, slug)
            yield from lines
            yield Finding("event log", *doctor_log.look(settings, database, self.clock()))
        except TiplineError as error:
            words = f"{error.public} Is it running, and is DATABASE_URL right?"
            yield Finding("database", "fault", words)
        finally:
            database.close()

    def _months(self, root: Path, slug: str) -> Finding:
        left = key_files.months_left(root, slug, self.clock())
        if left > _MONTHS_WARNING:
            return Finding(f"keys of district {slug}", "ok", f"Made for {left} months ahead.")
        level: Level = "warning" if left else "fault"
        return Finding(f"keys of district {slug}", level, f"Made for {left} more months. Run `tipline keys init`.")

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

    def _twilio(self, settings: Mapping[str, Settings], lines: Mapping[str, set[str]]) -> Iterator[Finding]:
        accounts = {
            "reporters": ("courier", "reports", "twilio_account_sid", "twilio_api_key", "twilio_api_secret"),
            "paging": (
                "worker", "paging", "twilio_paging_account_sid", "twilio_paging_api_key", "twilio_paging_api_secret",
            ),
        }  # fmt: skip
        for name, (process, purpose, sid, key, secret) in accounts.items():
            told = settings.get(process)
            if told is None:
                continue
            password = getattr(told, secret).get_secret_value()
            account = TwilioAccount(getattr(told, sid), getattr(told, key), password, told.twilio_api_base_url)
            yield from self._account(f"twilio {name}", account, f"{told.public_url}{INBOUND_PATH}", lines[purpose])

    def _account(self, what: str, account: TwilioAccount, webhook: str, wanted: set[str]) -> Iterator[Finding]:
        try:
            state = self.look(account)
        except SendError as error:
            yield Finding(
                what, "fault", f"It cannot be reached or refuses us (code {error.code}). {_advice(error.code)}"
            )
            return
        level: Level = "ok" if state.status == "active" else "fault"
        yield Finding(what, level, f"It answers; the account is {state.status}.")
        for number in sorted(wanted):
            yield Finding(f"{what}, line {number}", *doctor_lines.webhook(number, state, webhook))
        if state.provider_time is not None:
            yield self._time(what, state.provider_time)

    def _time(self, what: str, theirs: datetime) -> Finding:
        apart = abs((self.clock() - theirs).total_seconds())
        if apart <= _CLOCK_WARNING_SECONDS:
            return Finding(f"clock against {what}", "ok", "They agree.")
        level: Level = "warning" if apart <= _CLOCK_FAULT_SECONDS else "fault"
        words = f"They are {apart:.0f} seconds apart. Is time synchronisation (NTP) on?"
        return Finding(f"clock against {what}", level, words)


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


def _advice(code: str) -> str:
    if code in {"timeout", "unreachable"}:
        return "Is the network up, and TWILIO_API_BASE_URL right?"
    return "Are the account SID, the API key and its secret right?"
