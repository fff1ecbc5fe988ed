"""A right: what one process may do with one table, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class May:
    """What one process may do. `read` and `change` name columns: `a b`, or `*` for all, or `* -a` for all but some.

    Locking a row (FOR UPDATE) takes the right to change a column. Where a process only locks, that is `id`: others
    refer to it, so it cannot be changed, and what nobody refers to yet has not been committed yet.
    """

    read: str = ""
    add: bool = False
    change: str = ""
    delete: bool = False


def columns(said: str, there: Sequence[str]) -> list[str]:
    """List the columns that are meant, in the table's order. Raises: ValueError for one that the table lacks."""
    words = said.split()
    named = {word.removeprefix("-") for word in words} - {"*"}
    if unknown := sorted(named - set(there)):
        raise ValueError(f"there is no column {', '.join(unknown)}")
    if "*" in words:
        return [name for name in there if name not in named]
    return [name for name in there if name in named]
