"""Our sender against a carrier that behaves, and one that does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from channels import twilio_client
from channels.sms import TwilioSender
from channels.twilio_client import TwilioAccount, inspect
from gateway.core.messages import OPTED_OUT, Outbound, SendError
from tests.contract.phone.rig import (
    PAGING,
    REPORTERS,
    STUDENT,
    TIP_LINE,
    Carrier,
    Product,
    wait_for,
)


def account(carrier: Carrier, secret: str = REPORTERS.api_key_secret) -> TwilioAccount:
    return TwilioAccount(REPORTERS.sid, REPORTERS.api_key_sid, secret, carrier.url)


@pytest.fixture
def sender(carrier: Carrier, product: Product) -> Iterator[TwilioSender]:
    made = TwilioSender(account(carrier), product.url)
    yield made
    made.close()


TEXT = Outbound(to=STUDENT, sender=TIP_LINE, text="Are you safe?", reference="abc123")


def test_send_reaches_the_phone_and_its_callbacks_name_our_row(
    carrier: Carrier, product: Product, sender: TwilioSender
) -> None:
    sid = sender.send(TEXT)
    wait_for(lambda: "delivered" in product.statuses(sid))
    (call,) = [c for c in product.calls if c.params["MessageStatus"] == "delivered"]
    assert call.url.endswith("/sms/status?send=abc123")
    with carrier.client() as client:
        assert client.messages(sid).fetch().body == "Are you safe?"


def test_send_tells_that_someone_opted_out(carrier: Carrier, sender: TwilioSender) -> None:
    carrier.text("STOP")
    with pytest.raises(SendError) as refused:
        sender.send(TEXT)
    assert (refused.value.code, refused.value.retryable) == (OPTED_OUT, False)


@pytest.mark.parametrize(
    ("fault", "code"), [({"api_fault": "429"}, "20429"), ({"api_fault": "500"}, "20500")], ids=["429", "500"]
)
def test_send_may_be_tried_again_after_a_passing_fault(
    carrier: Carrier, sender: TwilioSender, fault: dict[str, str], code: str
) -> None:
    carrier.http.post("/control", json={**fault, "api_fault_count": 1}).raise_for_status()
    with pytest.raises(SendError) as refused:
        sender.send(TEXT)
    assert (refused.value.code, refused.value.retryable) == (code, True)
    assert sender.send(TEXT).startswith("SM")


def test_send_waits_as_long_as_it_is_told(carrier: Carrier, sender: TwilioSender) -> None:
    carrier.http.post("/control", json={"api_fault": "429", "retry_after_seconds": 7}).raise_for_status()
    with pytest.raises(SendError) as refused:
        sender.send(TEXT)
    assert (refused.value.code, refused.value.retry_after_seconds) == ("20429", 7)


def test_send_names_no_number_when_refused(carrier: Carrier, sender: TwilioSender) -> None:
    with pytest.raises(SendError) as refused:
        sender.send(Outbound(to="+1555", sender=TIP_LINE, text="x", reference="r"))
    assert refused.value.code == "21211"
    assert "1555" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_send_to_nobody_there_may_be_tried_again() -> None:
    gone = TwilioSender(TwilioAccount("AC1", "SK1", "x", "http://127.0.0.1:9"), "http://127.0.0.1:9")
    with pytest.raises(SendError) as refused:
        gone.send(TEXT)
    gone.close()
    assert (refused.value.code, refused.value.retryable) == ("unreachable", True)


def test_send_does_not_wait_for_an_answer_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio_client, "WHOLE_SECONDS", 0.5)
    enough = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            for _ in range(50):
                connection.sendall(b"H")
                if enough.wait(0.1):
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        slow = TwilioSender(TwilioAccount("AC1", "SK1", "x", url), url)
        with pytest.raises(SendError) as refused:
            slow.send(TEXT)
        enough.set()
        dripping.join()
        slow.close()
    assert (refused.value.code, refused.value.retryable) == ("timeout", True)


def test_inspect_tells_an_accounts_state(carrier: Carrier, product: Product) -> None:
    state = inspect(account(carrier))
    assert state.status == "active"
    assert state.webhooks[TIP_LINE].startswith(product.url)
    assert state.provider_time is not None


def test_inspect_refuses_a_wrong_secret(carrier: Carrier) -> None:
    with pytest.raises(SendError) as refused:
        inspect(account(carrier, "wrong"))
    assert (refused.value.code, refused.value.retryable) == ("20003", False)


def test_paging_has_an_account_of_its_own() -> None:
    assert PAGING.sid != REPORTERS.sid
