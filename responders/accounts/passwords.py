"""Passwords: kept as argon2id, checked in the same time whether the account exists or not."""

from __future__ import annotations

import os
import unicodedata

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.core.errors import BadInput

SHORTEST, LONGEST = 12, 200
_MEMORY_KIB, _PASSES, _LANES, _SALT, _LENGTH = 19 * 1024, 2, 1, 16, 32
"""Source: OWASP Password Storage Cheat Sheet, "Argon2id": 19 MiB, 2 passes, 1 lane."""

NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$zO5gh7dUars1+yPHkFF+pQ$jBQMdyi5kOHduHBf5FfmDoFGlHzK20msplyERWQYMXk"
"""Same cost as a real one, of no password: what an unknown name is checked against, so that it takes as long."""


def enclose(password: str) -> str:
    """Hash a new password into PHC form. Raises: BadInput when it is shorter than 12 or longer than 200 characters."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"A password has {SHORTEST} to {LONGEST} characters.")
    return _argon(os.urandom(_SALT)).derive_phc_encoded(_bytes(password))


def verify(password: str, phc: str) -> bool:
    """Check a password against its PHC form; takes some 50 ms, so never inside a transaction."""
    try:
        Argon2id.verify_phc_encoded(_bytes(password[:LONGEST]), phc)
    except InvalidKey:
        return False
    return len(password) <= LONGEST


def _argon(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=_LENGTH, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)


def _bytes(password: str) -> bytes:
    """The same password typed on two keyboards is the same bytes. Source: RFC 8265 §4.2 (NFC)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
