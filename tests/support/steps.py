"""Counts the steps a call takes, which the speed of a machine does not change: what a timed assert would guess at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")


def count(call: Callable[[], Result]) -> tuple[int, Result]:
    """Call it; return how many Python and C calls it made (each resumption of a generator is one) and its result."""
    steps = 0

    def step(_: FrameType, event: str, __: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        result = call()
    finally:
        sys.setprofile(before)
    return steps, result


def count_lines(call: Callable[[], object]) -> int:
    """Call it; return how many lines of Python it went through, each turn of a loop counted, one of a line too."""
    lines = 0

    def step(_: FrameType, event: str, __: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        call()
    finally:
        sys.settrace(before)
    return lines
