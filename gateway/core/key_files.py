"""Making and listing key files: what `tipline keys init` and `tipline keys list` do.

Making is idempotent: what is there stays, what is missing is made, and months are made ahead so that no process
ever has to make one. A private key is written before its public half, so nothing is ever sealed to a key that was lost.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.core.keys import COMMON, GRANTS, PROCESSES
from gateway.core.seal import key_id
from gateway.core.times import month

MONTHS_AHEAD = 24


@dataclass(frozen=True)
class KeyFile:
    """A key file of one process: its name, whether it opens (`private`) or seals, and its id in hex."""

    process: str
    name: str
    private: bool
    kid: str


def init(root: Path, districts: Iterable[str], now: datetime) -> list[str]:
    """Make every missing key under `root`, one folder a process. The answer names the keys that were made."""
    made = [name for name in ("identity", "outbound") if _make_pair(root, name)]
    if _make_index(root):
        made.append("index")
    names = [f"content/{district}/{name}" for district in sorted({COMMON, *districts}) for name in _months(now)]
    return made + [name for name in names if _make_pair(root, name)]


def listing(root: Path) -> Iterator[KeyFile]:
    """List the key files of every process under `root`. No key material is in the answer."""
    for process in PROCESSES:
        folder = root / process
        for path in sorted(p for p in folder.rglob("*") if p.suffix in {".pub", ".key"}):
            yield KeyFile(process, str(path.relative_to(folder)), path.suffix == ".key", _kid(path))


def months_left(root: Path, district: str, now: datetime) -> int:
    """Count the months from this one on for which a district has a content key in the intake's folder."""
    names = {path.stem for path in (root / "intake" / "content" / district).glob("*.pub")}
    return sum(1 for name in names if name >= month(now))


def _months(now: datetime) -> list[str]:
    year, index = now.year, now.month - 1
    return [f"{year + (index + ahead) // 12}-{(index + ahead) % 12 + 1:02d}" for ahead in range(MONTHS_AHEAD + 1)]


def _holders(purpose: str) -> list[str]:
    return [process for process in PROCESSES if purpose in GRANTS[process]]


def _make_pair(root: Path, name: str) -> bool:
    """Make what is missing of one pair; the private half that is already there is the one to go on with."""
    holders = _holders(name.split("/", maxsplit=1)[0])
    there = [root / process / f"{name}.key" for process in holders]
    kept = next((path.read_bytes() for path in there if path.exists()), None)
    private = _load(kept) if kept else X25519PrivateKey.generate()
    pem = kept or private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    wrote = [_write(path, pem, 0o600) for path in there]
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    wrote += [_write(root / process / f"{name}.pub", public, 0o644) for process in PROCESSES]
    return any(wrote)


def _make_index(root: Path) -> bool:
    secret = base64.b64encode(secrets.token_bytes(32))
    wrote = [_write(root / process / "index.key", secret, 0o600) for process in _holders("index")]
    return any(wrote)


def _load(pem: bytes) -> X25519PrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, X25519PrivateKey):
        raise TypeError("not an X25519 key")
    return key


def _write(path: Path, content: bytes, mode: int) -> bool:
    """Write a file once, whole or not at all, readable by its owner alone when private."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    return True


def _kid(path: Path) -> str:
    if path.stem == "index":
        return "-"
    if path.suffix == ".key":
        return key_id(_load(path.read_bytes()).public_key()).hex()
    public = serialization.load_pem_public_key(path.read_bytes())
    return key_id(public).hex()  # type: ignore[arg-type]  # only X25519 keys are ever written here
