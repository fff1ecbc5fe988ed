"""Duties: what a process does again and again, each on a thread of its own: when it is rung for, and every two seconds.

The wake-up through Redis only saves the wait; with Redis away a duty still runs. Each duty has one thread, so a slow
carrier holds up sending and nothing else, and no duty ever runs twice at once in one process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from gateway.core.errors import TiplineError
from gateway.core.logs import log

SWEEP_SECONDS = 2.0
STOP_SECONDS = 5.0


class Duty:
    """Steps that each take whatever is due, one after the other; one that fails does not keep the next from its turn.

    What rings during a run is not lost: another run follows.
    """

    def __init__(self, name: str, *steps: Callable[[], object], every_seconds: float = SWEEP_SECONDS) -> None:
        """Prepare; nothing runs before `start`."""
        self.name = name
        self._steps = steps
        self._every_seconds = every_seconds
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, with what is due right now."""
        self._bell.set()
        self._thread.start()

    def ring(self) -> None:
        """Ask for a run as soon as may be."""
        self._bell.set()

    def stop(self) -> None:
        """Ask for an end after the run that is on."""
        self._stopping.set()
        self._bell.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; false when it has not come within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self._bell.wait(self._every_seconds)
            self._bell.clear()
            if self._stopping.is_set():
                return
            for step in self._steps:
                self._take(step)

    def _take(self, step: Callable[[], object]) -> None:
        try:
            step()
        except TiplineError as error:
            log().warning("a duty must wait", duty=self.name, code=error.code)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run must come
            log().error("a duty failed; it will be tried again", duty=self.name, error=error)


class Patrol(Duty):
    """A duty at a pace of its own: nobody rings for it."""

    def ring(self) -> None:
        """Go on as before."""


def stop_all(duties: Sequence[Duty]) -> None:
    """End them side by side. One that hangs in a call is left behind: its rows are free when their lease lapses."""
    for duty in duties:
        duty.stop()
    late = [duty.name for duty in duties if not duty.join(STOP_SECONDS)]
    if late:
        log().warning("stopped in the middle of a duty", duties=late)
        os._exit(0)
