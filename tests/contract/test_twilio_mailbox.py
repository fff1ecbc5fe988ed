"""Our mailbox against a carrier that behaves, and one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.twilio_client import TwilioAccount
from channels.twilio_mailbox import TwilioMailbox
from gateway.core.messages import SendError
from tests.contract.phone.rig import (
    OTHER_LINE,
    PAGING,
    PAGING_LINE,
    REPORTERS,
    STUDENT,
    TIP_LINE,
    Carrier,
    serve,
    wait_for,
)

LATELY = timedelta(minutes=5)


@pytest.fixture
def mailbox(carrier: Carrier) -> Iterator[TwilioMailbox]:
    account = TwilioAccount(REPORTERS.sid, REPORTERS.api_key_sid, REPORTERS.api_key_secret, carrier.url)
    made = TwilioMailbox(account, page_size=2)
    yield made
    made.close()


def since(ago: timedelta = LATELY) -> datetime:
    return datetime.now(UTC) - ago


def test_mailbox_gives_a_sign_of_life_with_every_page(carrier: Carrier) -> None:
    account = TwilioAccount(REPORTERS.sid, REPORTERS.api_key_sid, REPORTERS.api_key_secret, carrier.url)
    signs: list[bool] = []
    mailbox = TwilioMailbox(account, page_size=2, on_answer=lambda: signs.append(True))
    for number in range(5):
        carrier.text(f"text {number}")
    mailbox.inbound_since(TIP_LINE, since())
    mailbox.close()
    assert len(signs) >= 3


def test_inbound_since_gives_every_page_of_one_lines_texts_oldest_first(
    carrier: Carrier, mailbox: TwilioMailbox
) -> None:
    sids = [carrier.text(f"text {number}")["sid"] for number in range(5)]
    carrier.text("elsewhere", to=OTHER_LINE)
    listing = mailbox.inbound_since(TIP_LINE, since())
    assert [inbound.provider_sid for inbound in listing.messages] == sids
    times = [inbound.received_at for inbound in listing.messages]
    assert times == sorted(set(times)), "no two at the same time, so that their order stays"
    first = listing.messages[0]
    assert (first.channel, first.sender, first.recipient, first.keyword) == ("sms", STUDENT, TIP_LINE, None)
    assert listing.as_of is not None
    assert abs(listing.as_of - datetime.now(UTC)) < timedelta(seconds=10)


def test_inbound_since_reads_a_text_as_its_webhook_would(carrier: Carrier, mailbox: TwilioMailbox) -> None:
    carrier.text("Stop ")
    (inbound,) = mailbox.inbound_since(TIP_LINE, since()).messages
    assert (inbound.text, inbound.keyword, inbound.media) == ("Stop ", "stop", ())
    assert "DENVER" not in f"{vars(inbound)}", "no city, state or postal code"


def test_inbound_since_leaves_out_what_is_older_and_what_we_sent(carrier: Carrier, mailbox: TwilioMailbox) -> None:
    carrier.text("gun")
    assert mailbox.inbound_since(TIP_LINE, since(-LATELY)).messages == ()
    with carrier.client(PAGING) as client:
        client.messages.create(to=TIP_LINE, from_=PAGING_LINE, body="a line check")
    found = wait_for(lambda: mailbox.inbound_since(TIP_LINE, since()).messages[1:])
    assert [(inbound.sender, inbound.text) for inbound in found] == [(PAGING_LINE, "a line check")]


def test_delete_removes_the_record_and_a_second_time_is_well(carrier: Carrier, mailbox: TwilioMailbox) -> None:
    sid = carrier.text("gun")["sid"]
    mailbox.delete(sid)
    mailbox.delete(sid)
    assert mailbox.inbound_since(TIP_LINE, since()).messages == ()
    assert [bubble["body"] for bubble in carrier.screen()] == ["gun"], "a phone keeps what it wrote"


@pytest.mark.parametrize(
    ("number", "fate"),
    [(STUDENT, ("delivered", None)), ("+13035550198", ("undelivered", "30003"))],
    ids=["arrived", "unreachable"],
)
def test_fate_tells_how_a_text_of_ours_fared(
    carrier: Carrier, mailbox: TwilioMailbox, number: str, fate: tuple[str, str | None]
) -> None:
    carrier.control(numbers={"+13035550198": "unreachable"})
    with carrier.client() as client:
        sid = str(client.messages.create(to=number, from_=TIP_LINE, body="Are you safe?").sid)

    def final() -> tuple[str, str | None] | None:
        known = mailbox.fate(sid)
        return known if known and known[0] != "sent" else None

    assert wait_for(final) == fate


@pytest.mark.parametrize(
    ("fault", "code"), [({"api_fault": "429"}, "20429"), ({"api_fault": "500"}, "20500")], ids=["429", "500"]
)
def test_mailbox_may_be_asked_again_after_a_passing_fault(
    carrier: Carrier, mailbox: TwilioMailbox, fault: dict[str, str], code: str
) -> None:
    sid = carrier.text("gun")["sid"]
    carrier.control(**fault, api_fault_count=2)
    with pytest.raises(SendError) as unlisted:
        mailbox.inbound_since(TIP_LINE, since())
    with pytest.raises(SendError) as undeleted:
        mailbox.delete(sid)
    assert {(error.value.code, error.value.retryable) for error in (unlisted, undeleted)} == {(code, True)}
    assert len(mailbox.inbound_since(TIP_LINE, since()).messages) == 1


def test_mailbox_of_nobody_there_may_be_asked_again() -> None:
    gone = TwilioMailbox(TwilioAccount(REPORTERS.sid, "SK", "secret", "http://127.0.0.1:9"))
    with pytest.raises(SendError) as refused:
        gone.inbound_since(TIP_LINE, since())
    gone.close()
    assert (refused.value.code, refused.value.retryable) == ("unreachable", True)


def test_mailbox_with_a_wrong_secret_is_refused_for_good(carrier: Carrier) -> None:
    stranger = TwilioMailbox(TwilioAccount(REPORTERS.sid, REPORTERS.api_key_sid, "wrong", carrier.url))
    with pytest.raises(SendError) as refused:
        stranger.inbound_since(TIP_LINE, since())
    stranger.close()
    assert (refused.value.code, refused.value.retryable) == ("20003", False)


@pytest.mark.parametrize(
    ("status", "media"),
    [
        (200, (("image/jpeg", f"https://api.twilio.com/2010-04-01/Accounts/{REPORTERS.sid}/Messages/MM1/Media/ME1"),)),
        (500, (("", f"https://api.twilio.com/2010-04-01/Accounts/{REPORTERS.sid}/Messages/MM1/Media.json"),)),
    ],
    ids=["listed", "not-listed"],
)
def test_words_never_wait_for_their_picture(status: int, media: tuple[tuple[str, str], ...]) -> None:
    uri = f"/2010-04-01/Accounts/{REPORTERS.sid}/Messages"
    message = {
        "sid": "MM1", "uri": f"{uri}/MM1.json", "direction": "inbound", "num_media": "1", "body": "look",
        "from": STUDENT, "to": TIP_LINE, "date_sent": "Sat, 21 Nov 2026 23:00:00 +0000",
    }  # fmt: skip

    def pictures(_request: Request) -> Response:
        return JSONResponse({"media_list": [{"sid": "ME1", "content_type": "image/jpeg"}], "page": 0}, status)

    def texts(_request: Request) -> Response:
        return JSONResponse({"messages": [message], "page": 0})

    routes = [Route(f"{uri}/MM1/Media.json", pictures), Route(f"{uri}.json", texts)]
    with serve(Starlette(routes=routes)) as url:
        mailbox = TwilioMailbox(TwilioAccount(REPORTERS.sid, "SK", "secret", url))
        (inbound,) = mailbox.inbound_since(TIP_LINE, since()).messages
        mailbox.close()
    assert (inbound.text, inbound.media) == ("look", media)
    assert inbound.received_at == datetime(2026, 11, 21, 23, tzinfo=UTC)
