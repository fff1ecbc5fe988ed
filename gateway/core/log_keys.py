"""The key that signs heads of the event log: Ed25519, its private half the clock's alone, its public half everyone's.

    clock/log.key   */log.pub   */log-<key id>.pub: public halves of earlier times, which still verify what they signed

Without it the clock starts all the same: tips come in, nothing is sealed, and the doctor says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.core.errors import KeyRefused
from gateway.core.keys import PROCESSES

HOLDER = "clock"
Write = Callable[[Path, bytes, int], object]
"""Writes a file, whole or not at all, with this mode."""


def key_id(public: Ed25519PublicKey) -> str:
    """Name a key: the first 8 bytes of the SHA-256 of its raw public half, in hex."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def signing(folder: Path) -> Ed25519PrivateKey | None:
    """Read the private half from a process's folder; nothing when it is not there. Raises: KeyRefused when damaged."""
    path = folder / "log.key"
    if not path.exists():
        return None
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise KeyRefused("The private key log.key is unreadable or damaged.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused("The private key log.key is not an Ed25519 key.")
    return key


def verifying(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Read the public halves, today's and earlier ones, by key id. Raises: KeyRefused when one is damaged."""
    keys = [_public(path) for path in sorted(folder.glob("log*.pub"))]
    return {key_id(key): key for key in keys}


def make(root: Path, write: Write) -> bool:
    """Make what is missing of the pair; true when something was. After a loss the old public half is kept aside."""
    path = root / HOLDER / "log.key"
    if not path.exists():
        for old in sorted(root.glob("*/log.pub")):
            old.rename(old.with_name(f"log-{key_id(_public(old))}.pub"))
        private = Ed25519PrivateKey.generate()
        write(path, _pem(private), 0o600)
        made = True
    else:
        kept = signing(root / HOLDER)
        assert kept is not None, "it is there"
        private, made = kept, False
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    lacking = [folder for folder in PROCESSES if not (root / folder / "log.pub").exists()]
    for folder in lacking:
        write(root / folder / "log.pub", public, 0o644)
    return made or bool(lacking)


def rotate(root: Path, write: Write) -> bool:
    """Put a new key in the old one's place. The old private half is gone, its public half goes on verifying.

    Cut off half-way there is no key, or not every public half: `make`, or this again, brings it to its end.
    """
    (root / HOLDER / "log.key").unlink(missing_ok=True)
    return make(root, write)


def _pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyRefused(f"The public key {path.name} is unreadable or damaged.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyRefused(f"The public key {path.name} is not an Ed25519 key.")
    return key
