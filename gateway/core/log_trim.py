"""Trimming the event log: whole sealed batches from its beginning, in one transaction with a signed note of what went.

Only what still is as it was sealed is taken: a batch that was changed stays, for an audit to show. The newest batch
always stays, so the chain has somewhere to go on from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.core import log_notes, log_seal
from gateway.core.database import Database
from gateway.core.errors import KeyRefused
from gateway.core.events import emit
from gateway.core.log_heads import Head, PublicKeys, opened, read_entries, root
from gateway.core.log_keys import key_id
from gateway.core.logs import log
from gateway.core.records import Event, LogSeal
from gateway.core.times import iso

BATCHES = 200


@dataclass(frozen=True)
class Trimmer:
    """The clock's part of retention. It signs with the log key, which nobody else has."""

    database: Database
    key: Ed25519PrivateKey
    keys: PublicKeys

    def trim(self, before: datetime, now: datetime) -> int:
        """Destroy batches all of whose events are older than `before`, up to `BATCHES` a note; counts the events."""
        done = 0
        while count := self._one(before, now):
            done += count
        return done

    def _one(self, before: datetime, now: datetime) -> int:
        try:
            with self.database.write() as session:
                previous = log_notes.read(session, self.keys).last
                heads = self._heads(session, previous.head if previous else None, before)
                if not heads:
                    return 0
                row = log_notes.write(self.key, key_id(self.key.public_key()), previous, heads, iso(now))
                session.execute(delete(Event).where(Event.seq <= heads[-1].last_seq))
                session.execute(delete(LogSeal).where(LogSeal.number <= heads[-1].number))
                session.add(row)
                count = sum(head.count for head in heads)
                emit(
                    session, "log.trimmed", subject=f"log/{heads[-1].number}", actor="process:clock", at=now,
                    district_id=None, note=row.number, count=count, last_seq=heads[-1].last_seq,
                )  # fmt: skip
                return count
        except IntegrityError:
            log().warning("another clock has written this note")
            return 0

    def _heads(self, session: Session, last: Head | None, before: datetime) -> list[Head]:
        """Collect the heads of the batches that may go: unbroken, unchanged, and wholly past the deadline."""
        heads: list[Head] = []
        newest = log_seal.signed_after(session, None)
        number = last.number if last else 0
        for found, signed in log_seal.signed_after(session, number, BATCHES):
            if found == newest[0][0]:
                break
            try:
                head = opened(signed, self.keys)
            except KeyRefused:
                break
            if head.number != found or found != number + 1 or not self._is_whole(session, head, first=not heads):
                log().error("a batch of the event log is not as it was sealed; it is kept", batch=found)
                break
            span = Event.seq > head.after_seq, Event.seq <= head.last_seq
            if session.scalar(select(Event.seq).where(*span, Event.at >= before).limit(1)) is not None:
                break
            heads.append(head)
            number = found
        return heads

    def _is_whole(self, session: Session, head: Head, *, first: bool) -> bool:
        entries = read_entries(session, None if first else head.after_seq, head.last_seq)
        return len(entries) == head.count and root(entries) == head.root
