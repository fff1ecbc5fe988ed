"""`python -m tests.faults.child NAME`: what `tipline run NAME` runs, with named points, a clock that can be stepped,
and slow clocks made faster. The product's own code is untouched: all this is put around it from outside.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from gateway.core import times
from gateway.core.media.folder import Folder
from tests.faults.points import Points, watch

FOLDER, PACE = "FAULTS_FOLDER", "FAULTS_PACE"
"""Where points are armed and clocks are stepped; how much faster than the product's own the slow clocks run."""
_LOOK_SECONDS = 0.05
_SLOW = (
    "triage.policy",
    "responders.paging.rounds",
    "gateway.core.backfill",
    "gateway.front.wiring.patrols",
    "gateway.core.media.fetching",
)
_WITHOUT_DATABASE = {"valkey", "phones"}


class SteppedClock:
    """The machine's clock plus whole seconds that a file says, for one process or for all."""

    def __init__(self, folder: Path, process: str) -> None:
        self._files = [clock_file(folder, process), clock_file(folder, "all")]
        self._real = times.utc_now
        self._offset, self._looked_at = timedelta(), 0.0

    def __call__(self) -> datetime:
        """Tell the time."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_SECONDS:
            self._looked_at = now
            self._offset = timedelta(seconds=sum(int(file.read_text()) for file in self._files if file.exists()))
        return self._real() + self._offset


def clock_file(folder: Path, process: str) -> Path:
    """Locate the file that says by how many seconds a process's clock is wrong."""
    return folder / f"clock-{process}"


def _is_roomy(_self: Folder) -> None:
    """Never refuse."""


def quicken(pace: float) -> None:
    """Let people be paged again, carriers be listed and files be asked for again, so many times sooner."""
    policy, rounds, backfill, patrols, fetching = (import_module(name) for name in _SLOW)
    usual = policy.PagingPolicy.__init__.__defaults__
    policy.PagingPolicy.__init__.__defaults__ = tuple(max(1, round(seconds / pace)) for seconds in usual)
    for module, name in (
        (rounds, "REST"), (rounds, "_SLACK"), (backfill, "_CALLBACK"), (patrols, "EVERY_SECONDS"),
        (fetching, "_FIRST_WAIT"), (fetching, "_LONGEST_WAIT"),
    ):  # fmt: skip
        setattr(module, name, getattr(module, name) / pace)


def main(process: str) -> int:
    """Run one process, wrapped."""
    folder = Path(os.environ[FOLDER])
    if process not in _WITHOUT_DATABASE:
        times.utc_now = SteppedClock(folder, process)
        watch(Points(folder, process))
        quicken(float(os.environ.get(PACE, "1")))
        # The small disk is smaller than what a real one keeps free; here it may be filled to its last block.
        Folder.check_room = _is_roomy  # type: ignore[assignment,method-assign]
    return int(import_module("gateway.front.cli").main(["run", process]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
