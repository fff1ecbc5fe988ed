"""Twilio's own OpenAPI judges what the real client asks and what the stand-in answers (Prism, a validating proxy)."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.conformance.conftest import Phones

pytestmark = pytest.mark.conformance


@pytest.fixture
def client(phones: Phones, prism: str) -> Client:
    """The real client, its base URL changed to the judge's."""
    made = Client(phones.account_sid, phones.auth_token)  # type: ignore[no-untyped-call]
    made.api.base_url = prism
    return made


def test_create_is_accepted_by_both_sides(client: Client, phones: Phones) -> None:
    sent = client.messages.create(
        to=phones.phone, from_=phones.line, body="Thank you. ¿Estás bien? 🙂", status_callback=f"{phones.url}/nowhere"
    )
    assert str(sent.status) in {"accepted", "queued", "sending", "sent", "delivered"}
    assert sent.body == "Thank you. ¿Estás bien? 🙂"
    assert str(sent.direction) == "outbound-api"


def test_fetch_shows_what_was_created(client: Client, phones: Phones) -> None:
    sent = client.messages.create(to=phones.phone, from_=phones.line, body="first")
    found = client.messages(str(sent.sid)).fetch()
    assert (found.sid, found.body, found.to) == (sent.sid, "first", phones.phone)


def test_list_pages_through_all(client: Client, phones: Phones) -> None:
    sent = {str(client.messages.create(to=phones.phone, from_=phones.line, body=f"page {n}").sid) for n in range(3)}
    for sid in sent:
        wait_until_final(client, sid)
    since = datetime.now(UTC) - timedelta(days=1)
    found = {message.sid for message in client.messages.list(to=phones.phone, date_sent_after=since, page_size=2)}
    assert sent <= found


def test_redact_blanks_the_body(client: Client, phones: Phones) -> None:
    sent = client.messages.create(to=phones.phone, from_=phones.line, body="to be blanked")
    wait_until_final(client, str(sent.sid))
    assert client.messages(str(sent.sid)).update(body="").body == ""


def test_delete_removes_the_record(client: Client, phones: Phones) -> None:
    sent = client.messages.create(to=phones.phone, from_=phones.line, body="to be deleted")
    wait_until_final(client, str(sent.sid))
    assert client.messages(str(sent.sid)).delete()
    with pytest.raises(TwilioRestException) as refused:
        client.messages(str(sent.sid)).fetch()
    assert refused.value.status == 404


def test_account_is_as_doctor_reads_it(client: Client, phones: Phones) -> None:
    assert client.api.accounts(phones.account_sid).fetch().friendly_name == "reporters"


def test_numbers_are_as_doctor_reads_them(client: Client, phones: Phones) -> None:
    assert [number.phone_number for number in client.incoming_phone_numbers.list()] == [phones.line]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        pytest.param({"To": "+1", "Body": "x", "From": "+17205550100"}, 21211, id="no such recipient"),
        pytest.param({"To": "+13035550123", "Body": "x", "From": "+13035550999"}, 21606, id="not our number"),
        pytest.param({"To": "+13035550123", "Body": "x" * 1601, "From": "+17205550100"}, 21617, id="too long"),
    ],
)
def test_refusals_have_twilios_code(client: Client, form: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=form["To"], from_=form["From"], body=form["Body"])
    assert refused.value.code == code


def test_the_judge_is_awake(phones: Phones, prism: str) -> None:
    # Were the proxy to let everything through, all the tests above would pass as well.
    answer = httpx.post(
        f"{prism}/2010-04-01/Accounts/{phones.account_sid}/Messages.json",
        auth=(phones.account_sid, phones.auth_token),
        data={"From": phones.line, "Body": "x", "StatusCallback": "x", "Attempt": "not a number"},
    )
    assert answer.status_code == 422
    assert "stoplight.io/prism/errors" in answer.json()["type"]


def wait_until_final(client: Client, sid: str) -> None:
    """Ask until the message has arrived; only then may it be changed."""
    for _ in range(200):
        if str(client.messages(sid).fetch().status) in {"delivered", "undelivered", "failed"}:
            return
    pytest.fail("the message did not arrive")
