"""Live pages: one watcher a process looks for new events, and tells every open page of that district to look again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from gateway.core.database import Database
from gateway.core.logs import log
from gateway.core.records import Event

POLL_SECONDS = 0.5
LOOK_BACK = 200
QUIET_SECONDS = 15.0
STREAM_SECONDS = 600.0
"""A stream ends after ten minutes; the browser comes back at once, and its session is looked at again."""


@dataclass(eq=False)
class _Page:
    """One open page: what it is to be told, whose district it shows, and the loop it lives in."""

    district_id: str
    queue: asyncio.Queue[int | None] = field(default_factory=asyncio.Queue)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)


class Live:
    """The watcher and its open pages. What it sends are sequence numbers only; the page then asks for itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: set[_Page] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for as long as the app lives; at its end every stream ends."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            self.close()
            await asyncio.gather(task, return_exceptions=True)

    def close(self) -> None:
        """End every stream; a signal or another thread may call it, so that a server can stop at once."""
        for page in list(self._open):
            page.loop.call_soon_threadsafe(page.queue.put_nowait, None)

    async def listen(self, district_id: str) -> AsyncIterator[str]:
        """Yield server-sent events: `id` is the newest event's number. A comment now and then keeps the line open."""
        page = _Page(district_id)
        self._open.add(page)
        ends = page.loop.time() + STREAM_SECONDS
        try:
            yield "retry: 1500\nevent: hello\ndata: 0\n\n"
            while page.loop.time() < ends:
                try:
                    newest = await asyncio.wait_for(page.queue.get(), QUIET_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if newest is None:
                    return
                yield f"id: {newest}\nevent: changed\ndata: {newest}\n\n"
        finally:
            self._open.discard(page)

    async def _watch(self) -> None:
        """Nobody there, nothing to look for; the first look after that tells everyone, since none came before it."""
        seen: dict[int, str | None] | None = None
        failing = False
        while True:
            try:
                latest = await run_in_threadpool(self._look) if self._open else None
                if latest is not None:
                    before = seen or {}
                    fresh = {seq: district for seq, district in latest.items() if seq not in before}
                    self._tell({0: None} if seen is None else fresh, max(latest, default=0))
                seen, failing = latest, False
            except Exception as error:  # noqa: BLE001 - without a watcher pages would call themselves live for ever
                if not failing:
                    log().warning("looking for news fails; it is tried again", code="look_failed", error=error)
                failing = True
            await asyncio.sleep(POLL_SECONDS)

    def _tell(self, fresh: dict[int, str | None], newest: int) -> None:
        """An event of no district, or more events than one look shows, may be anyone's."""
        districts = set(fresh.values()) | ({None} if len(fresh) >= LOOK_BACK else set())
        for page in self._open:
            if districts & {page.district_id, None}:
                page.queue.put_nowait(newest)

    def _look(self) -> dict[int, str | None]:
        """Numbers are drawn before commits, so a lower one may show up late: compare a stretch of them."""
        with self._database.read() as session:
            query = select(Event.seq, Event.district_id).order_by(Event.seq.desc()).limit(LOOK_BACK)
            return dict(session.execute(query).all())
