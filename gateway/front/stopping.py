"""Being told to stop: a signal sets an event, and whoever waits on it comes to an end in good order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from types import FrameType

USUAL = (signal.SIGINT, signal.SIGTERM)


def stop_on_signal(numbers: Iterable[signal.Signals] = USUAL, stop: threading.Event | None = None) -> threading.Event:
    """Hand out an event that these signals set from now on."""
    chosen = stop or threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        chosen.set()

    for number in numbers:
        signal.signal(number, handle)
    return chosen
