"""Taking a backup: one moment of the database, while everyone works on, sealed from the first byte."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError

from gateway.core.backups import Backup
from gateway.core.database import Database
from gateway.core.errors import NotAllowed, SettingsRefused, Unavailable
from gateway.core.media.storing import Store
from gateway.core.seal import key_id
from gateway.core.sealed_file import Writer
from gateway.core.times import Clock, iso
from gateway.front import revision
from gateway.front.backup import attachments, files, rows, sequences
from gateway.front.backup.attachments import Files
from gateway.front.backup.rows import Shape, Tally
from gateway.front.migrations.tables import METADATA

FORMAT = 2
"""The first had no files of attachments, and is read still."""
ANCHORS = Shape("@anchors", (("line", "bytes"),))


def take(
    database: Database, anchors: Path | None, store: Store | None, public: X25519PublicKey, out: Path, clock: Clock
) -> Backup:
    """Write a backup to `out`, a new file or a folder, sealed to `public`; without a store it has no files.

    Raises: Unavailable when database, store or disk does not let it, BadInput when the file is there already,
    SettingsRefused when the tables are not those of this version, NotAllowed to any login but the owner's.
    In every case there is no file then.
    """
    as_of = clock()  # Before the moment that is read: it must never claim what it does not hold.
    end: dict[str, Any] = {"files": None}
    held = Files()
    with files.fresh(files.target(out, as_of)) as file:
        writer = Writer(file, public)
        try:
            with database.snapshot() as connection:
                for line in _lines(connection, database, anchors, as_of, end):
                    writer.write(line)
                names = attachments.named(connection) if store else []
        except ProgrammingError as error:
            raise NotAllowed(
                "Only the database's owner may read all of it: DATABASE_URL must be the owner's."
            ) from error
        if store:
            for piece in attachments.read(store, names, held):
                writer.write(piece)
            attachments.explain(database, held)
            end["files"] = held.to_json()
        writer.write(rows.line({"end": end}))
        writer.close()
    counts = (held.held, len(held.gone), len(held.missing)) if store else (None, 0, 0)
    return Backup(as_of, writer.size, writer.sha256, key_id(public).hex(), *counts)


def _lines(
    connection: Connection, database: Database, anchors: Path | None, as_of: datetime, end: dict[str, Any]
) -> Iterator[bytes]:
    """Read head and tables; what the end must say of them goes into `end`."""
    there = inspect(connection).has_table("alembic_version")
    found = connection.scalar(text("SELECT version_num FROM alembic_version")) if there else None
    if found != revision.HEAD:
        raise SettingsRefused("The tables are not those of this version: back up with the version that made them.")
    yield rows.line(
        {"tipline_backup": FORMAT, "as_of": iso(as_of), "version": version("tipline-gateway"), "revision": found,
         "database": "sqlite" if database.is_sqlite else "postgresql"}
    )  # fmt: skip
    tallies = {ANCHORS.name: Tally()}
    yield from _table(ANCHORS, _anchored(anchors), tallies[ANCHORS.name])
    for table in METADATA.sorted_tables:
        shape, tallies[table.name] = rows.shape_of(table), Tally()
        yield from _table(shape, rows.read(connection, shape), tallies[table.name])
    end["tables"] = {name: tally.to_json() for name, tally in tallies.items()}
    end["sequences"] = sequences.read(connection, METADATA)


def _table(shape: Shape, lines: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    yield rows.line(shape.to_json())
    yield from (tally.add(line) for line in lines)


def _anchored(path: Path | None) -> Iterator[bytes]:
    """Read the anchor file as far as it is whole: it only grows, and its last line may be on its way."""
    if path is None or not path.exists():
        return
    try:
        with path.open("rb") as file:
            yield from (rows.line([base64.b64encode(line).decode()]) for line in file if line.endswith(b"\n"))
    except OSError as error:
        raise Unavailable("The anchor file cannot be read. There is no backup.") from error
