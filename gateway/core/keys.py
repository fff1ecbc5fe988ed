"""Who holds which key. Public halves seal and everyone has them; private halves open and one room has each.

    private key   opens                                   held by
    identity      reporters' addresses                    courier
    index         (HMAC) "have we met this address"       courier
    outbound      replies on their way to reporters       courier
    content       tips; one pair per district and month   worker, console

A key set is a folder of files, one folder a process, so that a deployment can give each to its own user:

    identity.pub  identity.key  outbound.pub  outbound.key  index.key  content/<district>/<YYYY-MM>.pub|.key

A process that finds a private key in its folder which the table does not grant it refuses to start.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from gateway.core.errors import KeyRefused
from gateway.core.seal import key_id, seal, sealed_to, unseal
from gateway.core.times import month

PROCESSES = ("intake", "courier", "worker", "console", "clock")
GRANTS: Mapping[str, frozenset[str]] = {
    "intake": frozenset(),
    "courier": frozenset({"identity", "index", "outbound"}),
    "worker": frozenset({"content"}),
    "console": frozenset({"content"}),
    "clock": frozenset(),
}
COMMON = "common"
"""The content keys of messages that no district owns (yet)."""


@dataclass(frozen=True)
class KeySet:
    """The keys of one process. `content` maps (district slug, `YYYY-MM`) to a public key."""

    process: str
    identity: X25519PublicKey = field(repr=False)
    outbound: X25519PublicKey = field(repr=False)
    content: Mapping[tuple[str, str], X25519PublicKey] = field(repr=False)
    private: Mapping[bytes, X25519PrivateKey] = field(repr=False)
    index: bytes | None = field(repr=False, default=None)

    def seal_address(self, address: str, bound_to: str) -> bytes:
        """Seal a reporter's address to the identity key: from here on only the courier can read it."""
        return seal(self.identity, address.encode(), bound_to)

    def seal_outbound(self, words: str, bound_to: str) -> bytes:
        """Seal words on their way to a reporter to the courier's outbound key."""
        return seal(self.outbound, _encode(words), bound_to)

    def seal_words(self, district: str | None, now: datetime, words: str, bound_to: str) -> bytes:
        """Seal words to a district's content key of the month (its latest earlier one when there is none yet).

        Raises: KeyRefused when neither the district nor the common set has any content key.
        """
        return seal(self._content_key(district or COMMON, month(now)), _encode(words), bound_to)

    def open(self, envelope: bytes, bound_to: str) -> str:
        """Open an envelope with whichever of this process's keys it is sealed to.

        Raises: KeyRefused when this process does not hold that key, or the envelope is not bound to `bound_to`.
        """
        private = self.private.get(sealed_to(envelope))
        if private is None:
            raise KeyRefused("This process does not hold the key of this envelope.")
        return unseal(private, envelope, bound_to).decode("utf-8", "surrogatepass")

    def blind_index(self, district: str, address: str) -> bytes:
        """Compute the keyed index of an address in a district: HMAC-SHA256, 32 bytes.

        Raises: KeyRefused for a process without the index key.
        """
        if self.index is None:
            raise KeyRefused("This process does not hold the index key.")
        of_district = hmac.digest(self.index, f"district {district}".encode(), hashlib.sha256)
        return hmac.digest(of_district, address.encode(), hashlib.sha256)

    def _content_key(self, district: str, wanted: str) -> X25519PublicKey:
        months = sorted(name for slug, name in self.content if slug == district)
        if not months:
            if district == COMMON:
                raise KeyRefused("There is no content key. Run `tipline keys init`.")
            return self._content_key(COMMON, wanted)
        earlier = [name for name in months if name <= wanted]
        return self.content[(district, earlier[-1] if earlier else months[0])]


def _encode(words: str) -> bytes:
    """Keep every character, lone surrogates included: what cannot be shown must still not be lost."""
    return words.encode("utf-8", "surrogatepass")


def load(folder: Path, process: str) -> KeySet:
    """Read a process's key set from its folder.

    Raises: KeyRefused when a key is missing, unreadable, or surplus to what the table grants this process.
    """
    if not folder.is_dir():
        raise KeyRefused(f"There is no key folder for {process}. Run `tipline keys init`.")
    found = sorted(path.relative_to(folder) for path in folder.rglob("*.key"))
    surplus = [str(path) for path in found if _purpose(path) not in GRANTS[process]]
    if surplus:
        raise KeyRefused(f"{process} must not hold these keys, so it does not start: {', '.join(surplus)}")
    missing = GRANTS[process] - {_purpose(path) for path in found}
    if missing:
        raise KeyRefused(f"{process} lacks these private keys: {', '.join(sorted(missing))}. Run `tipline keys init`.")
    content = {(path.parent.name, path.stem): _public(path) for path in (folder / "content").glob("*/*.pub")}
    privates = [_private(folder / path) for path in found if _purpose(path) != "index"]
    return KeySet(
        process=process,
        identity=_public(folder / "identity.pub"),
        outbound=_public(folder / "outbound.pub"),
        content=content,
        private={key_id(key.public_key()): key for key in privates},
        index=base64.b64decode((folder / "index.key").read_text()) if "index" in GRANTS[process] else None,
    )


def _purpose(path: Path) -> str:
    """Name what a key file is for: the stem, or `content` for those in a district's folder."""
    return path.stem if len(path.parts) == 1 else path.parts[0]


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
