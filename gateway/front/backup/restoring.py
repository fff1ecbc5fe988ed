"""Restoring: a proved backup goes into an empty database in one transaction, and is read back before it is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotAllowed, Unavailable
from gateway.core.media.storing import Store
from gateway.front import migrations
from gateway.front.anchoring import AnchorFile
from gateway.front.backup import attachments, awakening, reading, rows, sequences
from gateway.front.backup.awakening import Awake
from gateway.front.backup.reading import Contents, Head
from gateway.front.backup.rows import Shape, Tally
from gateway.front.backup.taking import ANCHORS
from gateway.front.migrations.tables import METADATA


@dataclass(frozen=True)
class Restored:
    """What was put back, and what that woke."""

    contents: Contents
    awake: Awake


def restore(
    database: Database, store: Store, path: Path, private: X25519PrivateKey, anchors: AnchorFile | None, now: datetime
) -> Restored:
    """Put a backup into an empty database, and its files on the store.

    The anchor file only ever gains the heads that it lacks at its end. Files that were put there before something
    failed are named by no row: they are put there again, or swept.

    Raises: BadInput when the database is not empty, or as `reading.walk` does; nothing is kept then.
    """
    reading.check(path, private)  # The whole of it is proved before the first row is touched.
    try:
        with database.engine.begin() as connection:
            migrations.be_alone(connection)
            loading = _Loading(connection, anchors)
            contents = reading.walk(path, private, loading.begin, loading.put, partial(attachments.write, store))
            _demand(connection)
            loading.compare(contents)
            migrations.bring_to(connection, "head")
            newest = anchors.newest() if anchors else None
            sequences.advance(
                connection, METADATA, contents.sequences, {"events.seq": newest.last_seq if newest else 0}
            )
            with Session(connection) as session:
                missing = contents.files["missing"] if contents.files else 0
                awake = awakening.wake(session, contents.head.as_of, missing, now)
                session.flush()
    except OperationalError as error:
        raise Unavailable("The database does not answer, or its disk is full. Nothing was kept.") from error
    except ProgrammingError as error:
        raise NotAllowed("Only the database's owner may make its tables. Nothing was kept.") from error
    return Restored(contents, awake)


@dataclass
class _Loading:
    connection: Connection
    anchors: AnchorFile | None
    _shapes: list[Shape] = field(default_factory=list)

    def begin(self, head: Head) -> None:
        """Make the tables as they were then."""
        there = inspect(self.connection).get_table_names()
        if there:
            raise BadInput(f"The database is not empty (it has {there[0]}). Name an empty one in DATABASE_URL.")
        migrations.bring_to(self.connection, head.revision)
        _defer(self.connection)

    def put(self, shape: Shape, lines: Iterator[bytes]) -> None:
        """Insert a table's rows; the anchors' go to their file."""
        if shape == ANCHORS:
            heads = (base64.b64decode(json.loads(line)[0]) for line in lines)
            if self.anchors:
                self.anchors.adopt(heads)
            for _ in heads:
                pass  # Whatever was not needed is counted all the same.
            return
        self._shapes.append(shape)
        rows.write(self.connection, shape, lines)

    def compare(self, contents: Contents) -> None:
        """Read back what the database holds now. Raises: BadInput when that is not what the backup held."""
        for shape in self._shapes:
            tally = Tally()
            for line in rows.read(self.connection, shape):
                tally.add(line)
            if tally.to_json() != contents.tables[shape.name]:
                raise BadInput(f"The rows of {shape.name} came out other than they went in. Nothing was kept.")


_KEYS = text(
    "SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I ', conrelid::regclass, conname) FROM pg_constraint"
    " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
)


def _defer(connection: Connection) -> None:
    """Let rows come before those that they point at, until `_demand`."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        return
    for alter in connection.scalars(_KEYS).all():
        connection.exec_driver_sql(alter + "DEFERRABLE INITIALLY DEFERRED")


def _demand(connection: Connection) -> None:
    """Have every row that is pointed at be there. Raises: BadInput."""
    try:
        if connection.dialect.name == "sqlite":
            whole = connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = OFF")
        else:
            whole = connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE") is not None
            for alter in connection.scalars(_KEYS).all():
                connection.exec_driver_sql(alter + "NOT DEFERRABLE")
    except IntegrityError:
        whole = False
    if not whole:
        raise BadInput("Rows of this backup point at others that it does not hold. Nothing was kept.")
