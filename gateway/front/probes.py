"""Probes: `/healthz` says that a process answers, `/readyz` whether it can do its work. Both are for anyone to ask.

`/healthz` needs nothing but the process: whoever restarts what is not alive must not restart it for the database's
sake. `/readyz` is 503 with a reason code while the last heartbeat could not be written, the tables are not those of
this version, or the keys do not seal. The console also tells of each process whether its heart beats, and no more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.core import heartbeats, keys
from gateway.core.database import Database
from gateway.core.problems import problem
from gateway.core.times import Clock
from gateway.front.duties import Duty
from gateway.front.pulse import Pulse

READY = "/readyz"
_NO_STORE = {"Cache-Control": "no-store"}
_END_SECONDS = 2.0
_SENTENCES = {
    "starting": "It has only just begun.",
    "database": "The database does not take a write.",
    "tables": "The database lacks tables of this version.",
    "keys": "The keys do not seal.",
    "stuck": "It has not beaten for a while.",
}


class Others:
    """What the console knows of all processes: looked up with each beat, so that asking costs nothing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self.states: dict[str, str] = {}

    def look(self) -> Mapping[str, Any]:
        """Look at the heartbeats; adds nothing to the beat. Raises: Unavailable."""
        now = self._clock()
        with self._database.read() as session:
            found = heartbeats.latest(session, now)
        self.states = {
            process: "ok"
            if process in found
            and heartbeats.age_seconds(found[process], now) <= heartbeats.STALE_SECONDS
            and found[process].data.get("trouble") is None
            else "not_ok"
            for process in keys.PROCESSES
        }
        return {}


def ready(pulse: Pulse, others: Others | None = None) -> Route:
    """Make the route that tells whether this process is ready."""

    async def answer(_request: Request) -> Response:
        trouble = pulse.trouble
        if trouble is not None:
            return problem(503, trouble, _SENTENCES.get(trouble, "It cannot work just now."), {"Retry-After": "5"})
        body: dict[str, object] = {"status": "ok"}
        if others is not None:
            body["processes"] = others.states
        return JSONResponse(body, headers=_NO_STORE)

    return Route(READY, answer, methods=["GET"])


def living(app: Starlette, *duties: Duty) -> Starlette:
    """Let an app's pulse, and other duties of its process, begin and end with it."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[Any]:
        async with inner(running) as state:
            for duty in duties:
                duty.start()
            try:
                yield state
            finally:
                for duty in duties:
                    duty.stop()
                for duty in duties:
                    await run_in_threadpool(duty.join, _END_SECONDS)

    app.router.lifespan_context = lifespan
    return app
