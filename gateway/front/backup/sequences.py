"""Numbers that a database draws by itself: the next one must be above every one that was ever given out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Column, Connection, MetaData, func, select, text

_SKIP = 100_000
"""Numbers drawn after the backup are known outside and lost here: none of them may come a second time."""


def read(connection: Connection, metadata: MetaData) -> dict[str, int]:
    """Read the last number that was drawn, by `table.column`."""
    found = {}
    for column in _columns(metadata):
        if connection.dialect.name == "sqlite":
            query, given = "SELECT seq FROM sqlite_sequence WHERE name = :table", {"table": column.table.name}
        else:
            query, given = "SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column))", _names(column)
        found[str(column)] = connection.scalar(text(query), given) or 0
    return found


def advance(connection: Connection, metadata: MetaData, drawn: Mapping[str, int], known: Mapping[str, int]) -> None:
    """Go on well above what was drawn when the backup was made, and above what is known of the time since."""
    for column in _columns(metadata):
        highest = connection.scalar(select(func.max(column))) or 0
        number = max(highest, drawn.get(str(column), 0), known.get(str(column), 0)) + _SKIP
        if connection.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :t"), {"t": column.table.name})
            insert = "INSERT INTO sqlite_sequence (name, seq) VALUES (:t, :n)"
            connection.execute(text(insert), {"t": column.table.name, "n": number})
        else:
            query = "SELECT setval(pg_get_serial_sequence(:table, :column), :number)"
            connection.execute(text(query), {**_names(column), "number": number})


def _columns(metadata: MetaData) -> Iterator[Column[int]]:
    return (table.autoincrement_column for table in metadata.sorted_tables if table.autoincrement_column is not None)


def _names(column: Column[int]) -> dict[str, str]:
    return {"table": column.table.name, "column": column.name}
