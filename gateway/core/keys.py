"""Who holds which key. Public halves seal and everyone has them; private halves open and one room has each.

    private key   opens                                   held by
    identity      reporters' addresses                    courier
    index         (HMAC) "have we met this address"       courier
    outbound      replies on their way to reporters       courier
    content       tips; one pair per district and month   worker, console
    delivery      secrets of those whom events go to      worker
    log           (signs heads of the event log)          clock
    cap           (signs alerts)                          worker

A key set is a folder of files, one folder a process, so that a deployment can give each to its own user:

    identity.pub  identity.key  outbound.pub  outbound.key  delivery.pub  delivery.key  index.key
    content/<district>/<YYYY-MM>.pub|.key

Keys that a rotation has replaced open until nothing is sealed to them any more, and seal nothing:

    identity/old-<kid>.key  outbound/…  delivery/…  index/…  content/<district>/<YYYY-MM>/old-<kid>.key

A month whose private keys retention has destroyed leaves `content/<district>/<YYYY-MM>.gone` (see `key_ends`).

A process that finds a private key in its folder which the table does not grant it refuses to start.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.core.errors import KeyRefused
from gateway.core.logs import log
from gateway.core.seal import key_id, rewrap, seal, sealed_to, unseal
from gateway.core.times import month

PROCESSES = ("intake", "courier", "worker", "console", "clock")
GRANTS: Mapping[str, frozenset[str]] = {
    "intake": frozenset(),
    "courier": frozenset({"identity", "index", "outbound"}),
    "worker": frozenset({"content", "delivery", "cap"}),
    "console": frozenset({"content"}),
    "clock": frozenset({"log"}),
}
SEALING = frozenset({"identity", "outbound", "content", "delivery"})
"""The purposes of the X25519 pairs that envelopes are sealed to."""
OPTIONAL = frozenset({"log", "delivery", "cap"})
"""A process starts without such a key, and does less: what was installed before there was one goes on."""
MONTHS_AHEAD = 24
"""So many months' content keys are made ahead."""
COMMON = "common"
"""The content keys of messages that no district owns (yet)."""
CHANGED = "changed"
"""The file that `tipline keys` writes last: when it is another one, the folder is read again."""
OLD = "old-"
"""How the files of replaced private keys begin."""
GONE = ".gone"
"""The suffix of what a destroyed content key leaves, so that nobody takes it for lost."""
INDEX_KID_BYTES = 8


@dataclass(frozen=True)
class _Keys:
    """What a folder held. `content` maps (district slug, `YYYY-MM`); `successors` old key id → what replaced it."""

    identity: X25519PublicKey
    outbound: X25519PublicKey
    delivery: X25519PublicKey | None
    content: Mapping[tuple[str, str], X25519PublicKey]
    private: Mapping[bytes, X25519PrivateKey]
    successors: Mapping[bytes, X25519PublicKey]
    indexes: tuple[bytes, ...]
    """Index keys, the one in use first."""


class KeySet:
    """The keys of one process. It reads its folder again, by itself, when `tipline keys` has changed something there.

    So a rotation needs no restart: the next thing that is sealed is sealed to the new key.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self.process = process
        self._folder = folder
        self._mark = _mark(folder)
        self._refused: object = None
        self._held = _read(folder, process)

    def __repr__(self) -> str:
        return f"KeySet(process={self.process!r})"

    def seal_address(self, address: str, bound_to: str) -> bytes:
        """Seal a reporter's address to the identity key: from here on only the courier can read it."""
        return seal(self._keys().identity, address.encode(), bound_to)

    def seal_outbound(self, words: str, bound_to: str) -> bytes:
        """Seal words on their way to a reporter to the courier's outbound key."""
        return seal(self._keys().outbound, _encode(words), bound_to)

    def seal_delivery(self, secret: str, bound_to: str) -> bytes:
        """Seal a secret that is shared with a receiver of events: only the worker, who delivers them, can read it.

        Raises: KeyRefused while there is no such key.
        """
        public = self._keys().delivery
        if public is None:
            raise KeyRefused("There is no key for deliveries. Run `tipline keys init`.")
        return seal(public, secret.encode(), bound_to)

    def seal_words(self, district: str | None, now: datetime, words: str, bound_to: str) -> bytes:
        """Seal words to a district's content key of the month (its latest earlier one when there is none yet).

        Raises: KeyRefused when neither the district nor the common set has any content key.
        """
        return seal(_content_key(self._keys().content, district or COMMON, month(now)), _encode(words), bound_to)

    def content_id(self, district: str, now: datetime) -> bytes:
        """Name the key that a district's words are sealed to now. Raises: KeyRefused when there is none."""
        return key_id(_content_key(self._keys().content, district, month(now)))

    def reseal_words(self, district: str, now: datetime, envelope: bytes, bound_to: str) -> bytes:
        """Seal words anew to a district's content key of now, without opening them, whatever key holds them.

        Raises: KeyRefused when this process does not hold that key, or the envelope is not bound to `bound_to`.
        """
        held = self._keys()
        private = held.private.get(sealed_to(envelope))
        if private is None:
            raise KeyRefused("This process does not hold the key of this envelope.")
        return rewrap(private, _content_key(held.content, district, month(now)), envelope, bound_to)

    def open(self, envelope: bytes, bound_to: str) -> str:
        """Open an envelope with whichever of this process's keys it is sealed to.

        Raises: KeyRefused when this process does not hold that key, or the envelope is not bound to `bound_to`.
        """
        private = self._keys().private.get(sealed_to(envelope))
        if private is None:
            raise KeyRefused("This process does not hold the key of this envelope.")
        return unseal(private, envelope, bound_to).decode("utf-8", "surrogatepass")

    def blind_index(self, district: str, address: str) -> bytes:
        """Compute the keyed index of an address in a district: 8 bytes key id, 32 bytes HMAC-SHA256.

        Raises: KeyRefused for a process without the index key.
        """
        return self.blind_indexes(district, address)[0]

    def blind_indexes(self, district: str, address: str) -> tuple[bytes, ...]:
        """Compute the index under every index key there is, the one in use first. Raises: KeyRefused."""
        return tuple(
            index_id(key) + hmac.digest(_of_district(key, district), address.encode(), hashlib.sha256)
            for key in self._index_keys()
        )

    def index_ids(self) -> tuple[bytes, ...]:
        """Name the index keys, the one in use first: what a blind index begins with. Raises: KeyRefused."""
        return tuple(index_id(key) for key in self._index_keys())

    def replaced(self) -> frozenset[bytes]:
        """Name the replaced keys that this process can still open with, and whose successor it knows."""
        return frozenset(self._keys().successors)

    def reseal(self, envelope: bytes, bound_to: str) -> bytes:
        """Seal an envelope of a replaced key to that key's successor, without opening its content.

        Raises: KeyRefused when it is not sealed to one of `replaced()`, or not bound to `bound_to`.
        """
        held, kid = self._keys(), sealed_to(envelope)
        if kid not in held.successors:
            raise KeyRefused("This envelope is not sealed to a replaced key.")
        return rewrap(held.private[kid], held.successors[kid], envelope, bound_to)

    def _index_keys(self) -> tuple[bytes, ...]:
        keys = self._keys().indexes
        if not keys:
            raise KeyRefused("This process does not hold the index key.")
        return keys

    def _keys(self) -> _Keys:
        mark = _mark(self._folder)
        if mark != self._mark:
            try:
                self._held = _read(self._folder, self.process)
                self._mark = mark
            except KeyRefused as error:
                # Going on with what it has is safer than losing a tip; `rotate --finish` looks at every folder first.
                if mark != self._refused:
                    log().error("changed keys could not be read; the old ones stay", code=error.code)
                self._refused = mark
        return self._held


def load(folder: Path, process: str) -> KeySet:
    """Read a process's key set from its folder.

    Raises: KeyRefused when a key is missing, unreadable, surplus to what the table grants this process, or does not fit
    its other half.
    """
    return KeySet(folder, process)


def index_id(key: bytes) -> bytes:
    """Name an index key: 8 bytes that say nothing about it."""
    return hmac.digest(key, b"tipline index key id", hashlib.sha256)[:INDEX_KID_BYTES]


def _of_district(key: bytes, district: str) -> bytes:
    return hmac.digest(key, f"district {district}".encode(), hashlib.sha256)


def _content_key(content: Mapping[tuple[str, str], X25519PublicKey], district: str, wanted: str) -> X25519PublicKey:
    months = sorted(name for slug, name in content if slug == district)
    if not months:
        if district == COMMON:
            raise KeyRefused("There is no content key. Run `tipline keys init`.")
        return _content_key(content, COMMON, wanted)
    # A clock that says it is earlier than when keys were last made is wrong, and the key it asks for may be destroyed.
    wanted = max(wanted, _months_before(months[-1], MONTHS_AHEAD))
    earlier = [name for name in months if name <= wanted]
    return content[(district, earlier[-1] if earlier else months[0])]


def _months_before(name: str, count: int) -> str:
    months = int(name[:4]) * 12 + int(name[5:]) - 1 - count
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


def _encode(words: str) -> bytes:
    """Keep every character, lone surrogates included: what cannot be shown must still not be lost."""
    return words.encode("utf-8", "surrogatepass")


def _mark(folder: Path) -> tuple[int, int] | None:
    """Tell one state of a folder from the next by a file of it; a microsecond, so it is asked before every use."""
    try:
        found = os.stat(f"{folder}/{CHANGED}")  # noqa: PTH116 - Path.stat() takes three times as long
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _read(folder: Path, process: str) -> _Keys:
    if not folder.is_dir():
        raise KeyRefused(f"There is no key folder for {process}. Run `tipline keys init`.")
    found = sorted(path.relative_to(folder) for path in folder.rglob("*.key"))
    surplus = [str(path) for path in found if purpose(path) not in GRANTS[process]]
    if surplus:
        raise KeyRefused(f"{process} must not hold these keys, so it does not start: {', '.join(surplus)}")
    missing = GRANTS[process] - OPTIONAL - {purpose(path) for path in found if not is_old(path)}
    if missing:
        raise KeyRefused(f"{process} lacks these private keys: {', '.join(sorted(missing))}. Run `tipline keys init`.")
    private, successors = {}, {}
    kids: dict[Path, set[bytes]] = {}
    for path in found:
        if purpose(path) not in SEALING:
            continue
        key = _private(folder / path)
        kid = key_id(key.public_key())
        private[kid] = key
        sealing = successor(path) if is_old(path) else path.with_suffix(".pub")
        kids.setdefault(sealing, set()).add(kid)
        if is_old(path) and (folder / sealing).exists():
            newest = _public(folder / sealing)
            if key_id(newest) != kid:  # else its rotation was cut off before the new key came
                successors[kid] = newest
    optional = (path for path in (folder / "delivery.pub",) if path.exists())
    publics = (
        folder / "identity.pub", folder / "outbound.pub", *optional, *(folder / "content").glob("*/*.pub")
    )  # fmt: skip
    public = {path.relative_to(folder): _public(path) for path in publics}
    for path, half in public.items():
        if key_id(half) not in kids.get(path, {key_id(half)}):
            raise KeyRefused(f"{path} is not the public half of the private key beside it. Was one of them replaced?")
    indexes = sorted((path for path in found if purpose(path) == "index"), key=lambda path: (is_old(path), path))
    return _Keys(
        identity=public.pop(Path("identity.pub")),
        outbound=public.pop(Path("outbound.pub")),
        delivery=public.pop(Path("delivery.pub"), None),
        content={(path.parent.name, path.stem): key for path, key in public.items()},
        private=private,
        successors=successors,
        indexes=tuple(_index(folder / path) for path in indexes),
    )


def purpose(path: Path) -> str:
    """Name what a key file is for, given its path inside a process's folder: `identity`, `index` or `content`."""
    return path.stem if len(path.parts) == 1 else path.parts[0]


def is_old(path: Path) -> bool:
    """Tell whether a key file is one that a rotation has replaced."""
    return path.name.startswith(OLD)


def successor(path: Path) -> Path:
    """Name the public key that replaced an old private one: `identity/old-….key` → `identity.pub`."""
    return path.parent.with_name(f"{path.parent.name}.pub")


def _public(path: Path) -> X25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyRefused(f"The public key {path.name} is missing or damaged. Run `tipline keys init`.") from error
    if not isinstance(key, X25519PublicKey):
        raise KeyRefused(f"The public key {path.name} is not an X25519 key.")
    return key


def _private(path: Path) -> X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise KeyRefused(f"The private key {path.name} is unreadable or damaged.") from error
    if not isinstance(key, X25519PrivateKey):
        raise KeyRefused(f"The private key {path.name} is not an X25519 key.")
    return key


def _index(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_text("ascii"), validate=True)
    except (OSError, ValueError, binascii.Error) as error:
        raise KeyRefused(f"The private key {path.name} is unreadable or damaged.") from error
    if len(key) != 32:
        raise KeyRefused(f"The private key {path.name} is damaged: it has not 32 bytes.")
    return key
