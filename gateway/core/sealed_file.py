"""A sealed file: whoever has the public key writes one, however long, and only the private key reads it.

    b"TLB1" | envelope of a fresh AES-256-GCM key, 150 bytes (see `seal`) | chunks of 64 KiB and a tag each

Each chunk's nonce is its number and whether it is the last one, its associated data all that stands before the first
chunk. So a chunk that is changed, moved, left out or taken from another file does not open, and neither does the end of
a file that was cut off. Nothing is ever written in the clear.

Source: STREAM, in Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance, https://eprint.iacr.org/2015/189
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import BadInput, KeyRefused
from gateway.core.seal import key_id, seal, sealed_to, unseal

CHUNK = 64 * 1024
_MAGIC = b"TLB1"
_BOUND_TO = "sealed_file/key"
_ENVELOPE = 150
_TAG = 16
_DAMAGED = "This file is damaged or cut off: a part of it does not open."


class Writer:
    """Seals what is written, chunk by chunk; `close` must be called, or the file counts as cut off."""

    def __init__(self, file: BinaryIO, public: X25519PublicKey) -> None:
        key = AESGCM.generate_key(256)
        self._file, self._cipher, self._number = file, AESGCM(key), 0
        self._head = _MAGIC + seal(public, key, _BOUND_TO)
        self._waiting = bytearray()
        self._hash = hashlib.sha256()
        self.size = 0
        self._put(self._head)

    @property
    def sha256(self) -> str:
        """The digest of the file so far, in hex."""
        return self._hash.hexdigest()

    def write(self, content: bytes) -> None:
        """Append. Raises: OSError when the disk is full."""
        self._waiting += content
        while len(self._waiting) > CHUNK:  # The last chunk is never empty unless it is the only one.
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        """Write the last chunk; the file itself is left open."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._number, last), chunk, self._head))
        self._number += 1

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._hash.update(content)
        self.size += len(content)


def read(file: BinaryIO, private: X25519PrivateKey) -> Iterator[bytes]:
    """Open a sealed file, chunk by chunk: each is proved, but that the file is whole is known only at the end.

    Raises: BadInput when it is no sealed file, or damaged; KeyRefused when it is sealed to another key.
    """
    head = file.read(len(_MAGIC) + _ENVELOPE)
    cipher = AESGCM(_key(head, private))
    number, chunk = 0, file.read(CHUNK + _TAG)
    while True:
        following = file.read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, not following), chunk, head)
        except (InvalidTag, ValueError):
            raise BadInput(_DAMAGED) from None
        if not following:
            return
        number, chunk = number + 1, following


def lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut what was read into lines, each with its end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


def _key(head: bytes, private: X25519PrivateKey) -> bytes:
    envelope = head[len(_MAGIC) :]
    if not head.startswith(_MAGIC):
        raise BadInput("This file is not a backup of Tipline.")
    if len(envelope) < _ENVELOPE:
        raise BadInput(_DAMAGED)
    if (wanted := sealed_to(envelope)) != (given := key_id(private.public_key())):
        raise KeyRefused(f"It is sealed to the key {wanted.hex()}, and the one given is {given.hex()}.")
    try:
        return unseal(private, envelope, _BOUND_TO)
    except KeyRefused:
        raise BadInput(_DAMAGED) from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
