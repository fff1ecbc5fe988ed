"""What the portal does with what it cannot take: a plain page, the right status, and the words still in the form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient
from starlette.types import Message as Event

from gateway.core import conversation
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.records import Message
from gateway.core.reports import LONGEST_PART, LONGEST_WORDS
from tests.integration.channels.conftest import LINCOLN
from tests.support.page_forms import Form, receipt_of, tree
from tests.support.world import World

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def stored(world: World) -> list[str]:
    with world.database.read() as session:
        return [conversation.words(world.keys["worker"], message) for message in session.scalars(select(Message))]


def count(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def kept(page: str) -> str:
    (field,) = tree(page).xpath("//textarea[@name='text']")
    return str(field.text or "").removeprefix("\n")


@pytest.mark.parametrize("text", ["", " \r\n\t ", "\x00", "\x00\x01\x7f"])
def test_nothing_said_asks_for_words_and_keeps_the_rest(client: TestClient, world: World, text: str) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, text=text, where="gym", topic="hate", role="staff", before="yes")
    assert page.status_code == 422
    shown = tree(page.text)
    assert shown.xpath("//*[@role='alert']//a/@href") == ["#text"]
    assert shown.xpath("//textarea[@id='text']/@aria-invalid") == ["true"]
    assert shown.get_element_by_id(shown.xpath("//textarea[@id='text']/@aria-describedby")[0].split()[0]).text_content()
    assert shown.xpath("//input[@id='where']/@value") == ["gym"]
    assert shown.xpath("//option[@selected]/@value") == ["hate"]
    assert shown.xpath("//input[@checked]/@value") == ["staff", "yes"]
    assert count(world) == 0


def test_a_text_of_100_kb_is_kept_in_the_form(client: TestClient, world: World) -> None:
    text = "ñ" * 100_000
    page = Form.of(client.get(LINCOLN)).send(client, text=text)
    assert page.status_code == 413
    assert "This is too long for one report." in page.text
    assert kept(page.text) == text
    assert count(world) == 0
    most = Form.of(client.get(LINCOLN)).send(client, text="x" * LONGEST_WORDS)
    assert most.status_code == 200


def test_a_part_that_is_too_long_is_kept_as_well(client: TestClient, world: World) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, text="knife", who="x" * (LONGEST_PART + 1))
    assert page.status_code == 413
    assert kept(page.text) == "knife"
    assert tree(page.text).xpath("//*[@role='alert']//a/@href") == ["#who"]
    assert count(world) == 0


def test_what_is_far_too_long_is_a_plain_page(client: TestClient, world: World) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, text="x" * 2_100_000)
    assert page.status_code == 413
    assert "too long to send" in page.text
    assert Form.of(client.get(LINCOLN)).send(client, text="x" * 9_000_000).status_code == 413
    assert count(world) == 0


def test_html_in_every_field_is_words(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    nasty = dict.fromkeys(("where", "when", "who", "topic", "role", "lang", "once", "receipt"), NASTY)
    failed = form.send(client, text="", **nasty)
    assert failed.status_code == 422
    assert NASTY not in failed.text
    assert tree(failed.text).xpath("//input[@id='where']/@value") == [NASTY]
    sent = form.send(client, text=NASTY, **nasty)
    assert sent.status_code == 200
    talk = client.post("/back", data={"receipt": receipt_of(sent.text)}).text
    assert "<img src=x" not in talk
    assert "49" not in tree(talk).xpath("string(//*[@class='words'])")
    assert NASTY in tree(talk).xpath("string(//*[@class='words'])")
    for path in ("/", "/back", LINCOLN):
        assert "<img" not in client.get(path, params={"q": NASTY, "lang": NASTY}).text.replace('<img src="/static', "")


@pytest.mark.parametrize("path", ["/", LINCOLN, "/back", "/privacy"])
def test_no_parameter_becomes_a_header(client: TestClient, path: str) -> None:
    attack = "en\r\nSet-Cookie: a=b\r\nX-Evil: 1"
    for answer in (
        client.get(path, params={"lang": attack, "q": attack}),
        client.post(LINCOLN, data={"lang": attack, "text": "", "once": attack}),
        client.post("/back", data={"lang": attack, "receipt": attack}),
        client.get(f"/s/{'lincoln%0d%0aX-Evil:%201'}"),
    ):
        assert "x-evil" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-language"] == "en"


def test_what_no_database_can_keep_is_left_out_and_the_rest_is_stored(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    body = f"once={form.fields['once']}&text=he%00+has%ED%A0%80+a%0B+kn%C3%ADfe%F0%9F&where=g%00ym%ED%BF%BF"
    sent = client.post(
        form.action, content=body.encode(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert sent.status_code == 200
    (words,) = stored(world)
    assert words.startswith("he has")
    assert "knífe" in words
    assert "\x00" not in words
    words.encode("utf-8")
    assert client.post("/back", data={"receipt": receipt_of(sent.text)}).status_code == 200


@pytest.mark.parametrize(
    ("typed", "status"),
    [("0000-0000-0000-0000", 404), ("", 422), ("ABCD", 422), (NASTY, 422), ("A" * 10_000, 422), ("ÄÖÜß" * 4, 422)],
    ids=["none has it", "empty", "short", "html", "endless", "other signs"],
)
def test_a_wrong_receipt_is_a_plain_page(
    serve: Callable[..., TestClient], world: World, typed: str, status: int
) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    client = serve(pause=pause, guessed=lambda now: 2.5 if isinstance(now, datetime) else 0)
    page = client.post("/back", data={"receipt": typed})
    assert page.status_code == status
    assert tree(page.text).xpath("//*[@role='alert']//a/@href") == ["#receipt"]
    assert tree(page.text).xpath("//input[@id='receipt']/@value") == [typed[:100]]
    assert waits == [2.5]
    answered = client.post("/back/answer", data={"receipt": typed, "text": "in the gym"})
    assert answered.status_code == status
    assert "in the gym" in answered.text
    assert count(world) == 0


def test_an_answer_that_cannot_be_taken_stays_in_its_form(client: TestClient, world: World) -> None:
    receipt = receipt_of(Form.of(client.get(LINCOLN)).send(client, text="knife").text)
    form = Form.of(client.post("/back", data={"receipt": receipt}))
    assert form.send(client, text=" ").status_code == 422
    long = form.send(client, text="y" * 100_000)
    assert long.status_code == 413
    assert kept(long.text) == "y" * 100_000
    assert Form.of(long).fields["once"] == form.fields["once"]
    assert count(world) == 1


def test_a_database_that_is_away_loses_no_word_and_the_same_form_goes_through_later(
    serve: Callable[..., TestClient], world: World
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable

    working = serve()
    form = Form.of(working.get(LINCOLN))
    failed = form.send(serve(file=away), text="he has a knife", where="gym")
    assert failed.status_code == 503
    assert failed.headers["retry-after"] == "5"
    assert "We could not save your report just now." in failed.text
    again = Form.of(failed)
    assert (again.fields["once"], kept(failed.text)) == (form.fields["once"], "he has a knife")
    receipt = receipt_of(again.send(working).text)
    broken = serve(answer=away)
    unsaid = Form.of(working.post("/back", data={"receipt": receipt})).send(broken, text="in the gym")
    assert unsaid.status_code == 503
    assert kept(unsaid.text) == "in the gym"
    unread = serve(read=away).post("/back", data={"receipt": receipt})
    assert unread.status_code == 503
    assert len(stored(world)) == 1


def test_a_form_that_never_ends_is_given_up_and_nobody_else_waits(serve: Callable[..., TestClient]) -> None:
    client = serve(patience_seconds=0.05)

    async def slow() -> list[Event]:
        sent: list[Event] = []
        parts: AsyncIterator[Event] = _drops()

        async def send(event: Event) -> None:
            sent.append(event)

        await client.app(_scope(), lambda: anext(parts), send)
        return sent

    start, body, *_ = asyncio.run(slow())
    assert start["status"] == 408
    assert b"took too long to get here" in body["body"]


async def _drops() -> AsyncIterator[Event]:
    yield {"type": "http.request", "body": b"text=he", "more_body": True}
    await asyncio.Event().wait()


def _scope() -> dict[str, Any]:
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"accept", b"text/html"), (b"host", b"x")]
    return {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "https", "path": LINCOLN,
        "raw_path": LINCOLN.encode(), "query_string": b"", "headers": headers, "server": ("x", 443), "client": None,
        "root_path": "", "state": {},
    }  # fmt: skip


def test_a_form_of_another_kind_is_refused_before_it_is_read(client: TestClient) -> None:
    page = client.post(LINCOLN, json={"text": "x" * 2_000})
    assert page.status_code == 415
    assert "Please use the form here" in page.text


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example.org"}],
    ids=["fetch metadata", "origin"],
)
def test_what_another_site_sends_is_shown_and_not_taken(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    form = Form.of(client.get(LINCOLN))
    page = client.post(form.action, data={**form.fields, "text": "he has a knife"}, headers=headers)
    assert page.status_code == 403
    assert kept(page.text) == "he has a knife"
    assert count(world) == 0
    receipt = receipt_of(Form.of(page).send(client).text)
    answer = Form.of(client.post("/back", data={"receipt": receipt}))
    refused = client.post(answer.action, data={**answer.fields, "text": "more"}, headers=headers)
    assert (refused.status_code, kept(refused.text), count(world)) == (403, "more", 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"origin": "https://tips.example.org"},
        {},
    ],
    ids=["null, as Tor sends it", "null, as no-referrer sends it", "our own", "none"],
)
def test_no_report_is_refused_for_what_a_careful_browser_hides(
    client: TestClient, world: World, headers: dict[str, str]
) -> None:
    form = Form.of(client.get(LINCOLN))
    assert client.post(form.action, data={**form.fields, "text": "knife"}, headers=headers).status_code == 200
    assert count(world) == 1


def test_an_unforeseen_fault_is_a_plain_page_that_says_nothing_of_it(serve: Callable[..., TestClient]) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("hunter2")

    client = serve(file=broken)
    page = Form.of(client.get(LINCOLN)).send(client, text="he has a knife")
    assert page.status_code == 500
    assert "Something broke on our side" in page.text
    assert "hunter2" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_report_to_a_school_that_is_not_there_keeps_its_words(client: TestClient, world: World) -> None:
    page = client.post("/s/nowhere", data={"text": "he has a <knife>"})
    assert page.status_code == 404
    assert "We do not know which school this is for." in page.text
    assert tree(page.text).xpath("string(//textarea[@id='unsent'])").strip() == "he has a <knife>"
    assert count(world) == 0


def test_a_database_that_is_gone_altogether_keeps_the_words_too(
    serve: Callable[..., TestClient], tmp_path: Path
) -> None:
    gone = Database(f"sqlite:///{tmp_path / 'nowhere' / 'at_all.db'}")
    client = serve(database=gone)
    page = client.post(LINCOLN, data={"text": "he has a knife"})
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert tree(page.text).xpath("string(//textarea[@id='unsent'])").strip() == "he has a knife"
    assert "tel:988" in page.text
    assert client.get(LINCOLN).status_code == 503
    gone.close()
