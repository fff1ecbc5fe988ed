"""What a process does when the one above it dies without a chance to say so."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Mapping
from typing import Any

_PR_SET_PDEATHSIG = 1


def end_with_parent(environ: Mapping[str, str]) -> None:
    """Ask Linux for a SIGTERM when the parent dies, under our supervisor only; it outlives an exec (see prctl(2))."""
    if environ.get("SUPERVISOR_ENABLED") and sys.platform.startswith("linux"):
        prctl: Any = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
