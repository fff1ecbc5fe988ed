"""Showing: the parts of a clean copy, opened by the console. An original is never shown."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.core.errors import BadInput, NotFound
from gateway.core.keys import KeySet
from gateway.core.media import sealing
from gateway.core.media.records import CLEAN, Attachment
from gateway.core.media.storing import Store


def part(store: Store, keys: KeySet, row: Attachment, number: int) -> tuple[int, Iterator[bytes]]:
    """Open part `number` (from 0) of an attachment: how many bytes it has, and they.

    Raises: NotFound when there is no such part, or no clean copy; KeyRefused; BadInput when a part does not open;
    Unavailable.
    """
    if row.state != CLEAN or not 0 <= number < row.parts:
        raise NotFound
    content = _Content(sealing.read(store, keys, row.clean, row.clean_key_sealed, row.bound("clean_key")))
    for _ in range(number):
        for _chunk in content.take(content.size()):
            pass
    size = content.size()
    return size, content.take(size)


class _Content:
    """What is left of a clean copy."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._waiting = chunks, b""

    def size(self) -> int:
        """Read how long the next part is."""
        return int.from_bytes(b"".join(self.take(8)), "big")

    def take(self, size: int) -> Iterator[bytes]:
        """Read so many bytes."""
        while size:
            if not self._waiting:
                self._waiting = next(self._chunks, b"")
                if not self._waiting:
                    raise BadInput
            chunk, self._waiting = self._waiting[:size], self._waiting[size:]
            size -= len(chunk)
            yield chunk
