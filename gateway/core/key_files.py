"""Key files: what `tipline keys init`, `list` and `rotate` do in the folders of the processes.

Making is idempotent: what is there stays, what is missing is made, and months are made ahead so that no process
ever has to make one. A private key is written before its public half, so nothing is ever sealed to a key that was lost.

Rotating writes in this order, and whoever is cut off half-way runs it again: the old private key under its second name
at every holder, the new private key at every holder, then the public halves. After each single step every process can
open whatever any process may seal.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.core import key_losses, log_keys
from gateway.core.errors import KeyRefused, NotFound
from gateway.core.key_losses import read_id
from gateway.core.keys import CHANGED, COMMON, GRANTS, MONTHS_AHEAD, OLD, PROCESSES
from gateway.core.times import month

KINDS = ("identity", "outbound", "delivery", "index", "content")


@dataclass(frozen=True)
class KeyFile:
    """A key file of one process: its name, whether it opens (`private`) or seals, and its id in hex."""

    process: str
    name: str
    private: bool
    kid: str


@dataclass(frozen=True)
class OldKey:
    """A private key that a rotation has replaced, and every file that holds it."""

    kind: str
    kid: bytes
    paths: tuple[Path, ...]


def init(root: Path, districts: Iterable[str], now: datetime, *, give_up_lost: bool = False) -> list[str]:
    """Make every missing key under `root`, one folder a process. The answer names the keys that were made.

    Raises: KeyRefused when a key is not missing but lost, unless it is given up: then a new one takes its place.
    """
    gone = key_losses.lost(root)
    if gone and not give_up_lost:
        raise KeyRefused(key_losses.described(gone))
    for path in (path for name in gone for path in key_losses.stale(root, name)):
        path.unlink()
    # The index key first, since that it is gone is seen by the others that are there.
    made = ["index"] if _make_index(root) else []
    made += [name for name in ("identity", "outbound", "delivery") if _make_pair(root, name)]
    if log_keys.make(root, _write):
        made.append("log")
    names = [f"content/{district}/{name}" for district in sorted({COMMON, *districts}) for name in _months(now)]
    # A clock set back asks for months that are over: a new key there would not fit what others seal to.
    made += [name for name in names if not key_losses.is_destroyed(root, name) and _make_pair(root, name)]
    if made:
        tell(root, PROCESSES)
    return made


def listing(root: Path) -> Iterator[KeyFile]:
    """List the key files of every process under `root`. No key material is in the answer."""
    for process in PROCESSES:
        folder = root / process
        for path in sorted(p for p in folder.rglob("*") if p.suffix in {".pub", ".key"}):
            name = path.relative_to(folder)
            yield KeyFile(process, str(name), path.suffix == ".key", read_id(path, name).hex())


def months_left(root: Path, district: str, now: datetime) -> int:
    """Count the months from this one on for which a district has a content key in the intake's folder."""
    names = {path.stem for path in (root / "intake" / "content" / district).glob("*.pub")}
    return sum(1 for name in names if name >= month(now))


def rotate(root: Path, kind: str, district: str | None = None, of_month: str | None = None) -> list[str]:
    """Put new keys of a kind in the place of those in use; the replaced ones go on opening. Answers the keys' names.

    Content keys are rotated for every district and month there is, or only those that are named. A rotation that was
    cut off is brought to its end, not begun anew. Raises: NotFound when there is no such key.
    """
    if kind == "log":
        log_keys.rotate(root, _write)
        tell(root, PROCESSES)
        return ["log"]
    names = _names(root, kind, district, of_month)
    if not names:
        raise NotFound("There is no such key. `tipline keys list` names those there are.")
    for name in names:
        if is_settled(root, name):
            _replace(root, name)
        _settle(root, name)
    holders = _holders(kind)
    tell(root, holders)  # Whoever opens must know the new key before anyone seals to it.
    for name in names if kind != "index" else ():
        _publish(root, name)
    tell(root, [process for process in PROCESSES if process not in holders])
    tell(root, holders)
    return names


def is_settled(root: Path, name: str) -> bool:
    """Tell whether every folder holds the same newest key of a name: no rotation of it was cut off."""
    holders = _holders(_kind(name))
    private = {_read(root / process / f"{name}.key") for process in holders}
    if len(private) != 1 or name == "index":
        return len(private) == 1
    public = _public_pem(_load(private.pop()))
    return all(_read(root / process / f"{name}.pub") == public for process in PROCESSES)


def old_keys(root: Path, kind: str) -> list[OldKey]:
    """List the replaced private keys of a kind that are still there."""
    found: dict[bytes, list[Path]] = {}
    for process in _holders(kind):
        for path in sorted((root / process / kind).rglob(f"{OLD}*.key")):
            found.setdefault(read_id(path, path.relative_to(root / process)), []).append(path)
    return [OldKey(kind, kid, tuple(paths)) for kid, paths in found.items()]


def in_use(root: Path, kind: str) -> frozenset[bytes]:
    """Name the keys of a kind that are sealed to now. Raises: KeyRefused when a rotation was cut off."""
    names = _names(root, kind)
    if not all(is_settled(root, name) for name in names):
        raise KeyRefused(f"A rotation was cut off. Run `tipline keys rotate {kind}` again first.")
    first = root / _holders(kind)[0]
    return frozenset(read_id(first / f"{name}.key", Path(f"{name}.key")) for name in names)


def told_for(root: Path, now: datetime) -> timedelta:
    """Tell for how long every process has been able to know the newest keys; a folder not told yet is told now."""
    for process in PROCESSES:
        newest = max((_written_at(path) for path in (root / process).rglob("*.pub")), default=None)
        told = root / process / CHANGED
        if newest is not None and (not told.exists() or _written_at(told) < newest):
            tell(root, [process])
    told_at = [_written_at(root / process / CHANGED) for process in PROCESSES]
    return now - datetime.fromtimestamp(max(told_at) / 1e9, UTC)


def retire(root: Path, old: OldKey) -> None:
    """Delete a replaced private key. Whatever is still sealed to it is lost: ask `rotation.usage` first."""
    for path in old.paths:
        path.unlink()
        with suppress(OSError):
            path.parent.rmdir()  # when it was the last one
    for process in _holders(old.kind):
        told = (root / process / CHANGED).stat()
        tell(root, [process])
        # It is another file now, so the key is dropped; but of the newest keys they knew since then.
        os.utime(root / process / CHANGED, ns=(told.st_atime_ns, told.st_mtime_ns))


def tell(root: Path, processes: Iterable[str]) -> None:
    """Let processes know that their folder has changed: they look at this file before each use of a key."""
    for process in processes:
        _write(root / process / CHANGED, secrets.token_hex(8).encode(), 0o644)


def put(path: Path, content: bytes) -> None:
    """Write a key file whole, with the rights it should have; what is there already stays."""
    _make(path, content, 0o600 if path.suffix == ".key" else 0o644)


def replace(path: Path, content: bytes, mode: int) -> None:
    """Write a key file whole, in place of what was there."""
    _write(path, content, mode)


def _written_at(path: Path) -> int:
    return path.stat().st_mtime_ns


def _names(root: Path, kind: str, district: str | None = None, of_month: str | None = None) -> list[str]:
    """Name the keys of a kind, without the folder of the process and without `.key`."""
    first = root / _holders(kind)[0]
    pattern = f"content/{district or '*'}/{of_month or '*'}.key" if kind == "content" else f"{kind}.key"
    return [str(path.relative_to(first).with_suffix("")) for path in sorted(first.glob(pattern))]


def _replace(root: Path, name: str) -> None:
    """Draw a new private key at the first holder, when every holder has the old one under its second name."""
    folders = [root / process for process in _holders(_kind(name))]
    for folder in folders:
        _keep_old(folder, name)
    fresh = _new_index() if name == "index" else _private_pem(X25519PrivateKey.generate())
    _write(folders[0] / f"{name}.key", fresh, 0o600)


def _settle(root: Path, name: str) -> None:
    """Give every holder the first holder's newest private key."""
    folders = [root / process for process in _holders(_kind(name))]
    newest = (folders[0] / f"{name}.key").read_bytes()
    for folder in folders[1:]:
        if _read(folder / f"{name}.key") != newest:
            _keep_old(folder, name)
            _write(folder / f"{name}.key", newest, 0o600)


def _publish(root: Path, name: str) -> None:
    """Give every process the public half of the newest private key, those that open it first."""
    holders = _holders(_kind(name))
    public = _public_pem(_load((root / holders[0] / f"{name}.key").read_bytes()))
    for process in sorted(PROCESSES, key=lambda process: process not in holders):
        if _read(root / process / f"{name}.pub") != public:
            _write(root / process / f"{name}.pub", public, 0o644)


def _keep_old(folder: Path, name: str) -> None:
    path = folder / f"{name}.key"
    if path.exists():
        kid = read_id(path, path.relative_to(folder)).hex()
        _make(folder / name / f"{OLD}{kid}.key", path.read_bytes(), 0o600)


def _kind(name: str) -> str:
    return name.split("/", maxsplit=1)[0]


def _months(now: datetime) -> list[str]:
    year, index = now.year, now.month - 1
    return [f"{year + (index + ahead) // 12}-{(index + ahead) % 12 + 1:02d}" for ahead in range(MONTHS_AHEAD + 1)]


def _holders(kind: str) -> list[str]:
    return [process for process in PROCESSES if kind in GRANTS[process]]


def _make_pair(root: Path, name: str) -> bool:
    """Make what is missing of one pair; the private half that is already there is the one to go on with."""
    there = [root / process / f"{name}.key" for process in _holders(_kind(name))]
    kept = next((path.read_bytes() for path in there if path.exists()), None)
    private = _load(kept) if kept else X25519PrivateKey.generate()
    wrote = [_make(path, kept or _private_pem(private), 0o600) for path in there]
    wrote += [_make(root / process / f"{name}.pub", _public_pem(private), 0o644) for process in PROCESSES]
    return any(wrote)


def _make_index(root: Path) -> bool:
    secret = _new_index()
    wrote = [_make(root / process / "index.key", secret, 0o600) for process in _holders("index")]
    return any(wrote)


def _new_index() -> bytes:
    return base64.b64encode(secrets.token_bytes(32))


def _private_pem(private: X25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_pem(private: X25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _load(pem: bytes) -> X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise KeyRefused("A private key is damaged. `tipline doctor` says which.") from error
    if not isinstance(key, X25519PrivateKey):
        raise KeyRefused("A private key is not an X25519 key. `tipline doctor` says which.")
    return key


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _make(path: Path, content: bytes, mode: int) -> bool:
    """Write a file once: what is there stays, and the answer is then false."""
    if path.exists():
        return False
    _write(path, content, mode)
    return True


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file, whole or not at all, readable by its owner alone when private; the folder's owner owns it too."""
    _make_folder(path.parent)
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _give_to_owner_of(path.parent, part)
    part.replace(path)
    if path.suffix == ".key":
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make names of a folder survive a power cut: a private key must be there when its public half is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        _make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            _give_to_owner_of(folder.parent, folder)


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """Let what root writes into a process's folder belong to that process's user."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)
