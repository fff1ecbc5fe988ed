"""Receipts: 16 characters with which a reporter comes back, and of which nothing is kept.

A receipt is 80 random bits, written in Crockford's base32 as four groups (`K7QF-2M9D-0X4T-WB8N`). Three things are
derived from it by HKDF-SHA256, each with an `info` of its own, so that none tells of another or of the receipt:

    lookup id     16 bytes, stored with the thread: how it is found
    private key   X25519, never stored: what opens the thread's copies; its public half is stored, to seal them
    marks         32 hex digits of a message, stored: by which a repeated post is known

The receipt itself is derived from a *seed* of 128 random bits that a form carries: whoever sends the same form twice
has the same receipt. Neither is ever stored, logged or part of a URL; both live here for one request.
Source: https://www.crockford.com/base32.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.core.errors import BadInput

LENGTH, GROUP = 16, 4
"""Characters of a receipt, and of each of its groups."""
_BYTES = LENGTH * 5 // 8
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKE = str.maketrans("OILU", "011V")
_LONGEST_TYPED = 100
_SEED = re.compile(r"[0-9a-f]{32}")
_DASHES = frozenset("-_.,\u2212\u00b7")


@dataclass(frozen=True)
class Receipt:
    """A receipt in memory. It shows itself only when asked by name: `shown()`."""

    _secret: bytes = field(repr=False)

    def __str__(self) -> str:
        return "****-****-****-****"

    __repr__ = __str__

    def shown(self) -> str:
        """Write it in four groups, for its reporter's eyes alone."""
        bits = int.from_bytes(self._secret)
        signs = "".join(_SIGNS[bits >> 5 * place & 31] for place in reversed(range(LENGTH)))
        return "-".join(signs[start : start + GROUP] for start in range(0, LENGTH, GROUP))

    @cached_property
    def lookup_id(self) -> bytes:
        """Give the 16 bytes by which its thread is found; it says nothing of the receipt."""
        return _derive(self._secret, b"tipline/1 receipt lookup", 16)

    @cached_property
    def private_key(self) -> X25519PrivateKey:
        """Give the key that opens its thread's copies."""
        return X25519PrivateKey.from_private_bytes(_derive(self._secret, b"tipline/1 receipt key", 32))

    def mark(self, once: str, *parts: bytes) -> str:
        """Mark a message, as 32 hex digits: the same for the same parts of the same form, and for nothing else."""
        key = _derive(self._secret, b"tipline/1 receipt mark " + _encode(once), 32)
        digests = b"".join(hashlib.sha256(part).digest() for part in parts)
        return hmac.digest(key, digests, "sha256").hex()[:32]


def draw(source: Callable[[int], bytes] = secrets.token_bytes) -> Receipt:
    """Draw a receipt; `source(n)` answers n random bytes."""
    return Receipt(source(_BYTES))


def new_seed(source: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Draw what a form carries as `once`: 32 hex digits, which are as secret as the receipt that comes of them."""
    return source(16).hex()


def of_seed(seed: str, place: str) -> Receipt:
    """Derive the receipt of a form for a place (an id): sent to another one it is another report.

    Raises: BadInput for what `new_seed` cannot have drawn.
    """
    check_seed(seed)
    return Receipt(_derive(bytes.fromhex(seed), b"tipline/1 receipt " + _encode(place), _BYTES))


def check_seed(seed: str) -> None:
    """Look over what a form carried as `once`. Raises: BadInput for what `new_seed` cannot have drawn."""
    if not _SEED.fullmatch(seed):
        raise BadInput("This page is too old or damaged. Open it anew.")


def parse(typed: str) -> Receipt:
    """Read a receipt as people type it: lower case, look-alikes (O I L U), spaces and dashes wherever they like.

    Raises: BadInput when it has another length or a sign that no receipt has.
    """
    if len(typed) > _LONGEST_TYPED:
        raise _unlike()
    plain = unicodedata.normalize("NFKC", typed).upper()
    signs = "".join(sign for sign in plain if not is_between(sign)).translate(_LOOK_ALIKE)
    if len(signs) != LENGTH or not set(signs) <= set(_SIGNS):
        raise _unlike()
    bits = 0
    for sign in signs:
        bits = bits << 5 | _SIGNS.index(sign)
    return Receipt(bits.to_bytes(_BYTES))


def _unlike() -> BadInput:
    return BadInput(f"A receipt has {LENGTH} letters and digits.")


def is_between(sign: str) -> bool:
    """Tell whether a sign may stand between the signs of a receipt: spaces, dashes, what cannot be seen."""
    return sign.isspace() or sign in _DASHES or unicodedata.category(sign) in {"Pd", "Cf", "Zs"}


def _derive(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


def _encode(words: str) -> bytes:
    return words.encode("utf-8", "surrogatepass")
