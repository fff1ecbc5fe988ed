"""What the carrier posts to the product: signed webhooks, status callbacks, and what it makes of the answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.responses import Response
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator, get_signature_algorithm

from tests.contract.phone.rig import (
    OTHER_LINE,
    PAGING,
    PAGING_LINE,
    REPORTERS,
    RESPONDER,
    STUDENT,
    TIP_LINE,
    Call,
    Carrier,
    Product,
    make_config,
    run_carrier,
    status_of,
    wait_for,
)

INBOUND_FIELDS = {
    "ToCountry", "ToState", "SmsMessageSid", "NumMedia", "ToCity", "FromZip", "SmsSid", "FromState", "SmsStatus",
    "FromCity", "Body", "FromCountry", "To", "ToZip", "NumSegments", "MessageSid", "AccountSid", "From", "ApiVersion",
}  # fmt: skip
STATUS_FIELDS = {
    "SmsSid", "SmsStatus", "MessageStatus", "To", "MessageSid", "AccountSid", "From", "ApiVersion",
}  # fmt: skip


def _verify(call: Call, secret: str) -> bool:
    algorithm = get_signature_algorithm(call.headers.get("x-twilio-webhooks-signature-settings"))
    validator = RequestValidator(secret)
    signature = call.headers["x-twilio-signature"]
    return bool(validator.validate(call.url, call.params, signature, algorithm))


def test_inbound_webhook_has_all_fields_and_verifies(carrier: Carrier, product: Product) -> None:
    receipt = carrier.text("¿hola? 👋 & more\nlines")
    (call,) = product.calls
    assert receipt["webhook_status"] == 200
    assert re.fullmatch(r"SM[0-9a-f]{32}", receipt["sid"])
    assert set(call.params) == INBOUND_FIELDS
    assert call.params["MessageSid"] == call.params["SmsSid"] == receipt["sid"]
    assert (call.params["From"], call.params["To"], call.params["Body"]) == (
        STUDENT,
        TIP_LINE,
        "¿hola? 👋 & more\nlines",
    )
    assert (call.params["FromCity"], call.params["FromState"], call.params["FromZip"]) == ("DENVER", "CO", "80202")
    assert call.url.endswith("/sms/inbound?line=1")
    assert _verify(call, REPORTERS.auth_token)
    assert not _verify(call, "another token")


def test_inbound_webhook_verifies_in_its_sha256_form(carrier: Carrier, product: Product) -> None:
    carrier.text("7K3", to=PAGING_LINE, phone=RESPONDER)
    (call,) = product.calls
    assert call.headers["x-twilio-webhooks-signature-settings"] == "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert PAGING.shared_key is not None
    assert _verify(call, PAGING.shared_key.secret)
    assert not _verify(call, PAGING.auth_token)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * 1600, id="longest"),
        pytest.param("nul \x00 inside", id="nul"),
        pytest.param("e\u0301 \u202eright-to-left \U0001f468\u200d\U0001f469", id="combining"),
    ],
)
def test_inbound_webhook_carries_any_text(carrier: Carrier, product: Product, body: str) -> None:
    assert carrier.text(body)["webhook_status"] == 200
    assert product.calls[0].params["Body"] == body
    assert _verify(product.calls[0], REPORTERS.auth_token)
    assert carrier.screen()[0]["body"] == body


def test_inbound_webhook_replaces_a_lone_surrogate(carrier: Carrier, product: Product) -> None:
    raw = '{"to": "%s", "body": "half \\ud83d"}' % TIP_LINE  # noqa: UP031 - braces
    answer = carrier.http.post(f"/phones/{STUDENT}/messages", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert product.calls[0].params["Body"] == "half \ufffd"


def test_status_callbacks_come_in_order_and_verify(carrier: Carrier, product: Product) -> None:
    with carrier.client() as client:
        sent = client.messages.create(
            to=STUDENT, from_=TIP_LINE, body="x", status_callback=f"{product.url}/sms/status?a=1"
        )
    sid = str(sent.sid)
    wait_for(lambda: len(product.calls) == 3)
    assert product.statuses(sid) == ["queued", "sent", "delivered"]
    assert {frozenset(call.params) for call in product.calls} == {frozenset(STATUS_FIELDS)}
    assert all(call.url.endswith("/sms/status?a=1") and _verify(call, REPORTERS.auth_token) for call in product.calls)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        pytest.param("unreachable", 30003, id="unreachable"),
        pytest.param("landline", 30006, id="landline"),
        pytest.param("filtered", 30007, id="filtered"),
    ],
)
def test_message_that_does_not_arrive_is_undelivered(carrier: Carrier, product: Product, kind: str, code: int) -> None:
    carrier.control(numbers={STUDENT: kind})
    with carrier.client() as client:
        sent = client.messages.create(to=STUDENT, from_=TIP_LINE, body="x", status_callback=f"{product.url}/status")
        wait_for(lambda: len(product.calls) == 3)
        fetched = client.messages(str(sent.sid)).fetch()
    assert product.calls[-1].params["MessageStatus"] == "undelivered"
    assert product.calls[-1].params["ErrorCode"] == str(code)
    assert (status_of(fetched), fetched.error_code) == ("undelivered", code)
    assert fetched.error_message
    assert carrier.screen() == []


@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Unsubscribe\n", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
)
def test_stop_words_bar_the_line_and_still_reach_the_product(carrier: Carrier, product: Product, word: str) -> None:
    carrier.text(word)
    assert product.calls[0].params["Body"] == word
    assert "successfully been unsubscribed" in carrier.screen()[1]["body"]
    with carrier.client() as client:
        with pytest.raises(TwilioRestException) as refused:
            client.messages.create(to=STUDENT, from_=TIP_LINE, body="x")
        assert (refused.value.code, refused.value.status) == (21610, 400)
        assert client.messages.create(to=STUDENT, from_=OTHER_LINE, body="x").error_code is None
        assert client.messages.create(to="+13035550124", from_=TIP_LINE, body="x").error_code is None


@pytest.mark.parametrize("word", ["START", "unstop", "Yes"])
def test_start_words_let_the_line_text_again(carrier: Carrier, word: str) -> None:
    carrier.text("STOP")
    carrier.text(word)
    assert "re-subscribed" in carrier.screen()[-1]["body"]
    with carrier.client() as client:
        assert status_of(client.messages.create(to=STUDENT, from_=TIP_LINE, body="x")) == "queued"


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        pytest.param("HELP", 1, id="help"),
        pytest.param("info", 1, id="info"),
        pytest.param("yes", 0, id="yes-without-stop"),
        pytest.param("please stop it", 0, id="word-in-a-sentence"),
    ],
)
def test_other_words_bar_nothing(carrier: Carrier, product: Product, body: str, answers: int) -> None:
    carrier.text(body)
    assert len(product.calls) == 1
    assert [bubble["direction"] for bubble in carrier.screen()] == ["sent", *["received"] * answers]
    with carrier.client() as client:
        assert status_of(client.messages.create(to=STUDENT, from_=TIP_LINE, body="x")) == "queued"


@pytest.mark.parametrize(
    ("kind", "answer", "shown"),
    [
        pytest.param("text/xml", "<Response><Message>Thank you</Message></Response>", ["Thank you"], id="message"),
        pytest.param(
            "application/xml",
            "<Response><Message><Body>One</Body></Message><Message>Two</Message></Response>",
            ["One", "Two"],
            id="two-messages",
        ),
        pytest.param("text/plain", "ok", ["ok"], id="plain-text-is-sent"),
        pytest.param("text/xml", "<Response/>", [], id="empty-response"),
        pytest.param("text/xml", "", [], id="no-body"),
    ],
)
def test_answer_becomes_messages(carrier: Carrier, product: Product, kind: str, answer: str, shown: list[str]) -> None:
    product.answers = [Response(answer, media_type=kind)]
    carrier.text("hello")
    wait_for(lambda: len(carrier.screen()) == 1 + len(shown))
    assert sorted(bubble["body"] for bubble in carrier.screen()[1:]) == shown
    with carrier.client() as client:
        assert {message.direction for message in client.messages.list(to=STUDENT)} <= {"outbound-reply"}
    assert carrier.alerts() == []


@pytest.mark.parametrize(
    ("kind", "answer", "code"),
    [
        pytest.param("text/xml", "<Response><Message>", 12100, id="malformed"),
        pytest.param("text/xml", "<Reply/>", 12102, id="wrong-root"),
        pytest.param("application/json", "{}", 12300, id="json"),
        pytest.param("text/xml", "x" * 70_000, 11750, id="too-large"),
        pytest.param("text/xml", "<Response><Message/></Response>", 21602, id="empty-message"),
    ],
)
def test_unusable_answer_is_logged_by_the_carrier(
    carrier: Carrier, product: Product, kind: str, answer: str, code: int
) -> None:
    product.answers = [Response(answer, media_type=kind)]
    assert carrier.text("hello")["webhook_status"] == 200
    assert carrier.alerts() == [code]
    assert len(carrier.screen()) == 1


def test_failed_webhook_is_retried_as_its_url_asks(carrier: Carrier, product: Product) -> None:
    product.answers = [Response(status_code=503), Response(status_code=500)]
    assert carrier.text("hello")["webhook_status"] == 200
    assert len(product.calls) == 3
    assert len({call.headers["i-twilio-idempotency-token"] for call in product.calls}) == 1
    assert carrier.screen()[0]["status"] == "delivered"


def test_refused_webhook_is_not_retried_and_marks_the_text_failed(carrier: Carrier, product: Product) -> None:
    product.answers = [Response(status_code=403)]
    assert carrier.text("hello")["webhook_status"] == 403
    assert len(product.calls) == 1
    assert carrier.screen()[0]["status"] == "failed"
    assert carrier.alerts() == [11200]


def test_failed_webhook_falls_back(carrier: Carrier, product: Product) -> None:
    product.answers = [Response(status_code=500)]
    assert carrier.text("hello", to=OTHER_LINE)["webhook_status"] == 200
    assert [call.path for call in product.calls] == ["/sms/inbound", "/fallback"]
    assert product.calls[1].params["ErrorCode"] == "11200"
    assert _verify(product.calls[1], REPORTERS.auth_token)


def test_product_that_is_down_gets_nothing_but_the_carrier_keeps_the_text(tmp_path: Path) -> None:
    with run_carrier(make_config(tmp_path / "p.sqlite3", "http://127.0.0.1:9")) as carrier:
        sid = carrier.text("hello")["sid"]
        assert carrier.screen()[0]["status"] == "failed"
        with carrier.client() as client:
            assert [message.sid for message in client.messages.list(to=TIP_LINE)] == [sid]


def test_text_from_one_line_to_another_comes_in_at_its_webhook(carrier: Carrier, product: Product) -> None:
    with carrier.client(PAGING) as client:
        sent = str(client.messages.create(to=TIP_LINE, from_=PAGING_LINE, body="a line check").sid)
        (call,) = wait_for(lambda: [call for call in product.calls if call.params.get("Body") == "a line check"])
        wait_for(lambda: status_of(client.messages(sent).fetch()) == "delivered")
    assert (call.params["From"], call.params["To"], call.params["AccountSid"]) == (
        PAGING_LINE, TIP_LINE, REPORTERS.sid,
    )  # fmt: skip
    assert call.params["MessageSid"] != sent
    with carrier.client() as client:
        assert str(client.messages(call.params["MessageSid"]).fetch().direction) == "inbound"
