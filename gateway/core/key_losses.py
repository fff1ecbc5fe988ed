"""Lost keys: what is sealed to, and nobody can open. To make new keys over them would hide the loss for good."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.core.errors import KeyRefused
from gateway.core.keys import GONE, GRANTS, OLD, PROCESSES, SEALING, index_id, purpose
from gateway.core.seal import key_id

INDEX = "index"


def lost(root: Path) -> list[str]:
    """Name the keys under `root` whose public half has no private half at any holder, and `index` if that is gone.

    An index key has no public half: it is lost when there are other keys, since it is the first that is ever made.
    A private half of a rotation that was cut off counts, under either of its names. What retention has destroyed is
    not lost.
    Raises: KeyRefused for a damaged key.
    """
    names = {str(path.with_suffix("")) for path in _publics(root)}
    gone = [name for name in sorted(names) if stale(root, name) and not is_destroyed(root, name)]
    if names and not any((root / process / f"{INDEX}.key").exists() for process in _holders(INDEX)):
        gone.append(INDEX)
    return gone


def stale(root: Path, name: str) -> list[Path]:
    """List the files with a public half of this name that no private half belongs to."""
    folders = [root / process for process in _holders(purpose(Path(f"{name}.pub")))]
    private = {
        read_id(path, path.relative_to(folder))
        for folder in folders
        for path in (folder / f"{name}.key", *(folder / name).glob(f"{OLD}*.key"))
        if path.exists()
    }
    public = [root / process / f"{name}.pub" for process in PROCESSES]
    return [path for path in public if path.exists() and read_id(path, Path(f"{name}.pub")) not in private]


def is_destroyed(root: Path, name: str) -> bool:
    """Tell whether retention has destroyed the private keys of a name at any holder."""
    return any((root / process / f"{name}{GONE}").exists() for process in _holders(purpose(Path(f"{name}.pub"))))


def described(gone: Sequence[str]) -> str:
    """Say what a loss means and what to do about it."""
    names = ", ".join(gone[:3]) + (f" and {len(gone) - 3} more" if len(gone) > 3 else "")
    return (
        f"Private keys are lost: {names}. They were in use, so new ones would not open what is there. Bring them back "
        "with `tipline keys recover`. Only without an escrow: `tipline keys init --give-up-lost`."
    )


def read_id(path: Path, name: Path) -> bytes:
    """Read the id of a key file; `name` is its path inside the process's folder. Raises: KeyRefused when damaged."""
    content = path.read_bytes()
    try:
        if purpose(name) == INDEX:
            return index_id(base64.b64decode(content, validate=True))
        if purpose(name).partition("-")[0] == "cap":  # A certificate, beside its private key or alone.
            return x509.load_pem_x509_certificate(content).fingerprint(hashes.SHA256())[:8]
        if path.suffix == ".key":
            return key_id(_public_of(serialization.load_pem_private_key(content, None)))
        return key_id(_public_of(serialization.load_pem_public_key(content)))
    except ValueError as error:
        raise KeyRefused(f"The key {name} is damaged.") from error


def _publics(root: Path) -> set[Path]:
    folders = [root / process for process in PROCESSES]
    found = {path.relative_to(folder) for folder in folders for path in folder.rglob("*.pub")}
    return {path for path in found if purpose(path) in SEALING}


def _holders(kind: str) -> list[str]:
    return [process for process in PROCESSES if kind in GRANTS[process]]


def _public_of(key: object) -> X25519PublicKey | Ed25519PublicKey:
    if isinstance(key, X25519PrivateKey | Ed25519PrivateKey):
        return key.public_key()
    assert isinstance(key, X25519PublicKey | Ed25519PublicKey)  # no others are ever written here
    return key
