"""Meters: what a process counts of its own work, as numbers alone; its heartbeat carries them to whoever asks.

A count has no label but its name, so nothing of a reporter, a case or a member of staff can get into one.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ACCEPT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Times:
    """How often something took how long: a count for each bound, one for what took longer, and the sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` in seconds, ascending."""
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def note(self, seconds: float) -> None:
        """Count one."""
        with self._lock:
            self._counts[bisect_left(self._bounds, seconds)] += 1
            self._sum += seconds

    def to_json(self) -> dict[str, Any]:
        """Render it for a heartbeat."""
        with self._lock:
            return {"bounds": self._bounds, "counts": list(self._counts), "sum": round(self._sum, 3)}


@dataclass
class Accepting:
    """How webhooks were answered: ASGI middleware around the public app that looks at one path and at no content."""

    app: ASGIApp
    path: str
    counts: Counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, and count it."""
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self.counts.note(status, time.perf_counter() - start)


class Counts:
    """What intake counts: webhooks of texts by the class of their answer, and how long those took that were taken."""

    def __init__(self) -> None:
        self._times = Times(ACCEPT_SECONDS)
        self._answers = {"2xx": 0, "4xx": 0, "5xx": 0}
        self._lock = threading.Lock()

    def note(self, status: int, seconds: float) -> None:
        """Count one answer."""
        kind = f"{status // 100}xx"
        with self._lock:
            self._answers[kind if kind in self._answers else "5xx"] += 1
        if kind == "2xx":
            self._times.note(seconds)

    def to_json(self) -> dict[str, Any]:
        """Render them for a heartbeat."""
        with self._lock:
            answers = dict(self._answers)
        return {"webhooks": answers, "accept": self._times.to_json()}
