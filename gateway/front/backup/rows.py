"""A table's rows as lines of JSON and back: the same lines from SQLite and from PostgreSQL, whatever the revision."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import NullType, TypeEngine

from gateway.core.errors import BadInput
from gateway.core.records import UtcDateTime

_KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (UtcDateTime, "time"), (JSON, "json"), (LargeBinary, "bytes"), (Boolean, "bool"), (Integer, "int"),
    (Float, "float"), (String, "text"),
)  # fmt: skip
_TYPES: dict[str, TypeEngine[Any]] = {
    "time": UtcDateTime(), "json": NullType(), "bytes": LargeBinary(), "bool": Boolean(), "int": BigInteger(),
    "float": Float(), "text": Text(),
}  # fmt: skip
"""JSON travels as the text that it is, byte for byte: a digest of the event log must find what was digested."""
_AT_ONCE = 500


@dataclass(frozen=True)
class Shape:
    """A table as a backup describes it: its name, and each column's name and kind."""

    name: str
    columns: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Render the line that stands before its rows."""
        return {"table": self.name, "columns": self.columns}

    @property
    def table(self) -> Table:
        """A table to read from and write to; it knows nothing of keys or defaults."""
        return Table(self.name, MetaData(), *(Column(name, _TYPES[kind]) for name, kind in self.columns))


@dataclass
class Tally:
    """Counts lines, and sums their SHA-256, so that any order of the same rows gives the same digest."""

    rows: int = 0
    _sum: int = 0

    def add(self, line: bytes) -> bytes:
        """Take one line in, and hand it on."""
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % 2**256
        return line

    def to_json(self) -> dict[str, Any]:
        """Render it for the manifest."""
        return {"rows": self.rows, "sha256": f"{self._sum:064x}"}


def shape_of(table: Table) -> Shape:
    """Describe a table. Raises: TypeError for a column of a kind that no backup knows yet."""
    return Shape(table.name, tuple((column.name, _kind(column.type)) for column in table.columns))


def shape_from(found: dict[str, Any]) -> Shape:
    """Read such a description. Raises: BadInput for a kind of a later format."""
    columns = tuple((str(name), str(kind)) for name, kind in found["columns"])
    if unknown := {kind for _, kind in columns} - set(_TYPES):
        raise BadInput(f"This backup holds {', '.join(sorted(unknown))} values: a newer version of Tipline made it.")
    return Shape(str(found["table"]), columns)


def read(connection: Connection, shape: Shape) -> Iterator[bytes]:
    """Read a table, a line for each row, in any order. Raises: BadInput for a value that is none of its kind."""
    table = shape.table
    query = select(*(cast(table.c[name], Text) if kind == "json" else table.c[name] for name, kind in shape.columns))
    try:
        for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
            yield line(_encode(value) for value in row)
    except (ValueError, TypeError):
        raise BadInput(f"The table {shape.name} holds a value that is none. Run `tipline audit verify`.") from None


def write(connection: Connection, shape: Shape, lines: Iterable[bytes]) -> None:
    """Insert lines into a table. Raises: BadInput when the database cannot keep one."""
    statement, rows = insert(shape.table), (decode(shape, one) for one in lines)
    while some := list(islice(rows, _AT_ONCE)):
        try:
            connection.execute(statement, some)
        except SQLAlchemyError as error:
            raise BadInput(f"The rows of {shape.name} do not go into this database. Nothing was kept.") from error


def line(value: Any) -> bytes:
    """Write one line."""
    listed = value if isinstance(value, dict) else list(value)
    return json.dumps(listed, separators=(",", ":")).encode() + b"\n"


def _encode(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def decode(shape: Shape, one: bytes) -> dict[str, Any]:
    """Turn a line back into a row. Raises: BadInput when it is none of this table."""
    try:
        values = zip(shape.columns, json.loads(one), strict=True)
        return {name: _decoded(kind, value) for (name, kind), value in values}
    except (ValueError, TypeError):
        raise BadInput(f"This backup holds a row of {shape.name} that is none.") from None


def _decoded(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "bytes":
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if kind == "time" else value


def _kind(given: TypeEngine[Any]) -> str:
    for known, kind in _KINDS:
        if isinstance(given, known):
            return kind
    raise TypeError(f"no backup knows values of type {given!r}")
