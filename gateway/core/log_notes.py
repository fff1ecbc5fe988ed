"""Notes of destruction: what the clock took off the beginning of the event log, signed with the key that had sealed it.

A note vouches for whole batches alone, from the first that was left to `last_batch`, and holds the last one's head: the
chain goes on from there. Without its note every audit reports such batches as gone, and only the clock can sign one.

    heads = SHA-256 of the hashes of every head that went, one a line: whoever has the anchors can count them again
    signed = Ed25519 over "tipline/log-note/1 " and the note's canonical JSON
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import BigInteger, Integer, LargeBinary, cast, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from gateway.core.errors import KeyRefused
from gateway.core.log_heads import GENESIS, Chained, Head, PublicKeys
from gateway.core.records import Base

_CONTEXT = b"tipline/log-note/1 "


class LogNote(Base):
    """One signed note, append-only: bytes, because they are what was signed."""

    __tablename__ = "log_notes"
    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    note: Mapped[bytes]
    signature: Mapped[bytes]


@dataclass(frozen=True)
class Note(Chained):
    """What was destroyed: batches `first_batch` to `last_batch`, `count` events up to seq `last_seq`."""

    number: int
    previous: str
    first_batch: int
    last_batch: int
    last_seq: int
    count: int
    heads: str
    last_head: str
    at: str
    key: str

    @property
    def head(self) -> Head:
        """The head of the last batch that went."""
        return Head(**json.loads(self.last_head))


@dataclass
class Notes:
    """The notes that hold, oldest first; `faults` are the numbers of those that do not, and of those after them."""

    valid: list[Note] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)

    @property
    def last(self) -> Note | None:
        """The newest note that holds."""
        return self.valid[-1] if self.valid else None


def digest(heads: Sequence[Head]) -> str:
    """Sum up the heads that a note destroys."""
    return hashlib.sha256("\n".join(head.hash for head in heads).encode()).hexdigest()


def write(key: Ed25519PrivateKey, key_id: str, previous: Note | None, heads: Sequence[Head], at: str) -> LogNote:
    """Sign a note of the destruction of some heads' batches, which follow those of the previous note."""
    note = Note(
        number=previous.number + 1 if previous else 1, previous=previous.hash if previous else GENESIS,
        first_batch=heads[0].number, last_batch=heads[-1].number, last_seq=heads[-1].last_seq,
        count=sum(head.count for head in heads), heads=digest(heads), last_head=heads[-1].encode().decode(), at=at,
        key=key_id,
    )  # fmt: skip
    return LogNote(number=note.number, note=note.encode(), signature=key.sign(_CONTEXT + note.encode()))


def read(session: Session, keys: PublicKeys) -> Notes:
    """Read and verify every note. One that does not follow from the one before ends the row of those that hold."""
    found = Notes()
    columns = [cast(column, LargeBinary) for column in (LogNote.note, LogNote.signature)]
    query = select(LogNote.number, columns[0], columns[1]).order_by(LogNote.number)
    for number, content, signature in session.execute(query):
        note = None if found.faults else _opened(content, signature, keys)
        if note is None or not _follows(note, number, found.last):
            found.faults.append(number)
        else:
            found.valid.append(note)
    return found


def disagreeing(notes: Notes, anchored: dict[int, Head]) -> Iterator[Note]:
    """Name the notes that the anchors contradict, as far as they know the heads that went."""
    for note in notes.valid:
        known = [anchored.get(number) for number in range(note.first_batch, note.last_batch + 1)]
        heads = [head for head in known if head is not None]
        whole = len(heads) == len(known)
        if (whole and digest(heads) != note.heads) or (known[-1] is not None and known[-1] != note.head):
            yield note


def _opened(content: bytes, signature: bytes, keys: PublicKeys) -> Note | None:
    try:
        note = Note(**json.loads(content))
        keys[note.key].verify(signature, _CONTEXT + content)
        if note.head.number != note.last_batch or note.head.last_seq != note.last_seq:
            raise KeyRefused("This note does not fit its head.")
    except (ValueError, TypeError, KeyError, RecursionError, InvalidSignature, KeyRefused):
        return None
    return note


def _follows(note: Note, number: int, before: Note | None) -> bool:
    expected = (before.number + 1, before.hash, before.last_batch + 1) if before else (1, GENESIS, 1)
    return (note.number, note.previous, note.first_batch) == expected and note.number == number
