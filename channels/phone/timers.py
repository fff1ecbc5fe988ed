"""What happens later: one thread that waits, and a few that do."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Timers:
    """Runs jobs after a delay, each in a pool thread. Jobs that are not due when it closes are dropped."""

    def __init__(self, workers: int = 16) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="phone-job")
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._wait, name="phone-timers", daemon=True)

    def start(self) -> None:
        """Start waiting."""
        self._thread.start()

    def close(self) -> None:
        """Stop waiting; let the jobs that are running end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def after(self, seconds: float, job: Callable[[], None]) -> None:
        """Run `job` once, `seconds` from now."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), job))
            self._changed.notify()

    def _wait(self) -> None:
        with self._changed:
            while not self._closed:
                if not self._due:
                    self._changed.wait()
                elif (left := self._due[0][0] - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    self._pool.submit(_run, heapq.heappop(self._due)[2])


def _run(job: Callable[[], None]) -> None:
    """Run a job; its failure is logged by type only, since its text may hold a number."""
    try:
        job()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other jobs go on
        log.error("a carrier job failed: %s", type(error).__name__)
