"""Incoming: a file on its way in, sealed from its first byte. Whoever receives it cannot open what it has written.

    file = incoming.begin(store, keys, district.slug, now)        nothing is in the database yet
    file.write(chunk)                                             as bytes come; in the thread pool, since it may wait
    finished = file.finish()                                      it is on the store, whole, and lasts
    incoming.attach(session, message_id, [finished], …)           in the transaction that stores the message

`abort` takes back what was begun, `discard` what was finished; neither raises. A file that no row names is swept away
after a day, so a process that is killed anywhere in between leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from gateway.core.errors import TooLarge, Unavailable
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.media import kinds
from gateway.core.media.records import REFUSED, SEALED, Attachment
from gateway.core.media.sealing import SealedWriting
from gateway.core.media.storing import Store
from gateway.core.records import new_id
from gateway.core.times import Clock

_LOOK_EVERY = 4 * 1024 * 1024
"""After so many bytes it is asked again whether there is still room."""


@dataclass(frozen=True)
class Finished:
    """A file that is on the store, or that was refused: all that its row will say."""

    id: str
    state: str = SEALED
    reason: str | None = None
    kind: str | None = None
    size: int = 0
    original: str | None = None
    key_sealed: bytes | None = field(default=None, repr=False)


class Incoming:
    """One file on its way in; see `begin`."""

    def __init__(self, store: Store, attachment_id: str, writing: SealedWriting) -> None:
        self._store, self._id, self._writing = store, attachment_id, writing
        self._head = b""
        self._size = self._looked_at = 0

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._size

    def write(self, content: bytes) -> None:
        """Take in the next bytes, however many.

        Raises: TooLarge when they are more than a file of its kind may have, NoRoom when the disk fills up meanwhile,
        Unavailable when the store fails. After any of them there is nothing left of the file.
        """
        try:
            self._take(content)
        except Exception:
            self.abort()
            raise

    def finish(self) -> Finished:
        """Seal its end and make it last. Raises: NoRoom, Unavailable; nothing is left of it then."""
        try:
            self._writing.commit()
        except Exception:
            self.abort()
            raise
        kind = kinds.recognise(self._head)
        return Finished(
            id=self._id,
            kind=kind.code if kind else None,
            size=self._size,
            original=self._writing.name,
            key_sealed=self._writing.key_sealed,
        )

    def abort(self) -> None:
        """Take it back. Never raises; once it is finished, it does nothing."""
        self._writing.abort()

    def _take(self, content: bytes) -> None:
        self._size += len(content)
        if len(self._head) < kinds.HEAD:
            self._head = (self._head + content)[: kinds.HEAD]
        if self._size > kinds.limit(self._head):
            raise TooLarge
        if self._size - self._looked_at >= _LOOK_EVERY:
            self._looked_at = self._size
            self._store.check_room()
        self._writing.write(content)


def begin(
    store: Store, keys: KeySet, district: str | None, now: datetime, *, attachment_id: str | None = None
) -> Incoming:
    """Begin to take in a file for a district (its slug; None when nobody owns its message).

    `attachment_id` names a row that is there already.

    Raises: NoRoom when the disk is nearly full, Unavailable when the store fails, KeyRefused when there is no key.
    """
    store.check_room()
    attachment = Attachment(id=attachment_id or new_id())
    writing = SealedWriting(store, keys, district, now, attachment.bound("original_key"))
    return Incoming(store, attachment.id, writing)


def refused(reason: str) -> Finished:
    """Make a note of a file that was not taken (`too_large`, `no_room`, …), so that people see that there was one."""
    return Finished(id=new_id(), state=REFUSED, reason=reason)


def discard(store: Store, files: Iterable[Finished]) -> None:
    """Take back files that are finished and that no row will ever name. Never raises: what stays is swept."""
    for file in files:
        if file.original is not None:
            with suppress(Unavailable):
                store.delete(file.original)


@dataclass(frozen=True)
class Counter:
    """Where files are handed in: what a channel needs of all this, with the store and keys of its process."""

    store: Store
    keys: KeySet
    clock: Clock

    def begin(self, district: str) -> Incoming:
        """Begin to take in a file for a district; see `begin`."""
        return begin(self.store, self.keys, district, self.clock())

    def discard(self, files: Iterable[Finished]) -> None:
        """Take back finished files; see `discard`."""
        discard(self.store, files)


def attach(
    session: Session,
    message_id: str,
    files: Sequence[Finished],
    *,
    district_id: str | None,
    actor: str,
    now: datetime,
    first: int = 0,
) -> None:
    """Write files down as a message's, `first` being the place of the first, in the caller's transaction.

    Raises: sqlalchemy.exc.IntegrityError when a place is taken.
    """
    for position, file in enumerate(files, first):
        session.add(
            Attachment(
                id=file.id, message_id=message_id, position=position, state=file.state, reason=file.reason,
                kind=file.kind, size=file.size, original=file.original, original_key_sealed=file.key_sealed,
                at=now, stored_at=now,
            )
        )  # fmt: skip
        emit(
            session, f"attachment.{file.state}", subject=f"attachment/{file.id}", actor=actor, at=now,
            district_id=district_id, message=message_id, attachment_kind=file.kind, reason=file.reason,
        )  # fmt: skip
