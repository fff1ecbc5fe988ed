"""Duties: what a process does again and again, each on a thread of its own: when it is rung for, and every two seconds.

The wake-up through Redis only saves the wait; with Redis away a duty still runs. Each duty has one thread, so a slow
carrier holds up sending and nothing else, and no duty ever runs twice at once in one process. One that freezes (in a
call to a server that neither answers nor hangs up) ends the process, and the supervisor starts it anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.core.errors import TiplineError
from gateway.core.logs import log
from gateway.core.times import Clock

SWEEP_SECONDS = 2.0
STOP_SECONDS = 5.0
FROZEN_SECONDS = 60.0
"""How long a duty may give no sign of life: far longer than any time-out of ours, a sender's or the database's."""
_WATCH_SECONDS = 1.0
_running = threading.local()


class Duty:
    """Steps that each take whatever is due, one after the other; one that fails does not keep the next from its turn.

    What rings during a run is not lost: another run follows.
    """

    def __init__(
        self, name: str, *steps: Callable[[], object], every_seconds: float = SWEEP_SECONDS, on_call: bool = True
    ) -> None:
        """Prepare; nothing runs before `start`. Who is not `on_call` is rung for by its own process alone."""
        self.name, self.on_call = name, on_call
        self._steps = steps
        self._every_seconds = every_seconds
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._alive_at: float | None = None
        self._failing_since: float | None = None

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

    def is_busy(self) -> bool:
        """Tell whether a run is on, or asked for."""
        return self._alive_at is not None or self._bell.is_set()

    def note_alive(self) -> None:
        """Note that the run which is on gets on."""
        self._alive_at = time.monotonic()

    def silent_seconds(self, now: float) -> float:
        """Tell how long the run that is on has given no sign of life; 0 when none is. `now` is monotonic."""
        since = self._alive_at
        return 0.0 if since is None else now - since

    def state(self, now: float) -> dict[str, int]:
        """Tell for how many seconds every run has failed, and the run that is on was silent. `now` is monotonic."""
        failing = 0 if self._failing_since is None else max(1, int(now - self._failing_since))
        return {"failing": failing, "silent": int(self.silent_seconds(now))}

    def _run(self) -> None:
        _running.duty = self
        while True:
            self._bell.wait(self._every_seconds)
            self._bell.clear()
            if self._stopping.is_set():
                return
            well = True
            for step in self._steps:
                self.note_alive()
                well = self._take(step) and well
            self._alive_at = None
            self._failing_since = None if well else self._failing_since or time.monotonic()

    def _take(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except TiplineError as error:
            log().warning("a duty must wait", duty=self.name, code=error.code)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run must come
            log().error("a duty failed; it will be tried again", duty=self.name, error=error)
        else:
            return True
        return False


class Patrol(Duty):
    """A duty at a pace of its own: nobody rings for it."""

    def ring(self) -> None:
        """Go on as before."""


def telling(clock: Clock) -> Clock:
    """Make a clock at which each look is a sign of life: work looks at the clock with every piece it does.

    So a run that takes minutes because much is due is left alone, and one that hangs in a call is found.
    """

    def look() -> datetime:
        tell()
        return clock()

    return look


def tell() -> None:
    """Give a sign of life for the duty that runs on this thread, if one does."""
    duty: Duty | None = getattr(_running, "duty", None)
    if duty is not None:
        duty.note_alive()


def watch(
    duties: Sequence[Duty],
    stop: threading.Event,
    seconds: float = FROZEN_SECONDS,
    end: Callable[[int], object] = os._exit,
) -> None:
    """End the process when a duty freezes, until `stop` is set. Rows it had taken are free when their lease lapses."""
    while not stop.wait(min(_WATCH_SECONDS, seconds / 4)):
        now = time.monotonic()
        frozen = [duty.name for duty in duties if duty.silent_seconds(now) > seconds]
        if frozen:
            log().error("a duty hangs; this process ends, to be started anew", code="frozen", duties=frozen)
            end(1)
            return


def stop_all(duties: Sequence[Duty]) -> None:
    """End them side by side. One that hangs in a call is left behind: its rows are free when their lease lapses."""
    for duty in duties:
        duty.stop()
    late = [duty.name for duty in duties if not duty.join(STOP_SECONDS)]
    if late:
        log().warning("stopped in the middle of a duty", duties=late)
        os._exit(0)
