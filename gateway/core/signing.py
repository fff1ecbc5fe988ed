"""Signatures in the form of Standard Webhooks, over id, time and body: of what we send, and of what is sent to us.

We sign by HMAC-SHA256 (`v1`), with a secret that a receiver shares. While a new secret takes an old one's place, both
sign. Others sign with a key pair of their own (`v1a`, Ed25519), since what checks a `v1` signature could also make one.
What is older than five minutes is refused, so nobody can send it again. In binary mode the body is an event's data
alone: its id is signed, its other attributes are not.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.core.errors import BadInput, Forged

_SECRET, _PUBLIC = "whsec_", "whpk_"
_SHARED, _OWN = "v1,", "v1a,"
_BYTES = 32
"""Of a secret, and of an Ed25519 key."""
_TOLERANCE_SECONDS = 300


def new_secret() -> str:
    """Draw a secret as receivers are given it: `whsec_` and 32 bytes in base64."""
    return _SECRET + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(keys: Sequence[str], message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Sign a message with every secret that is in use, the newest first."""
    seconds = str(int(at.timestamp()))
    content = _content(message_id, seconds, body)
    signatures = (hmac.digest(base64.b64decode(key.removeprefix(_SECRET)), content, hashlib.sha256) for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_SHARED + base64.b64encode(one).decode() for one in signatures),
    }


def public_key(written: str) -> bytes:
    """Read a public key: `whpk_` and 32 bytes in base64. Raises: BadInput."""
    try:
        key = base64.b64decode(written.removeprefix(_PUBLIC), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise BadInput("The public key must be whpk_ and an Ed25519 key of 32 bytes in base64.")
    return key


def verify(key: bytes, given: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Verify what came with some headers (lower case) by a public key of 32 bytes. Raises: Forged."""
    message_id, seconds = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        raise Forged("It is not signed: webhook-id, webhook-timestamp (seconds) and webhook-signature must come along.")
    if abs(now.timestamp() - int(seconds)) > _TOLERANCE_SECONDS:
        raise Forged("The signature is too old, or from the future: look at your clock.")
    content = _content(message_id, seconds, body)
    written = given.get("webhook-signature", "").split(" ")
    if not any(_fits(key, one.removeprefix(_OWN), content) for one in written if one.startswith(_OWN)):
        raise Forged


def _content(message_id: str, seconds: str, body: bytes) -> bytes:
    return b".".join((message_id.encode(), seconds.encode(), body))


def _fits(key: bytes, signature: str, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature, validate=True), content)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
