"""Garbage: how often Python walks a process's objects to find what nobody can reach any more."""

from __future__ import annotations

import gc

_OBJECTS_BETWEEN_WALKS = 20_000
"""So many new ones start a walk: Python's usual 700 are two or three requests, or one message that is judged."""


def settle() -> None:
    """Say that all is loaded: what is there now stays, and no walk need pass it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_WALKS)
