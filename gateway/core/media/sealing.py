"""A file on the store and its key in a row: how one is sealed, and how it is read by who has the content key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.core import chunks
from gateway.core.chunks import Sealer
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.media.storing import Store, Writing
from gateway.core.records import new_id


class SealedWriting:
    """A new file on the store, under a new name and a new key, which is sealed to the content key at once."""

    def __init__(self, store: Store, keys: KeySet, district: str | None, now: datetime, bound_to: str) -> None:
        """Begin. Raises: KeyRefused, NoRoom, Unavailable."""
        key = chunks.new_key()
        self.name = new_id()
        self.key_sealed = keys.seal_words(district, now, key.hex(), bound_to)
        self._writing: Writing = store.create(self.name)
        self._sealer = Sealer(key, _label(self.name), self._writing.put)

    def write(self, content: bytes) -> None:
        """Append. Raises: NoRoom, Unavailable."""
        self._sealer.write(content)

    def commit(self) -> None:
        """Seal its end and make it last. Raises: NoRoom, Unavailable."""
        self._sealer.close()
        self._writing.commit()

    def abort(self) -> None:
        """Take it back; never raises, and does nothing once it is committed."""
        self._writing.abort()


def read(store: Store, keys: KeySet, name: str | None, key_sealed: bytes | None, bound_to: str) -> Iterator[bytes]:
    """Open a file, chunk by chunk.

    Raises: KeyRefused when this process cannot, BadInput when a part of it does not open, NotFound, Unavailable.
    """
    if name is None or key_sealed is None:
        raise KeyRefused("There is no key to this file.")
    key = bytes.fromhex(keys.open(key_sealed, bound_to))
    with store.open(name) as take:
        yield from chunks.opened(take, key, _label(name))


def _label(name: str) -> bytes:
    """Bind a file's chunks to its name on the store."""
    return b"attachments/" + name.encode()
