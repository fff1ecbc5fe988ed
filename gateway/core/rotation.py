"""Rotation: bringing rows from a replaced key to the one in use, in the background, and telling what is left.

Whoever opens with a kind of key renews its rows: the courier what is sealed to identity and outbound, and the blind
indexes; the worker what is sealed to content keys. A row is valid under either key, so it does not matter when it is
renewed, or whether the process is killed on the way: the next one asks the database what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, LargeBinary, MetaData, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, load_only

from gateway.core.database import Database
from gateway.core.errors import KeyRefused
from gateway.core.key_files import OldKey
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import Message, Send, Thread, Token
from gateway.core.seal import prefix
from gateway.core.times import Clock

BATCH_ROWS = 100
REST = timedelta(seconds=60)
"""How long after a look at every row the next one is due, while replaced keys are still there."""
COURIERS = (Token.address_sealed, Thread.address_sealed, Message.address_sealed, Message.media_sealed, Send.body_sealed)
"""Columns that the courier's keys open."""


class Renewal(Protocol):
    """One kind of thing that a key is in, row by row."""

    def replaced(self) -> frozenset[bytes]:
        """Name the replaced keys that it may still be under; none means that there is nothing to do."""

    def find(self, session: Session, after: str) -> Sequence[str]:
        """List ids of rows that are under a replaced key, ascending, above `after`, at most `BATCH_ROWS`."""

    def renew(self, session: Session, ids: Sequence[str]) -> int:
        """Bring those of the rows that are still under a replaced key to the one in use; answers how many."""


class Resealing:
    """Re-seals one column: `address_sealed` of a row is bound to its `address`."""

    def __init__(self, keys: KeySet, column: InstrumentedAttribute[Any]) -> None:
        """Prepare for a sealed column of a table whose primary key is `id`."""
        self._keys = keys
        self._column = column
        self._record: Any = column.class_

    def replaced(self) -> frozenset[bytes]:
        """Name the replaced keys of this process."""
        return self._keys.replaced()

    def find(self, session: Session, after: str) -> Sequence[str]:
        """List rows whose envelope begins with the id of a replaced key."""
        record = self._record
        query = select(record.id).where(self._is_old(), record.id > after).order_by(record.id).limit(BATCH_ROWS)
        return session.scalars(query).all()

    def renew(self, session: Session, ids: Sequence[str]) -> int:
        """Re-seal rows under a lock; one that does not open is left as it is, for a human to see."""
        record, name, done = self._record, self._column.key, 0
        query = select(record).options(load_only(record.id, self._column)).where(record.id.in_(ids), self._is_old())
        for row in session.scalars(query.order_by(record.id).with_for_update(skip_locked=True)):
            try:
                setattr(row, name, self._keys.reseal(getattr(row, name), row.bound(name.removesuffix("_sealed"))))
                done += 1
            except KeyRefused as error:
                log().error(
                    "an envelope could not be re-sealed", table=record.__tablename__, id=row.id, code=error.code
                )
        return done

    def _is_old(self) -> ColumnElement[bool]:
        old: ColumnElement[bool] = _start(self._column).in_([prefix(kid) for kid in self._keys.replaced()])
        return old


class Renewer:
    """Renews rows batch by batch, each in its own short transaction, and rests when it has been through."""

    def __init__(self, database: Database, clock: Clock, renewals: Sequence[Renewal]) -> None:
        """Prepare; nothing is looked at before `step`."""
        self._database = database
        self._clock = clock
        self._renewals = renewals
        self._known: list[frozenset[bytes]] = []
        self._at, self._after = 0, ""
        self._rest_until: datetime | None = None

    def step(self) -> bool:
        """Renew one batch; false when there is nothing to do just now. Raises: Unavailable."""
        known = [renewal.replaced() for renewal in self._renewals]
        if not any(known):
            return False
        if known != self._known:
            self._known, self._at, self._after, self._rest_until = known, 0, "", None
        if self._rest_until and self._clock() < self._rest_until:
            return False
        while self._at < len(self._renewals):
            if known[self._at] and self._batch(self._renewals[self._at]):
                return True
            self._at, self._after = self._at + 1, ""
        self._at, self._rest_until = 0, self._clock() + REST
        return False

    def _batch(self, renewal: Renewal) -> bool:
        """Look without a lock first, so that a pass which finds nothing holds up nobody."""
        with self._database.read() as session:
            ids = renewal.find(session, self._after)
        if not ids:
            return False
        with self._database.write() as session:
            renewal.renew(session, ids)
        self._after = ids[-1]
        return True


def of_courier(keys: KeySet) -> list[Renewal]:
    """List what the courier re-seals."""
    return [Resealing(keys, column) for column in COURIERS]


def usage(session: Session, tables: MetaData, old: Sequence[OldKey]) -> Mapping[str, int]:
    """Count the rows that still need any of some replaced keys of one kind, by `table.column`; empty when none does.

    It looks at every sealed column of every table, whoever's it is.
    """
    columns, starts = sealed_columns(tables), [prefix(key.kid) for key in old]
    if any(key.kind == "index" for key in old):
        columns, starts = [Token.__table__.c["blind_index"]], [key.kid for key in old]
    counts = {str(column): _count(session, column, starts) for column in columns}
    return {name: count for name, count in counts.items() if count}


def sealed_columns(tables: MetaData) -> list[ColumnElement[Any]]:
    """List every sealed column there is: their names end in `_sealed`."""
    return [column for table in tables.sorted_tables for column in table.c if column.name.endswith("_sealed")]


def _count(session: Session, column: ColumnElement[Any], starts: Sequence[bytes]) -> int:
    query = select(func.count()).where(_start(column, len(starts[0])).in_(starts)) if starts else None
    return session.scalar(query) or 0 if query is not None else 0


def _start(column: Any, length: int = len(prefix(bytes(8)))) -> Any:
    """The first bytes of a column: on PostgreSQL and SQLite alike `substr` counts bytes of binary data."""
    return func.substr(column, 1, length, type_=LargeBinary())
