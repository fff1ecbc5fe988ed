"""The contract of stores: files by name, each written once, seen by nobody before it is whole.

A store knows no key and no row: names are random, and what it holds opens for nobody who has only the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

Read = Callable[[int], bytes]
"""Gives so many bytes, fewer only at the end."""


class Writing(Protocol):
    """A file that is being written; nobody sees it before `commit`."""

    def put(self, content: bytes) -> None:
        """Append. Raises: Unavailable, NoRoom."""

    def commit(self) -> None:
        """Make it last: when this returns, it survives a loss of power. Raises: Unavailable, NoRoom."""

    def abort(self) -> None:
        """Take it back; never raises."""


class Store(Protocol):
    """Files by name (32 hex digits), each written once."""

    def check_room(self) -> None:
        """Raises: NoRoom when the room that is left is for words alone."""

    def free_bytes(self) -> int | None:
        """Tell how much room is left; nothing where that is a provider's to look after. Raises: Unavailable."""

    def create(self, name: str) -> Writing:
        """Begin a file. Raises: Unavailable, NoRoom."""

    def open(self, name: str) -> AbstractContextManager[Read]:
        """Open a file. Raises: NotFound when there is none; Unavailable."""

    def delete(self, name: str) -> None:
        """Delete a file; one that is gone already is well. Raises: Unavailable."""

    def names(self, before: datetime) -> Iterator[str]:
        """List files, also half-written ones, that were last written before a time. Raises: Unavailable."""
