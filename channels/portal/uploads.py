"""Uploads: a form that may bring files, read as it comes and for as long as it gets on.

A slow line is no fault, an endless one is cut. When what was typed is there and a file is not, because the line broke,
it took too long, it never ended, or the store hangs, the words are taken without it. Nor do they wait for a film: see
`soon`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from channels.portal import forms
from channels.portal.files import MOST, Files
from channels.portal.multipart import Broken, Reading, TooMuchTyped
from gateway.core.logs import log
from gateway.core.media import kinds
from gateway.core.media.incoming import Finished, Incoming

READ_BYTES = MOST * kinds.MOST_BYTES + 2 * forms.BODY_BYTES
"""So much of a form is read; what comes after it is left."""
WHOLE_SECONDS = 1800.0
"""So long one may take: a film of 100 MB at half a megabit a second."""

Begin = Callable[[Mapping[str, str]], Incoming | None]
"""Begins a file, told what was typed before it; nothing when it is not to be taken. Runs in the thread pool."""
Soon = Callable[[Mapping[str, str]], Awaitable[None]]
"""Is told what was typed while files are still coming."""


STORES_AT_ONCE = 8
"""So many threads may wait for the store: one that hangs must not hold up words, which need threads as well."""
STORE_SECONDS = 60.0
"""So long a form waits for the store at a time; then it goes on without."""


@dataclass(frozen=True)
class Bounds:
    """For how many seconds a form may say nothing, how many it may take as a whole, and who may wait for the store.

    What was typed is shown to `soon` when its files take longer than `soon_seconds`. It waits for the store for
    `store_seconds` at a time.
    """

    silent_seconds: float
    whole_seconds: float
    soon_seconds: float
    store_seconds: float
    store: CapacityLimiter


@asynccontextmanager
async def received(
    request: Request, bounds: Bounds, begin: Begin, soon: Soon, discard: Callable[[Iterable[Finished]], None]
) -> AsyncIterator[tuple[dict[str, str], Files]]:
    """Read a form and take its files; at the end of the block those that no row will name are taken back.

    Raises: HTTPException 400, 408, 413 or 415 when what was typed has not come, or is no form of ours.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield await forms.received(request, bounds.silent_seconds), Files()
        return
    fields: dict[str, str] = {}
    files = Files(lambda: begin(fields))
    try:
        async with _hurry(bounds.soon_seconds, lambda: soon(fields)) as hurry:
            await _read(request, bounds, fields, files, hurry)
        yield fields, files
    finally:
        if files.needs_store or files.unwanted:
            await _wait(lambda: _clear(files, discard), bounds, lambda: None)


async def _read(request: Request, bounds: Bounds, fields: dict[str, str], files: Files, hurry: asyncio.Event) -> None:
    """Read until its end, or until the words are there and no more comes of the rest."""
    try:
        reading = Reading(request.headers["content-type"], fields, files)
    except Broken:
        raise HTTPException(400) from None
    try:
        async with asyncio.timeout(bounds.whole_seconds):
            await _feed(request, bounds, reading, files, hurry)
        reading.end()
    except (TimeoutError, ClientDisconnect, Broken, TooMuchTyped) as error:
        if not reading.words_came:
            status = {TimeoutError: 408, TooMuchTyped: 413}.get(type(error), 400)
            raise HTTPException(status) from None
        files.cut()
        await _work(files, bounds)


async def _feed(request: Request, bounds: Bounds, reading: Reading, files: Files, hurry: asyncio.Event) -> None:
    stream, left = request.stream(), READ_BYTES
    while True:
        async with asyncio.timeout(bounds.silent_seconds):
            content = await _next(stream)
        left -= len(content or b"")
        if content is None or left < 0:
            return
        await run_in_threadpool(reading.write, content)
        if reading.words_came:
            hurry.set()
        await _work(files, bounds)


@asynccontextmanager
async def _hurry(seconds: float, act: Callable[[], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    """Act so long after the event is set, unless the block has ended by then. What goes wrong will show after it."""
    begun = asyncio.Event()

    async def wait() -> None:
        await begun.wait()
        await asyncio.sleep(seconds)
        await act()

    waiting = asyncio.create_task(wait())
    try:
        yield begun
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _work(files: Files, bounds: Bounds) -> None:
    if files.needs_store:
        await _wait(files.job(), bounds, files.leave)
    else:
        files.job()()


async def _wait(act: Callable[[], None], bounds: Bounds, leave: Callable[[], None]) -> None:
    """Have a thread wait for the store; when that takes too long, or the form's time is over, leave it to itself.

    A thread that hangs goes on counting among `STORES_AT_ONCE`: its task is not cancelled. One that waits for its turn
    is; if it has it at this very moment, it finds that it was left.
    """
    begun = threading.Event()

    def run() -> None:
        begun.set()
        act()

    job = asyncio.ensure_future(to_thread.run_sync(run, limiter=bounds.store))
    job.add_done_callback(_look_over)
    try:
        await asyncio.wait([job], timeout=bounds.store_seconds)
    finally:
        if not job.done():
            leave()
            if not begun.is_set():
                job.cancel()
    if job.done():
        job.result()


def _look_over(job: asyncio.Future[None]) -> None:
    """Take note of an error: a job that was left has nobody else to tell."""
    if not job.cancelled():
        job.exception()


def _clear(files: Files, discard: Callable[[Iterable[Finished]], None]) -> None:
    """Take back what no row will name."""
    try:
        files.abort()
        discard(files.unwanted)
    except Exception as error:  # noqa: BLE001 - the words may have been taken, and the answer must say so
        log().error("files could not be taken back; they are swept", error=error)


def _next(stream: AsyncIterator[bytes]) -> Awaitable[bytes | None]:
    return anext(stream, None)
