"""Twilio's own OpenAPI judges what our client asks and what the stand-in answers (Prism, a validating proxy)."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from channels.sms import TwilioSender
from channels.twilio_client import TwilioAccount, inspect
from gateway.core.messages import Outbound, SendError
from tests.conformance.conftest import Phones

pytestmark = pytest.mark.conformance


@pytest.fixture
def account(phones: Phones, prism: str) -> TwilioAccount:
    """The product's account, its base URL the judge's."""
    return TwilioAccount(phones.account_sid, phones.api_key, phones.api_secret, prism)


@pytest.fixture
def client(account: TwilioAccount) -> Client:
    """The client that the product makes."""
    return account.client()


@pytest.fixture
def sender(account: TwilioAccount, phones: Phones) -> TwilioSender:
    """The product's sender."""
    return TwilioSender(account, phones.url)


def test_send_is_accepted_by_both_sides(sender: TwilioSender, client: Client, phones: Phones) -> None:
    words = "Thank you. ¿Estás bien? 🙂"
    sid = sender.send(Outbound(to=phones.phone, sender=phones.line, text=words, reference="a" * 32))
    found = client.messages(sid).fetch()
    assert (found.sid, found.body, found.to, str(found.direction)) == (sid, words, phones.phone, "outbound-api")


@pytest.mark.parametrize(
    ("to", "text", "code"),
    [
        pytest.param("+1", "x", "21211", id="no such recipient"),
        pytest.param("+13035550123", "x" * 1601, "21617", id="too long"),
    ],
)
def test_send_refused_has_twilios_code(sender: TwilioSender, phones: Phones, to: str, text: str, code: str) -> None:
    with pytest.raises(SendError) as refused:
        sender.send(Outbound(to=to, sender=phones.line, text=text, reference="b" * 32))
    assert (refused.value.code, refused.value.retryable) == (code, False)


def test_inspect_reads_the_account_and_its_numbers(account: TwilioAccount, phones: Phones) -> None:
    state = inspect(account)
    assert (state.status, list(state.webhooks)) == ("active", [phones.line])


def test_list_pages_through_all(client: Client, phones: Phones) -> None:
    sent = {arrived(client, phones, f"page {n}") for n in range(3)}
    since = datetime.now(UTC) - timedelta(days=1)
    found = {message.sid for message in client.messages.list(to=phones.phone, date_sent_after=since, page_size=2)}
    assert sent <= found


def test_redact_blanks_the_body(client: Client, phones: Phones) -> None:
    sid = arrived(client, phones, "to be blanked")
    assert client.messages(sid).update(body="").body == ""


def test_delete_removes_the_record(client: Client, phones: Phones) -> None:
    sid = arrived(client, phones, "to be deleted")
    assert client.messages(sid).delete()
    with pytest.raises(TwilioRestException) as refused:
        client.messages(sid).fetch()
    assert refused.value.status == 404


def test_the_judge_is_awake(phones: Phones, prism: str) -> None:
    # Were the proxy to let everything through, all the tests above would pass as well.
    answer = httpx.post(
        f"{prism}/2010-04-01/Accounts/{phones.account_sid}/Messages.json",
        auth=(phones.api_key, phones.api_secret),
        data={"From": phones.line, "Body": "x", "StatusCallback": "x", "Attempt": "not a number"},
    )
    assert answer.status_code == 422
    assert "stoplight.io/prism/errors" in answer.json()["type"]


def arrived(client: Client, phones: Phones, words: str) -> str:
    """Send a message and ask until it has arrived, since only then may it be changed; the answer is its SID."""
    sid = str(client.messages.create(to=phones.phone, from_=phones.line, body=words).sid)
    for _ in range(200):
        if str(client.messages(sid).fetch().status) in {"delivered", "undelivered", "failed"}:
            return sid
    pytest.fail("the message did not arrive")
