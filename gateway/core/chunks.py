"""Chunks: a stream of any length, sealed piece by piece under one key, and opened only whole and in order.

Each chunk is 64 KiB under AES-256-GCM and a tag. Its nonce is its number and whether it is the last one, its associated
data is the label of the stream. So a chunk that is changed, moved, left out or taken from another stream does not open,
and neither does the end of a stream that was cut off. A key is for one stream alone.

Source: STREAM, in Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance, https://eprint.iacr.org/2015/189
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import BadInput

CHUNK = 64 * 1024
DAMAGED = "This file is damaged or cut off: a part of it does not open."
_TAG = 16


class Sealer:
    """Seals what is written and hands it to `put`; `close` must be called, or the stream counts as cut off."""

    def __init__(self, key: bytes, label: bytes, put: Callable[[bytes], object]) -> None:
        self._cipher, self._label, self._put = AESGCM(key), label, put
        self._number = 0
        self._waiting = bytearray()

    def write(self, content: bytes) -> None:
        """Append. Raises: what `put` raises."""
        self._waiting += content
        while len(self._waiting) > CHUNK:  # The last chunk is never empty unless it is the only one.
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._number, last), chunk, self._label))
        self._number += 1


def new_key() -> bytes:
    """Draw the key of one stream."""
    return AESGCM.generate_key(256)


def opened(read: Callable[[int], bytes], key: bytes, label: bytes) -> Iterator[bytes]:
    """Open a stream, chunk by chunk: each is proved, but that the stream is whole is known only at the end.

    `read(n)` gives n bytes, fewer only at the end. Raises: BadInput when a part of it does not open.
    """
    cipher = AESGCM(key)
    number, chunk = 0, read(CHUNK + _TAG)
    while True:
        following = read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, not following), chunk, label)
        except (InvalidTag, ValueError):
            raise BadInput(DAMAGED) from None
        if not following:
            return
        number, chunk = number + 1, following


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
