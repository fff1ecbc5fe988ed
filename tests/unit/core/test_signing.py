"""Signatures over id, time and body: ours as the official package reads them, others' by their public key alone."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from gateway.core import signing
from gateway.core.errors import BadInput, Forged

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
BODY = b'{"id": "1"}'
OWN = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = OWN.public_key().public_bytes_raw()


def signed(**changes: str) -> dict[str, str]:
    """Sign the body as another system does, then change some headers."""
    seconds = str(int(NOW.timestamp()))
    signature = base64.b64encode(OWN.sign(f"msg_1.{seconds}.".encode() + BODY)).decode()
    made = {"webhook-id": "msg_1", "webhook-timestamp": seconds, "webhook-signature": f"v1,AAAA v1a,{signature}"}
    return made | {f"webhook-{name}": value for name, value in changes.items()}


def believed(headers: dict[str, str], body: bytes = BODY, late: int = 0, key: bytes = PUBLIC) -> bool:
    try:
        signing.verify(key, headers, body, NOW + timedelta(seconds=late))
    except Forged:
        return False
    return True


def test_every_secret_in_use_signs_as_standard_webhooks_have_it() -> None:
    secrets = [signing.new_secret(), signing.new_secret()]
    assert secrets[0] != secrets[1]
    made = signing.headers(secrets, "msg_1", NOW, BODY)
    assert made["webhook-signature"] == " ".join(Webhook(one).sign("msg_1", NOW, BODY.decode()) for one in secrets)
    assert (made["webhook-id"], made["webhook-timestamp"]) == ("msg_1", "1795276800")


@pytest.mark.parametrize("late", [0, 300, -300])
def test_who_signs_with_the_key_is_believed_for_five_minutes(late: int) -> None:
    assert believed(signed(), late=late)


@pytest.mark.parametrize(
    ("headers", "body", "late"),
    [
        pytest.param({}, BODY, 301, id="old"),
        pytest.param({}, BODY, -301, id="from the future"),
        pytest.param({}, BODY + b" ", 0, id="another body"),
        pytest.param({"id": "msg_2"}, BODY, 0, id="another id"),
        pytest.param({"timestamp": "1795276801"}, BODY, 0, id="another time"),
        pytest.param({"id": ""}, BODY, 0, id="no id"),
        pytest.param({"timestamp": ""}, BODY, 0, id="no time"),
        pytest.param({"timestamp": "٤"}, BODY, 0, id="digits of another script"),
        pytest.param({"timestamp": "9" * 400}, BODY, 0, id="endless time"),
        pytest.param({"signature": ""}, BODY, 0, id="no signature"),
        pytest.param({"signature": "v1a,!!"}, BODY, 0, id="no base64"),
        pytest.param({"signature": signed()["webhook-signature"].replace("v1a,", "v1,")}, BODY, 0, id="as if shared"),
    ],
)
def test_all_else_is_forged(headers: dict[str, str], body: bytes, late: int) -> None:
    assert not believed(signed(**headers), body, late)


def test_another_key_verifies_nothing() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32).public_key().public_bytes_raw()
    assert not believed(signed(), key=other)


def test_a_public_key_is_read_as_it_is_written() -> None:
    assert signing.public_key("whpk_" + base64.b64encode(PUBLIC).decode()) == PUBLIC


@pytest.mark.parametrize("written", ["", "whpk_", "whpk_!", "whpk_" + base64.b64encode(b"k" * 31).decode(), "whsec_!"])
def test_what_is_no_public_key_is_refused(written: str) -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        signing.public_key(written)
