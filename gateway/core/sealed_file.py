"""A sealed file: whoever has the public key writes one, however long, and only the private key reads it.

    b"TLB1" | envelope of a fresh AES-256-GCM key, 150 bytes (see `seal`) | chunks of 64 KiB and a tag each

The label of its chunks (see `chunks`) is all that stands before the first one. Nothing is ever written in the clear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.core import chunks
from gateway.core.chunks import DAMAGED, Sealer
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.seal import key_id, seal, sealed_to, unseal

_MAGIC = b"TLB1"
_BOUND_TO = "sealed_file/key"
_ENVELOPE = 150


class Writer:
    """Seals what is written, chunk by chunk; `close` must be called, or the file counts as cut off."""

    def __init__(self, file: BinaryIO, public: X25519PublicKey) -> None:
        key = chunks.new_key()
        head = _MAGIC + seal(public, key, _BOUND_TO)
        self._file, self._sealer = file, Sealer(key, head, self._put)
        self._hash = hashlib.sha256()
        self.size = 0
        self._put(head)

    @property
    def sha256(self) -> str:
        """The digest of the file so far, in hex."""
        return self._hash.hexdigest()

    def write(self, content: bytes) -> None:
        """Append. Raises: OSError when the disk is full."""
        self._sealer.write(content)

    def close(self) -> None:
        """Write the last chunk; the file itself is left open."""
        self._sealer.close()

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._hash.update(content)
        self.size += len(content)


def read(file: BinaryIO, private: X25519PrivateKey) -> Iterator[bytes]:
    """Open a sealed file, chunk by chunk: each is proved, but that the file is whole is known only at the end.

    Raises: BadInput when it is no sealed file, or damaged; KeyRefused when it is sealed to another key.
    """
    head = file.read(len(_MAGIC) + _ENVELOPE)
    yield from chunks.opened(file.read, _key(head, private), head)


class Content:
    """What was read: lines, and between them so many bytes as a line tells."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held, self._at = chunks, b"", 0

    def lines(self) -> Iterator[bytes]:
        """Cut it into lines, each with its end; what is taken meanwhile is left out."""
        while True:
            while (end := self._held.find(b"\n", self._at) + 1) == 0 and self._more():
                pass
            line = self._held[self._at : end or None]
            if not line:
                return
            self._at += len(line)
            yield line

    def take(self, size: int) -> Iterator[bytes]:
        """Read so many bytes. Raises: BadInput when there are fewer."""
        while size > 0:
            if self._at == len(self._held) and not self._more():
                raise BadInput(DAMAGED)
            piece = self._held[self._at : self._at + size]
            self._at, size = self._at + len(piece), size - len(piece)
            yield piece

    def _more(self) -> bool:
        chunk = next(self._chunks, b"")
        self._held, self._at = self._held[self._at :] + chunk, 0
        return bool(chunk)


def _key(head: bytes, private: X25519PrivateKey) -> bytes:
    envelope = head[len(_MAGIC) :]
    if not head.startswith(_MAGIC):
        raise BadInput("This file is not a backup of Tipline.")
    if len(envelope) < _ENVELOPE:
        raise BadInput(DAMAGED)
    if (wanted := sealed_to(envelope)) != (given := key_id(private.public_key())):
        raise KeyRefused(f"It is sealed to the key {wanted.hex()}, and the one given is {given.hex()}.")
    try:
        return unseal(private, envelope, _BOUND_TO)
    except KeyRefused:
        raise BadInput(DAMAGED) from None
