"""Reading a backup: it is opened, walked through and proved, with or without a database to put it into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.core import sealed_file
from gateway.core.errors import BadInput, NotFound
from gateway.front import migrations
from gateway.front.backup import rows
from gateway.front.backup.rows import Shape, Tally
from gateway.front.backup.taking import FORMAT

_FOREIGN = "This backup holds what no version of Tipline wrote."
Put = Callable[[Shape, Iterator[bytes]], object]
"""Takes a table's lines, every one of them."""


@dataclass(frozen=True)
class Head:
    """What a backup says of itself before its rows."""

    as_of: datetime
    version: str
    revision: str
    database: str


@dataclass(frozen=True)
class Contents:
    """What a backup held, all of it proved: `tables` by name has `rows` and `sha256`, `sequences` the numbers drawn."""

    head: Head
    tables: dict[str, dict[str, Any]]
    sequences: dict[str, int]

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(int(one["rows"]) for name, one in self.tables.items() if not name.startswith("@"))


def walk(path: Path, private: X25519PrivateKey, begin: Callable[[Head], object], put: Put) -> Contents:
    """Read a whole backup: `begin` is told its head, `put` is given each table.

    Raises: NotFound, BadInput when it is damaged, cut off or of a newer version, KeyRefused for another key. What was
    put before that is not to be kept.
    """
    try:
        with path.open("rb") as file:
            lines = sealed_file.lines(sealed_file.read(file, private))
            head = _head(_parsed(next(lines, b"")))
            begin(head)
            return _tables(head, lines, put)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None


def check(path: Path, private: X25519PrivateKey) -> Contents:
    """Prove a backup without a database. Raises: as `walk` does."""
    return walk(path, private, lambda _head: None, _prove)


def _prove(shape: Shape, lines: Iterator[bytes]) -> None:
    for line in lines:
        rows.decode(shape, line)


def _tables(head: Head, lines: Iterator[bytes], put: Put) -> Contents:
    tallies: dict[str, Tally] = {}
    shape: Shape | None = None
    for is_row, group in groupby(lines, lambda line: line.startswith(b"[")):
        if is_row:
            if shape is None:
                raise BadInput(_FOREIGN)
            put(shape, map(tallies[shape.name].add, group))
            shape = None
            continue
        for found in map(_parsed, group):
            if shape is not None:
                put(shape, iter(()))
            if "end" in found:
                return _proved(head, found["end"], tallies, next(lines, None) is None)
            shape = rows.shape_from(found)
            tallies[shape.name] = Tally()
    raise BadInput("This backup has no end.")


def _proved(head: Head, end: dict[str, Any], tallies: dict[str, Tally], is_last: bool) -> Contents:
    counted = {name: tally.to_json() for name, tally in tallies.items()}
    if end["tables"] != counted or not is_last:
        raise BadInput("This backup does not hold what it says it holds.")
    return Contents(head, counted, end["sequences"])


def _head(found: dict[str, Any]) -> Head:
    if found.get("tipline_backup") != FORMAT or not migrations.knows(str(found.get("revision"))):
        made_by = found.get("version", "unknown")
        raise BadInput(f"Version {made_by} of Tipline made this backup, and this one is older. Restore it with that.")
    as_of = datetime.fromisoformat(found["as_of"])
    return Head(as_of, found["version"], found["revision"], found["database"])


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise BadInput(_FOREIGN) from None
    if not isinstance(found, dict):
        raise BadInput(_FOREIGN)
    return found
