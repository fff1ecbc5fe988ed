"""The dead-man's ping: somebody outside hears from the clock each minute whether people can be reached.

    GET  <url>         each minute while all is well; its silence is the alarm, whatever it is that fell silent
    POST <url>/fail    at once when something new is wrong, then each minute, with a body of codes; no ping meanwhile

This is how healthchecks.io and its kin have it. Source: https://healthchecks.io/docs/http_api/

The codes are those of `vitals.unreached`, `unjudged`, `no_beat.<process>`, `trouble.<process>` (it beats, and says that
it cannot work) and `database`. They tell a stranger that something is wrong here, never with whom. The URL is a secret
of the clock's: it is never logged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from gateway.core import deadlines, heartbeats, keys
from gateway.core.database import Database
from gateway.core.errors import TiplineError, Unavailable
from gateway.core.logs import log
from gateway.core.times import Clock
from gateway.front import vitals

LOOK_SECONDS = 5.0
PING_SECONDS = 60.0
SILENT_SECONDS = 30.0
_AGAIN_SECONDS = 15.0
_PART_SECONDS, _WHOLE_SECONDS = 5.0, 10.0

Knock = Callable[[str, str | None], int]
"""Asks a URL, with a body or without, and tells the status. Raises: Unavailable."""


def knock(url: str, body: str | None) -> int:
    """GET a URL, or POST a body to it; follows no redirect, and is given up after ten seconds. Raises: Unavailable."""

    def ask() -> int:
        with (
            httpx.Client(trust_env=False, timeout=_PART_SECONDS, follow_redirects=False) as client,
            client.stream("GET" if body is None else "POST", url, content=body) as answer,
        ):
            return answer.status_code

    try:
        return deadlines.within(_WHOLE_SECONDS, ask)
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise Unavailable("The dead-man's URL does not answer.") from None  # the error's own text may hold the URL


def failing(url: str) -> str:
    """Put `/fail` behind the path of a URL, before its query."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()


@dataclass
class Heard:
    """When each process was last heard of, on a clock that nobody can set: a beat counts when it is another one."""

    began: float
    _heard: dict[str, tuple[object, float]] = field(default_factory=dict)

    def note(self, process: str, beat: object, tick: float) -> None:
        """Note the beat that a process has in the database now."""
        if process not in self._heard or self._heard[process][0] != beat:
            self._heard[process] = (beat, tick)

    def silent(self, process: str, tick: float) -> bool:
        """Tell whether a process has been silent for too long."""
        _, at = self._heard.get(process, (None, self.began))
        return tick - at > SILENT_SECONDS


class Deadman:
    """Looks every few seconds, and tells outside. `ticks` is a monotonic clock in seconds."""

    def __init__(
        self,
        url: str,
        database: Database,
        clock: Clock,
        ask: Knock = knock,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._database, self._clock, self._ask, self._ticks = url, database, clock, ask, ticks
        self._heard = Heard(ticks())
        self._seen_at = ticks()
        self._passing_before: set[str] = set()
        self._told: frozenset[str] = frozenset()
        self._next_at = ticks()

    def step(self) -> None:
        """Look, and tell outside what is new or due."""
        codes, tick = self._look(), self._ticks()
        if codes is None or (codes <= self._told and bool(codes) == bool(self._told) and tick < self._next_at):
            return
        self._next_at = tick + _AGAIN_SECONDS
        if codes:
            log().error("people may not be reached", codes=sorted(codes))
        taken = self._tell(codes)
        if taken:
            self._told, self._next_at = codes, tick + PING_SECONDS

    def _tell(self, codes: frozenset[str]) -> bool:
        try:
            url, body = (failing(self._url), "\n".join(sorted(codes))) if codes else (self._url, None)
            status = self._ask(url, body)
        except Unavailable:
            status = 0
        if not httpx.codes.is_success(status):
            log().warning("the dead-man's ping was not taken; it is tried again", status=status)
        return bool(httpx.codes.is_success(status))

    def _look(self) -> frozenset[str] | None:
        """Name what is wrong; None while the database has not been asked in vain for long."""
        now, tick = self._clock(), self._ticks()
        try:
            with self._database.read() as session:
                codes = vitals.unreached(session, now)
                passing = {"unjudged"} if vitals.unjudged(session, now) else set()
                for process, row in heartbeats.latest(session, now).items():
                    self._heard.note(process, (row.instance, row.beat_at), tick)
                    if row.data.get("trouble"):
                        passing.add(f"trouble.{process}")
        except TiplineError:
            return frozenset({"database"}) if tick - self._seen_at > SILENT_SECONDS else None
        self._seen_at = tick
        # A text that is taken in late is old at once, and a process may only have begun: what is still there at the
        # next look stays.
        codes |= passing & self._passing_before
        self._passing_before = passing
        return frozenset(codes | {f"no_beat.{one}" for one in keys.PROCESSES if self._heard.silent(one, tick)})
