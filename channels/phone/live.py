"""Tells open pages that something changed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator

QUIET_SECONDS = 15.0


class Live:
    """Carries small events from any thread to every open page."""

    def __init__(self) -> None:
        # Re-entrant: `close` may be called by a signal that interrupts one of the others.
        self._lock = threading.RLock()
        self._open: dict[asyncio.Queue[str | None], asyncio.AbstractEventLoop] = {}

    def tell(self, **event: str) -> None:
        """Send an event to all pages that are open."""
        self._send(json.dumps(event))

    def close(self) -> None:
        """End every stream."""
        self._send(None)

    def _send(self, text: str | None) -> None:
        with self._lock:
            listeners = list(self._open.items())
        for queue, loop in listeners:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, text)

    async def listen(self) -> AsyncIterator[str]:
        """Yield server-sent events until the page goes; a comment now and then keeps the line open."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        with self._lock:
            self._open[queue] = asyncio.get_running_loop()
        try:
            yield "retry: 1000\n: listening\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(queue.get(), QUIET_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if text is None:
                    return
                yield f"data: {text}\n\n"
        finally:
            with self._lock:
                self._open.pop(queue, None)
