"""Sealing of the event log: what is settled is listed, its head signed, and the row is never touched again.

Any step may be the last before a kill. The number of a batch is its primary key, so a batch is there or it is not, and
two clocks cannot both write it. Anchoring follows the rows, so it catches up by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import LargeBinary, cast, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.log_heads import GENESIS, Head, PublicKeys, Signed, encode_entries, opened, read_entries, root, sign
from gateway.core.log_keys import key_id
from gateway.core.logs import log
from gateway.core.records import Event, LogSeal
from gateway.core.times import Clock, iso

BATCH = 1000
_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'events'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mode = 'RowExclusiveLock'"
)
_LAST_DRAWN = text(
    "SELECT last_value FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = 'events_seq_seq'"
)


@dataclass
class Horizon:
    """Up to where the log is settled: no transaction that is still open can put an event at or below that seq.

    On SQLite writers take turns, so whatever is visible is settled. On PostgreSQL an event draws its seq long before it
    commits; but whoever has drawn one holds a lock on the table until its end. So: note the highest seq that is
    visible, then who holds that lock; when all of those have ended, the seq is settled. Nobody is ever made to wait.
    """

    settled: int = 0
    _top: int | None = None
    _writers: frozenset[str] = frozenset()

    def look(self, session: Session) -> int:
        """Look once more, and tell the highest settled seq; 0 when none is known yet."""
        top = session.scalar(select(func.max(Event.seq))) or 0
        if session.get_bind().dialect.name == "sqlite":
            return top
        drawn = session.scalar(_LAST_DRAWN)  # Nothing without the right to see it; a row above it is not from emit().
        top = top if drawn is None else min(top, drawn)
        writers = frozenset(session.scalars(_WRITERS))
        if top < self.settled:  # Another database than before: it was restored under us.
            self.settled, self._top = 0, None
        if self._top is not None:
            self._writers &= writers
            if not self._writers:
                self.settled, self._top = self._top, None
        if not writers:
            self.settled, self._top = top, None
        elif self._top is None:
            self._top, self._writers = top, writers
        return self.settled


@dataclass
class Sealer:
    """Seals one event log. `anchored` tells the newest head that is known outside, or nothing."""

    database: Database
    key: Ed25519PrivateKey
    keys: PublicKeys
    clock: Clock
    anchored: Callable[[], Head | None]
    batch: int = BATCH
    _horizon: Horizon = field(default_factory=Horizon)

    def seal(self) -> int:
        """Seal all that is settled, batch by batch, and count the batches.

        Raises: KeyRefused when the newest seal is not ours: going on from it would bury what somebody did there.
        """
        made = 0
        while (row := self._next()) is not None:
            try:
                with self.database.write() as session:
                    session.add(row)
            except IntegrityError:
                log().warning("another clock has sealed this batch")
                return made
            made += 1
        return made

    def _next(self) -> LogSeal | None:
        with self.database.read() as session:
            last = newest(session, self.keys)
            after_seq = last.last_seq if last else 0
            entries = read_entries(session, after_seq, self._horizon.look(session), self.batch)
        if not entries:
            return None
        number, previous = self._link(last)
        head = Head(
            number=number, previous=previous, after_seq=after_seq, last_seq=entries[-1].seq, count=len(entries),
            root=root(entries), at=iso(self.clock()), key=key_id(self.key.public_key()),
        )  # fmt: skip
        signed = sign(self.key, head)
        return LogSeal(number=number, head=signed.head, entries=encode_entries(entries), signature=signed.signature)

    def _link(self, last: Head | None) -> tuple[int, str]:
        """Number the next batch, and name the head before it.

        When the anchors know a later head than the database, it was restored or cut. A second batch of that number
        would be a fork, so numbers go on from the anchor, and the gap stays for everyone to see.
        """
        anchor = self.anchored()
        if anchor is not None and anchor.number > (last.number if last else 0):
            log().error("the event log is behind its anchors: restored, or cut", anchored=anchor.number)
            return anchor.number + 1, anchor.hash
        return (last.number + 1, last.hash) if last else (1, GENESIS)


def newest(session: Session, keys: PublicKeys) -> Head | None:
    """Read and verify the newest seal. Raises: KeyRefused."""
    found = signed_after(session, None)
    return opened(found[0][1], keys) if found else None


def signed_after(session: Session, number: int | None, limit: int = 1000) -> list[tuple[int, Signed]]:
    """List seals above a number, oldest first; or, for None, the newest alone."""
    query = select(LogSeal.number, cast(LogSeal.head, LargeBinary), cast(LogSeal.signature, LargeBinary))
    if number is None:
        query = query.order_by(LogSeal.number.desc()).limit(1)
    else:
        query = query.where(LogSeal.number > number).order_by(LogSeal.number).limit(limit)
    return [(found, Signed(head, signature)) for found, head, signature in session.execute(query)]
