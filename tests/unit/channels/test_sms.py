"""The SMS webhooks: what is let in, what is kept of it, and what Twilio is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator

from channels.sms import SmsIntake, WebhookSecrets, routes, sign
from gateway.core.errors import Unavailable
from gateway.core.messages import Inbound
from gateway.core.problems import HANDLERS
from tests.support.world import START

PUBLIC = "https://tips.example.org"
TOKEN, SHARED = "auth-token", "shared-secret"
INBOUND = f"{PUBLIC}/sms/inbound"
FORM = {
    "ToCountry": "US", "ToState": "CO", "SmsMessageSid": "SM1", "NumMedia": "0", "ToCity": "DENVER", "FromZip": "80202",
    "SmsSid": "SM1", "FromState": "CO", "SmsStatus": "received", "FromCity": "LEADVILLE", "Body": "he has a gun",
    "FromCountry": "US", "To": "+13035550100", "ToZip": "80202", "NumSegments": "1", "MessageSid": "SM1",
    "AccountSid": "AC1", "From": "+15558675310", "ApiVersion": "2010-04-01",
}  # fmt: skip


@dataclass
class House:
    """What stands behind the webhooks in these tests."""

    received: list[Inbound] = field(default_factory=list)
    reported: list[tuple[str, str, str, str, str | None]] = field(default_factory=list)
    woken: int = 0
    broken: bool = False

    async def receive(self, inbound: Inbound) -> None:
        if self.broken:
            raise Unavailable
        self.received.append(inbound)

    async def report(self, account: str, reference: str, sid: str, status: str, code: str | None) -> None:
        self.reported.append((account, reference, sid, status, code))

    def stored(self) -> None:
        self.woken += 1


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    secrets = {
        "AC1": WebhookSecrets("reporters", SecretStr(TOKEN), SecretStr(SHARED)),
        "AC2": WebhookSecrets("paging", SecretStr("of-paging"), None),
        "AC3": WebhookSecrets("third", None, SecretStr(SHARED)),
    }
    intake = SmsIntake(secrets, PUBLIC, lambda: START, house.receive, house.report, house.stored)
    with TestClient(Starlette(routes=routes(intake), exception_handlers=HANDLERS), base_url="http://10.0.0.7") as made:
        yield made


def post(
    client: TestClient, form: dict[str, str], *, path: str = "/sms/inbound", headers: dict[str, str] | None = None
) -> Response:
    signed = sign(f"{PUBLIC}{path}", form, TOKEN) if headers is None else headers
    body = urlencode(form, errors="surrogatepass")
    return client.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded", **signed})


def test_inbound_takes_a_signed_text_in_behind_a_proxy(client: TestClient, house: House) -> None:
    answer = post(client, FORM)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<Response" in answer.text
    (inbound,) = house.received
    assert (inbound.channel, inbound.provider_sid, inbound.sender) == ("sms", "SM1", "+15558675310")
    assert (inbound.recipient, inbound.text, inbound.keyword) == ("+13035550100", "he has a gun", None)
    assert house.woken == 1


def test_inbound_keeps_nothing_of_where_someone_is(client: TestClient, house: House) -> None:
    post(client, FORM)
    kept = repr(vars(house.received[0]))
    assert not [word for word in ("LEADVILLE", "DENVER", "80202") if word in kept]


def test_inbound_keeps_words_and_sender_out_of_its_repr(client: TestClient, house: House) -> None:
    post(client, FORM)
    shown = repr(house.received[0])
    assert "gun" not in shown
    assert "5558675310" not in shown


def test_inbound_accepts_sha256_with_its_own_secret(client: TestClient, house: House) -> None:
    signature = RequestValidator(SHARED).compute_signature(f"{PUBLIC}/sms/inbound", FORM, HMAC_SHA256)
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    headers = {"X-Twilio-Signature": signature, "X-Twilio-Webhooks-Signature-Settings": settings}
    assert post(client, FORM, headers=headers).status_code == 200
    assert len(house.received) == 1


def test_sign_makes_either_kind(client: TestClient, house: House) -> None:
    for secret, algorithm in ((TOKEN, HMAC_SHA1), (SHARED, HMAC_SHA256)):
        assert post(client, FORM, headers=sign(INBOUND, FORM, secret, algorithm)).status_code == 200
    assert post(client, FORM, headers=sign(INBOUND, FORM, TOKEN, HMAC_SHA256)).status_code == 403
    assert len(house.received) == 2


SETTINGS = "X-Twilio-Webhooks-Signature-Settings"


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        pytest.param(FORM, {}, id="unsigned"),
        pytest.param(FORM, {"X-Twilio-Signature": "AAAA"}, id="nonsense"),
        pytest.param(FORM, {"X-Twilio-Signature": "ñ".encode("latin-1").decode("latin-1")}, id="not ASCII"),
        pytest.param(FORM, sign(INBOUND, FORM, "another token"), id="another token"),
        pytest.param(FORM, sign(f"{PUBLIC}/sms/status", FORM, TOKEN), id="another URL"),
        pytest.param(FORM, sign("http://10.0.0.7/sms/inbound", FORM, TOKEN), id="the address behind the proxy"),
        pytest.param({**FORM, "Body": "all fine"}, sign(INBOUND, FORM, TOKEN), id="changed words"),
        pytest.param({**FORM, "New": "1"}, sign(INBOUND, FORM, TOKEN), id="added parameter"),
        pytest.param({**FORM, "AccountSid": "AC9"}, None, id="unknown account"),
        pytest.param({**FORM, "AccountSid": "AC2"}, None, id="another account's token"),
        pytest.param({**FORM, "AccountSid": "AC3"}, None, id="account without a token"),
        pytest.param({**FORM, "AccountSid": ""}, None, id="no account"),
        pytest.param(FORM, {**sign(INBOUND, FORM, TOKEN), SETTINGS: "algorithm=HMAC_SHA256"}, id="wrong kind"),
        pytest.param(FORM, {**sign(INBOUND, FORM, TOKEN), SETTINGS: "algorithm=NONE"}, id="unknown kind"),
    ],
)  # fmt: skip
def test_inbound_refuses_what_twilio_did_not_sign(
    client: TestClient, house: House, form: dict[str, str], headers: dict[str, str] | None
) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()} if headers is not None else None
    answer = post(client, form, headers=encoded)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "forged"
    assert (house.received, house.woken) == ([], 0)


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        ("STOP", "stop"), (" stop ", "stop"), ("Unsubscribe", "stop"), ("END", "stop"), ("quit", "stop"),
        ("CANCEL", "stop"), ("STOPALL", "stop"), ("REVOKE", "stop"), ("OPTOUT", "stop"),
        ("START", "start"), ("unstop", "start"), ("yes", "yes"), ("HELP", "help"), ("Info", "help"),
        ("help me", None), ("please stop him", None), ("the end", None), ("", None),
    ],
)  # fmt: skip
def test_inbound_knows_carrier_keywords_only_alone(
    client: TestClient, house: House, body: str, keyword: str | None
) -> None:
    post(client, {**FORM, "Body": body})
    assert (house.received[0].keyword, house.received[0].text) == (keyword, body)


def test_inbound_takes_the_carriers_word_for_opt_outs(client: TestClient, house: House) -> None:
    post(client, {**FORM, "Body": "ALTO", "OptOutType": "STOP"})
    assert house.received[0].keyword == "stop"


def test_inbound_keeps_where_pictures_are(client: TestClient, house: House) -> None:
    picture = {"NumMedia": "1", "MediaContentType0": "image/jpeg", "MediaUrl0": "https://api.twilio.com/x/ME1"}
    post(client, {**FORM, **picture})
    assert house.received[0].media == (("image/jpeg", "https://api.twilio.com/x/ME1"),)


@pytest.mark.parametrize("count", ["many", "-1", "", "²", "99999999"])
def test_inbound_survives_a_nonsense_picture_count(client: TestClient, house: House, count: str) -> None:
    assert post(client, {**FORM, "NumMedia": count}).status_code == 200
    assert len(house.received) == 1


@pytest.mark.parametrize(
    "body",
    ["", "x" * 1600, "🔫💊 ñandú", "nul \x00 inside", "a+b & c=d %20", "\u202e\u200b", "<script>alert(1)</script>"],
)
def test_inbound_takes_any_words(client: TestClient, house: House, body: str) -> None:
    assert post(client, {**FORM, "Body": body}).status_code == 200
    assert house.received[0].text == body


def test_inbound_survives_bytes_that_are_no_utf8(client: TestClient, house: House) -> None:
    """A lone surrogate on the wire reads as replacement characters; Twilio signs what it sends, so must we."""
    form = {**FORM, "Body": "\ufffd\ufffd\ufffd"}
    body = urlencode(form).replace(urlencode({"Body": form["Body"]}), "Body=%ED%A0%BD")
    headers = {"Content-Type": "application/x-www-form-urlencoded", **sign(INBOUND, form, TOKEN)}
    assert client.post("/sms/inbound", content=body, headers=headers).status_code == 200
    assert house.received[0].text == "\ufffd\ufffd\ufffd"


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_inbound_refuses_a_signed_form_that_is_no_message(client: TestClient, house: House, missing: str) -> None:
    answer = post(client, {name: value for name, value in FORM.items() if name != missing})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert house.received == []


def test_inbound_does_not_say_yes_when_it_could_not_store(client: TestClient, house: House) -> None:
    house.broken = True
    answer = post(client, FORM)
    assert (answer.status_code, answer.json()["code"], house.woken) == (503, "unavailable", 0)
    assert "Retry-After" in answer.headers


def test_inbound_refuses_uploads(client: TestClient, house: House) -> None:
    assert client.post("/sms/inbound", data=FORM, files={"Body": b"x"}).status_code == 403
    assert house.received == []


STATUS = {"MessageSid": "SM7", "MessageStatus": "delivered", "AccountSid": "AC1", "To": "+15558675310"}


@pytest.mark.parametrize(
    ("reported", "status"),
    [
        ("sent", "sent"), ("delivered", "delivered"), ("read", "delivered"), ("failed", "failed"),
        ("undelivered", "undelivered"), ("canceled", "failed"), ("queued", None), ("sending", None), ("new", None),
    ],
)  # fmt: skip
def test_status_passes_on_what_moves_a_text_forward(
    client: TestClient, house: House, reported: str, status: str | None
) -> None:
    form = {**STATUS, "MessageStatus": reported, "ErrorCode": "30003"}
    assert post(client, form, path="/sms/status?send=abc").status_code == 204
    assert house.reported == ([("reporters", "abc", "SM7", status, "30003")] if status else [])


def test_status_is_signed_over_its_query_too(client: TestClient, house: House) -> None:
    headers = sign(f"{PUBLIC}/sms/status?send=abc", STATUS, TOKEN)
    assert post(client, STATUS, path="/sms/status?send=xyz", headers=headers).status_code == 403
    assert house.reported == []
