"""Reading a backup: it is opened, walked through and proved, with or without a database to put it into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.core import sealed_file
from gateway.core.errors import BadInput, NotFound
from gateway.core.sealed_file import Content
from gateway.front import migrations
from gateway.front.backup import attachments, rows
from gateway.front.backup.attachments import CutOff, Files
from gateway.front.backup.rows import Shape, Tally
from gateway.front.backup.taking import FORMAT

_FOREIGN = "This backup holds what no version of Tipline wrote."
Put = Callable[[Shape, Iterator[bytes]], object]
"""Takes a table's lines, every one of them."""
Keep = Callable[[str, Iterator[bytes]], object]
"""Takes a file of an attachment by its name on the store, all of it."""


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
    files: dict[str, int] | None = None
    """`held`, `bytes`, `gone` and `missing` files of attachments; nothing when it was made without them."""

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(int(one["rows"]) for name, one in self.tables.items() if not name.startswith("@"))


def walk(
    path: Path, private: X25519PrivateKey, begin: Callable[[Head], object], put: Put, keep: Keep | None = None
) -> Contents:
    """Read a whole backup: `begin` is told its head, `put` is given each table, `keep` each file of an attachment.

    Raises: NotFound, BadInput when it is damaged, cut off or of a newer version, KeyRefused for another key. What was
    put before that is not to be kept.
    """
    try:
        with path.open("rb") as file:
            content = Content(sealed_file.read(file, private))
            lines = content.lines()
            head = _head(_parsed(next(lines, b"")))
            begin(head)
            return _Walk(content, lines, put, keep or _exhaust).through(head)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None


def check(path: Path, private: X25519PrivateKey) -> Contents:
    """Prove a backup without a database. Raises: as `walk` does."""
    return walk(path, private, lambda _head: None, _prove)


def _prove(shape: Shape, lines: Iterator[bytes]) -> None:
    for line in lines:
        rows.decode(shape, line)


def _exhaust(_name: str, pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


@dataclass
class _Walk:
    content: Content
    lines: Iterator[bytes]
    put: Put
    keep: Keep
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _files: Files = field(default_factory=Files)

    def through(self, head: Head) -> Contents:
        shape: Shape | None = None
        for is_row, group in groupby(self.lines, lambda line: line.startswith(b"[")):
            if is_row:
                if shape is None:
                    raise BadInput(_FOREIGN)
                self.put(shape, map(self._tallies[shape.name].add, group))
                shape = None
                continue
            for found in map(_parsed, group):
                if shape is not None:
                    self.put(shape, iter(()))
                    shape = None
                if "end" in found:
                    return self._proved(head, found["end"], next(self.lines, None) is None)
                if "file" in found:
                    self._file(attachments.name_of(found))
                    continue
                shape = rows.shape_from(found)
                self._tallies[shape.name] = Tally()
        raise BadInput("This backup has no end.")

    def _file(self, name: str) -> None:
        pieces = attachments.content(lambda: _parsed(next(self.lines, b"")), self.content.take, self._files)
        with suppress(CutOff):
            self.keep(name, pieces)

    def _proved(self, head: Head, end: dict[str, Any], is_last: bool) -> Contents:
        counted, files = {name: tally.to_json() for name, tally in self._tallies.items()}, end.get("files")
        held = (files["held"], files["bytes"]) if files else (0, 0)
        if end["tables"] != counted or held != (self._files.held, self._files.size) or not is_last:
            raise BadInput("This backup does not hold what it says it holds.")
        return Contents(head, counted, end["sequences"], files)


def _head(found: dict[str, Any]) -> Head:
    if found.get("tipline_backup") not in range(1, FORMAT + 1) or not migrations.knows(str(found.get("revision"))):
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
