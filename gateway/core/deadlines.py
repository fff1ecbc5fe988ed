"""Deadlines: how long a call to somebody else may take in all. Time-outs of its parts let an answer drip for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, act: Callable[[], Result]) -> Result:
    """Do a thing on a thread of its own, and leave it behind when it takes longer.

    Raises: TimeoutError then, else what `act` raises.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(act())
        except BaseException as error:  # noqa: BLE001 - whoever waits hears of it
            done.set_exception(error)

    threading.Thread(target=run, name="within", daemon=True).start()
    return done.result(seconds)
