"""Files of texts at the carrier, by the real twilio client, by our own source, and by nobody else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from twilio.base.exceptions import TwilioRestException

from channels.twilio_client import TwilioAccount
from channels.twilio_mailbox import TwilioMailbox
from channels.twilio_media import TwilioMedia
from gateway.core.messages import SendError
from tests.contract.phone.rig import PAGING, REPORTERS, Carrier, Product, serve

PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 1000
FILES = [
    {"content_type": "image/jpeg", "base64": base64.b64encode(PICTURE).decode()},
    {"content_type": "audio/amr", "base64": base64.b64encode(b"#!AMR\nhello").decode()},
]


def account(url: str) -> TwilioAccount:
    return TwilioAccount(REPORTERS.sid, "SK" + "a" * 32, "secret-a", url)


@contextmanager
def source(url: str) -> Iterator[TwilioMedia]:
    made = TwilioMedia(account(url))
    yield made
    made.close()


def fetched(made: TwilioMedia, url: str, place: int = 0) -> bytes:
    with made.fetch(url, place) as content:
        return b"".join(content)


def test_a_text_with_files_says_where_they_are(carrier: Carrier, product: Product) -> None:
    sid = carrier.text("look", media=FILES)["sid"]
    params = product.calls[0].params
    assert sid.startswith("MM")
    assert (params["NumMedia"], params["MediaContentType1"]) == ("2", "audio/amr")
    with source(carrier.url) as made:
        assert fetched(made, params["MediaUrl0"]) == PICTURE
        assert fetched(made, params["MediaUrl1"]) == b"#!AMR\nhello"
        assert fetched(made, params["MediaUrl1"].rpartition("/")[0] + ".json", 1) == b"#!AMR\nhello"


def test_the_carrier_lets_the_account_alone_in(carrier: Carrier, product: Product) -> None:
    carrier.text("look", media=FILES)
    path = product.calls[0].params["MediaUrl0"].removeprefix("https://api.twilio.com")
    assert carrier.http.get(path).status_code == 401
    assert carrier.http.get(path, auth=(PAGING.sid, PAGING.auth_token)).status_code in {401, 403, 404}
    assert carrier.http.get(path, auth=(REPORTERS.sid, REPORTERS.auth_token)).status_code == 307


def test_files_go_with_their_text(carrier: Carrier, product: Product) -> None:
    sid = carrier.text("look", media=FILES)["sid"]
    url = product.calls[0].params["MediaUrl0"]
    with carrier.client() as client:
        assert len(client.messages(sid).media.list()) == 2
        mailbox = TwilioMailbox(account(carrier.url))
        mailbox.delete(sid)
        mailbox.delete(sid)
        mailbox.close()
        assert client.messages(sid).media.list() == []
        with pytest.raises(TwilioRestException):
            client.messages(sid).fetch()
    with source(carrier.url) as made, pytest.raises(SendError) as refused:
        fetched(made, url)
    assert (refused.value.code, refused.value.retryable) == ("404", False)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://api.twilio.com/2010-04-01/Accounts/AC" + "b" * 32 + "/Messages/MM" + "0" * 32 + "/Media/ME" + "0" * 32,
        "https://api.twilio.com/2010-04-01/Accounts/" + REPORTERS.sid + "/Messages.json",
        f"https://api.twilio.com/2010-04-01/Accounts/{REPORTERS.sid}/Messages/MM{'0' * 32}/Media/../../../../x",
        "",
    ],
)
def test_a_link_that_is_none_of_our_files_is_not_followed(url: str) -> None:
    heard: list[str] = []

    def hear(request: Request) -> Response:
        heard.append(request.url.path)
        return Response(PICTURE)

    with (
        serve(Starlette(routes=[Route("/{path:path}", hear)])) as base,
        source(base) as made,
        pytest.raises(SendError),
    ):
        fetched(made, url)
    assert heard == []


LINK = f"https://api.twilio.com/2010-04-01/Accounts/{REPORTERS.sid}/Messages/MM{'0' * 32}/Media/ME{'0' * 32}"


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:9/x", "https://twiliocdn.com.evil.example/x", "http://media.twiliocdn.com/x", "//evil/x"],
)
def test_a_redirect_elsewhere_is_not_followed(target: str) -> None:
    app = Starlette(routes=[Route("/{path:path}", lambda _: RedirectResponse(target, 307))])
    with serve(app) as base, source(base) as made, pytest.raises(SendError) as refused:
        fetched(made, LINK)
    assert refused.value.code == "redirect"


def test_a_redirect_is_followed_once_and_without_credentials() -> None:
    seen: list[str | None] = []

    def hear(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return RedirectResponse("/elsewhere", 307)

    with (
        serve(Starlette(routes=[Route("/{path:path}", hear)])) as base,
        source(base) as made,
        pytest.raises(SendError),
    ):
        fetched(made, LINK)
    assert [one is None for one in seen] == [False, True]


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (404, False), (429, True), (503, True)])
def test_a_refusal_says_whether_to_try_again(status: int, retryable: bool) -> None:
    app = Starlette(routes=[Route("/{path:path}", lambda _: Response(status_code=status))])
    with serve(app) as base, source(base) as made, pytest.raises(SendError) as refused:
        fetched(made, LINK)
    assert (refused.value.code, refused.value.retryable) == (str(status), retryable)
