"""Being told to stop: by a signal, or by the death of the process above."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

USUAL = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


def stop_on_signal(numbers: Iterable[signal.Signals] = USUAL, stop: threading.Event | None = None) -> threading.Event:
    """Hand out an event that these signals set from now on."""
    chosen = stop or threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        chosen.set()

    for number in numbers:
        signal.signal(number, handle)
    return chosen


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Hand out such an event for a while; afterwards the signals do again what they did before."""
    before = {number: signal.getsignal(number) for number in USUAL}
    try:
        yield stop_on_signal()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_supervised(environ: Mapping[str, str]) -> bool:
    """Tell whether our supervisor runs this process, and so starts it again whenever it ends."""
    return bool(environ.get("SUPERVISOR_ENABLED"))


def end_with_parent(environ: Mapping[str, str]) -> None:
    """Ask Linux for a SIGTERM when the parent dies, under our supervisor only; it outlives an exec (see prctl(2))."""
    if is_supervised(environ) and sys.platform.startswith("linux"):
        prctl: Any = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
