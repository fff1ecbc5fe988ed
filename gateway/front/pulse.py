"""The pulse: a process writes its heartbeat from a thread of its own, and so knows whether it is ready for work.

A beat is a real commit, so it shows what a look could not: a database that is locked, full or read-only. The answer is
kept in memory, so that strangers who ask `/readyz` cost nothing. A database that is away is waited for.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gateway.core import heartbeats
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, TiplineError, Unavailable
from gateway.core.times import Clock
from gateway.front import revision
from gateway.front.duties import Duty, Patrol

_LOOK_SECONDS, _AGAIN_SECONDS = 0.5, 2.0

Part = Callable[[], Mapping[str, Any]]
"""Adds codes and numbers to a beat, under names of its own. Raises: TiplineError."""


class Pulse(Patrol):
    """Beats every five seconds, and two seconds after a beat that failed.

    `duties` are those whose state it tells, `check` raises what keeps this process from work, `parts` are its counts.
    """

    def __init__(
        self,
        database: Database,
        process: str,
        clock: Clock,
        *,
        duties: Sequence[Duty] = (),
        check: Callable[[], object] = lambda: None,
        parts: Sequence[Part] = (),
    ) -> None:
        super().__init__("beat", self.step, every_seconds=_LOOK_SECONDS)
        self.instance = secrets.token_hex(16)
        self._database, self._process, self._clock = database, process, clock
        self._duties, self._check, self._parts = duties, check, parts
        self._started_at = clock()
        self._next_at, self._beat_at = 0.0, 0.0
        self._trouble: str | None = "starting"

    @property
    def trouble(self) -> str | None:
        """What keeps this process from work, as a code; nothing while it is ready."""
        if self._trouble is None and time.monotonic() - self._beat_at > heartbeats.STALE_SECONDS:
            return "stuck"
        return self._trouble

    def step(self) -> None:
        """Beat if it is time to. Raises: TiplineError."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + _AGAIN_SECONDS
        try:
            trouble = self._look()
            data = self._data(trouble)
            with self._database.write() as session:
                heartbeats.beat(
                    session, self.instance, self._process, _version(), self._started_at, self._clock(), data
                )
        except Unavailable:
            self._trouble = "database"
            raise
        except Exception:
            self._trouble = "error"
            raise
        self._trouble, self._beat_at = trouble, time.monotonic()
        if trouble is None:
            self._next_at = self._beat_at + heartbeats.EVERY_SECONDS

    def _look(self) -> str | None:
        if not revision.is_current(self._database):
            return "tables"
        try:
            self._check()
        except KeyRefused:
            return "keys"
        return None

    def _data(self, trouble: str | None) -> dict[str, Any]:
        now = time.monotonic()
        data: dict[str, Any] = {"trouble": trouble, "duties": {duty.name: duty.state(now) for duty in self._duties}}
        for part in self._parts:
            try:
                data |= part()
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - a count that fails must not look like a process that is dead
                data["part"] = error.code if isinstance(error, TiplineError) else "error"
        return data


def _version() -> str:
    try:
        return version("tipline-gateway")[:20]
    except PackageNotFoundError:
        return "unknown"
