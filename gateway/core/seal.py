"""Sealed envelopes: anyone with the public key closes one, only the private key opens it.

Each envelope has a fresh AES-256-GCM key for its content; that key is wrapped to an X25519 public key by HPKE
(RFC 9180, base mode, HKDF-SHA256, AES-256-GCM). Content and wrap are both bound to the id of the thing they belong to,
so an envelope moved to another row does not open. Re-sealing to another key rewraps 32 bytes, not the content.

    b"T1" | key id, 8 bytes | wrapped key, 80 bytes | nonce, 12 bytes | content + 16-byte tag
"""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gateway.core.errors import KeyRefused

_MAGIC = b"T1"
_KID, _WRAP, _NONCE = 8, 32 + 32 + 16, 12
_HEAD = len(_MAGIC) + _KID
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def key_id(public: X25519PublicKey | Ed25519PublicKey) -> bytes:
    """Name a key: the first 8 bytes of the SHA-256 of its raw public half."""
    return hashlib.sha256(public.public_bytes_raw()).digest()[:_KID]


def seal(public: X25519PublicKey, content: bytes, bound_to: str) -> bytes:
    """Close `content` for the holder of the private half; `bound_to` names the row and column it belongs to."""
    label = bound_to.encode()
    data_key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
    wrapped = _SUITE.encrypt(data_key, public, info=_info(bound_to))
    return _MAGIC + key_id(public) + wrapped + nonce + AESGCM(data_key).encrypt(nonce, content, label)


def prefix(kid: bytes) -> bytes:
    """Give the first bytes of every envelope that is sealed to this key: what a query looks for."""
    return _MAGIC + kid


def sealed_to(envelope: bytes) -> bytes:
    """Read which key an envelope is sealed to. Raises: KeyRefused when it is no envelope."""
    if len(envelope) < _HEAD + _WRAP + _NONCE + 16 or not envelope.startswith(_MAGIC):
        raise KeyRefused("Not a sealed envelope.")
    return envelope[len(_MAGIC) : _HEAD]


def unseal(private: X25519PrivateKey, envelope: bytes, bound_to: str) -> bytes:
    """Open an envelope. Raises: KeyRefused when the key, the binding or the bytes are not those it was closed with."""
    data_key, rest = _unwrap(private, envelope, bound_to)
    try:
        return AESGCM(data_key).decrypt(rest[:_NONCE], rest[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise KeyRefused("This key does not open this envelope.") from error


def rewrap(private: X25519PrivateKey, new_public: X25519PublicKey, envelope: bytes, bound_to: str) -> bytes:
    """Seal an envelope to another key: its data key is wrapped anew, its content is neither opened nor touched.

    Raises: KeyRefused when `private` does not open it, or it is not bound to `bound_to`.
    """
    data_key, rest = _unwrap(private, envelope, bound_to)
    return _MAGIC + key_id(new_public) + _SUITE.encrypt(data_key, new_public, info=_info(bound_to)) + rest


def _unwrap(private: X25519PrivateKey, envelope: bytes, bound_to: str) -> tuple[bytes, bytes]:
    """Open the wrap alone: the data key, and the rest that it opens."""
    sealed_to(envelope)
    try:
        data_key = _SUITE.decrypt(envelope[_HEAD : _HEAD + _WRAP], private, info=_info(bound_to))
    except (InvalidTag, ValueError) as error:
        raise KeyRefused("This key does not open this envelope.") from error
    return data_key, envelope[_HEAD + _WRAP :]


def _info(bound_to: str) -> bytes:
    return b"tipline/1 " + bound_to.encode()
