"""The key that signs alerts: RSA with a certificate, its private half the worker's alone.

    worker/cap.key         private key and certificate, as PEM; worker/cap/next.key: the pair that comes after it
    */cap.pub              the certificate that alerts are signed with now
    */cap-next.pub         the next one: receivers learn it before anything is signed with it
    */cap-<id>.pub         earlier ones, until they have expired: what they signed still verifies

Without a key alerts leave unsigned: a warning is not held back for the lack of one, and page and doctor say so.
RSA, since receivers of CAP verify rsa-sha256 and little else.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.keys import PROCESSES

HOLDER = "worker"
Write = Callable[[Path, bytes, int], object]
"""Writes a file, whole or not at all, with this mode."""


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate, both as PEM."""

    key: bytes = field(repr=False)
    certificate: bytes

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate)

    @property
    def id(self) -> str:
        """The SHA-256 fingerprint of the certificate, in hex."""
        return self.parsed.fingerprint(hashes.SHA256()).hex()

    def has_ended(self, now: datetime) -> bool:
        """Whether receivers take its certificate no more."""
        return self.parsed.not_valid_after_utc <= now

    def holds(self, now: datetime) -> bool:
        """Whether receivers take its certificate at a moment."""
        return self.parsed.not_valid_before_utc <= now and not self.has_ended(now)

    @property
    def together(self) -> bytes:
        """Both in one file."""
        return self.key + self.certificate


def bring(key: bytes, certificate: bytes) -> Pair:
    """Take a pair that somebody else made: an authority, or a CA. Raises: BadInput when the halves do not fit."""
    try:
        private = serialization.load_pem_private_key(key, password=None)
        parsed = x509.load_pem_x509_certificate(certificate)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadInput("These are not an unencrypted private key and a certificate, both as PEM.") from None
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < 2048:
        raise BadInput("The key must be RSA, of 2048 bits or more.")
    if parsed.public_key() != private.public_key():
        raise BadInput("This certificate is not that key's.")
    return Pair(_private_pem(private), _certificate_pem(parsed))


def signing(folder: Path) -> Pair | None:
    """Read the pair in use from a process's folder; nothing when it is not there.

    Raises: KeyRefused when it is damaged, cannot be read, or is of a kind that nobody here knows.
    """
    path = folder / "cap.key"
    return _pair(path) if os.path.lexists(path) else None


def usable(folder: Path, now: datetime) -> Pair | None:
    """Read the pair to sign with now: the one in use, or once its certificate has ended the prepared one, if it holds.

    Receivers know the prepared certificate by then. Nothing when there is no pair. Raises: KeyRefused as `signing`, and
    when neither is left: receivers refuse what such a one has signed, and take it for forged rather than unsigned.
    """
    pair = signing(folder)
    if pair is None or not pair.has_ended(now):
        return pair
    prepared = folder / "cap" / "next.key"
    coming = _pair(prepared) if prepared.exists() else None
    if coming is None or not coming.holds(now):
        raise KeyRefused("The certificate that signs alerts has ended.")
    return coming


def certificates(folder: Path) -> dict[str, bytes]:
    """Read the certificates, today's, the next and earlier ones, as PEM by file name. Raises: KeyRefused."""
    return {path.stem: _certificate_pem(_certificate(path)) for path in sorted(folder.glob("cap*.pub"))}


def current(folder: Path) -> x509.Certificate | None:
    """Read the certificate that alerts are signed with now, if there is one. Raises: KeyRefused when damaged."""
    path = folder / "cap.pub"
    return _certificate(path) if path.exists() else None


def install(root: Path, pair: Pair, now: datetime, write: Write) -> bool:
    """Put the first pair into its place, or prepare it to come after the one in use; true when it is in use now.

    Raises: BadInput when its certificate has ended.
    """
    if pair.has_ended(now):
        raise BadInput("This certificate has ended: receivers would refuse what is signed with it.")
    if not (root / HOLDER / "cap.key").exists():
        write(root / HOLDER / "cap.key", pair.together, 0o600)
        settle(root, now, write)
        return True
    write(root / HOLDER / "cap" / "next.key", pair.together, 0o600)
    settle(root, now, write)
    return False


def switch(root: Path, now: datetime, write: Write) -> None:
    """Sign with the prepared pair from now on. The private half before it is gone, its certificate stays.

    Cut off half-way, this again (or any other change) brings it to its end. Raises: NotFound when none is prepared;
    BadInput when its certificate has ended or not begun.
    """
    prepared = root / HOLDER / "cap" / "next.key"
    if not prepared.exists():
        raise NotFound("No key is prepared. Run `tipline keys rotate cap` first.")
    if not _pair(prepared).holds(now):
        raise BadInput("The prepared certificate does not hold now: receivers would refuse what is signed with it.")
    prepared.replace(root / HOLDER / "cap.key")
    with contextlib.suppress(OSError):
        prepared.parent.rmdir()
    settle(root, now, write)


def settle(root: Path, now: datetime, write: Write) -> None:
    """Give every process the certificates that belong to the keys; forget earlier ones that have expired."""
    pair = signing(root / HOLDER)
    prepared = root / HOLDER / "cap" / "next.key"
    coming = _pair(prepared) if prepared.exists() else None
    for folder in (root / process for process in PROCESSES):
        _publish(folder, pair, coming, now, write)


def _publish(folder: Path, pair: Pair | None, coming: Pair | None, now: datetime, write: Write) -> None:
    there = folder / "cap.pub"
    if pair and there.exists() and (old := Pair(b"", there.read_bytes())).id != pair.id:
        write(folder / f"cap-{old.id[:16]}.pub", old.certificate, 0o644)
    if pair and not (there.exists() and there.read_bytes() == pair.certificate):
        write(there, pair.certificate, 0o644)
    if coming:
        write(folder / "cap-next.pub", coming.certificate, 0o644)
    else:
        (folder / "cap-next.pub").unlink(missing_ok=True)
    for path in folder.glob("cap-*.pub"):
        if _certificate(path).not_valid_after_utc < now:
            path.unlink()


def _pair(path: Path) -> Pair:
    try:
        content = path.read_bytes()
        private = serialization.load_pem_private_key(content, password=None)
        certificate = x509.load_pem_x509_certificate(content)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRefused(f"The private key {path.name} is unreadable or damaged.") from error
    if not isinstance(private, rsa.RSAPrivateKey) or certificate.public_key() != private.public_key():
        raise KeyRefused(f"The private key {path.name} is not an RSA key with its certificate.")
    return Pair(_private_pem(private), _certificate_pem(certificate))


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefused(f"The certificate {path.name} is unreadable or damaged.") from error


def _private_pem(private: rsa.RSAPrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
