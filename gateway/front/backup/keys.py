"""The key of backups: the server has the public half alone, so who takes the server cannot read its old backups."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.core import key_files
from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.seal import key_id

PUBLIC = "backup.pub"
"""Its name in the folder of all keys, outside every process's own."""


def make(path: Path, root: Path) -> str:
    """Write a new private key to `path`, then its public half under `root`, for backups from now on; answers its id.

    Raises: BadInput when `path` is there already, or lies under `root`: the private half must not stay with the server.
    """
    if path.exists():
        raise BadInput(f"{path} is there already. Name a new file: without the old key old backups are lost.")
    if root.absolute() in path.absolute().parents:
        raise BadInput(f"Not in {root}: the private key of backups must not stay on the server.")
    private = X25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from None
    (root / PUBLIC).unlink(missing_ok=True)
    key_files.put(root / PUBLIC, public)
    return key_id(private.public_key()).hex()


def public(path: Path) -> X25519PublicKey:
    """Read a public half. Raises: NotFound when it is not there, KeyRefused when it is no such key."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"There is no {path}. Run `tipline backup key --out FILE` once.") from None
    except (OSError, ValueError):
        raise KeyRefused(f"{path} is not the public key of backups.") from None
    if not isinstance(key, X25519PublicKey):
        raise KeyRefused(f"{path} is not the public key of backups.")
    return key


def private(path: Path) -> X25519PrivateKey:
    """Read a private half. Raises: NotFound when it is not there, KeyRefused when it is no such key."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise NotFound(f"There is no {path}.") from None
    except (OSError, ValueError, TypeError):
        raise KeyRefused(f"{path} is not a private key of backups.") from None
    if not isinstance(key, X25519PrivateKey):
        raise KeyRefused(f"{path} is not a private key of backups.")
    return key
