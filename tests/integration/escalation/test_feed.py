"""The feed: what stands in it, who may read it, and that intake serves nothing else of an alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from starlette.applications import Starlette
from starlette.testclient import TestClient

from exports import cap, feed
from gateway.core import problems
from gateway.core.cap_keys import Pair
from responders.escalation.feed import Feeds, hash_of
from tests.support.warners import Warners

ATOM = {"a": "http://www.w3.org/2005/Atom"}
URL = "https://tips.example"


@pytest.fixture
def client(warners: Warners, tmp_path: Path, pair: Pair) -> Iterator[TestClient]:
    folder = tmp_path / "intake"
    folder.mkdir()
    (folder / "cap.pub").write_bytes(pair.certificate)
    feeds = Feeds(warners.world.of("intake"), folder, URL, warners.world.clock)
    app = Starlette(routes=feeds.routes(), exception_handlers=problems.HANDLERS)
    with TestClient(app, base_url=URL) as made:
        yield made


def sent(warners: Warners, **changes: Any) -> str:
    alert_id = warners.draft(warners.case(), **changes)
    warners.send(alert_id)
    return alert_id


def entries(client: TestClient, path: str = "/alerts/demo/feed.atom") -> list[tuple[str, str]]:
    """Read a feed: title and link of each entry."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(feed.CONTENT_TYPE)
    root = etree.fromstring(answer.content)
    assert root.findtext("a:id", namespaces=ATOM)
    assert root.findtext("a:updated", namespaces=ATOM)
    return [
        (str(entry.findtext("a:title", namespaces=ATOM)), str(link.get("href")))
        for entry in root.iterfind("a:entry", ATOM)
        for link in entry.iterfind("a:link[@type='application/cap+xml']", ATOM)
    ]


def test_public_feed_links_to_the_alerts_as_they_were_issued(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    assert entries(client) == []
    first = sent(warners)
    warners.world.clock.forward(minutes=1)
    second = warners.follow(first, "update")
    warners.send(second)
    other = sent(warners)
    found = entries(client)
    links = [f"{URL}/alerts/demo/TIPLINE-{one}.xml" for one in (second, other, first)]
    assert sorted(link for _, link in found) == sorted(links[:2])
    assert found[0][0] == "Lockdown at Lincoln High School"
    for link, one in zip(links, (second, other, first), strict=True):
        answer = client.get(link)
        assert answer.headers["content-type"] == cap.CONTENT_TYPE
        assert answer.content == warners.row(one).document


def test_what_was_cancelled_leaves_the_feed_and_its_cancel_stands_there(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    first = sent(warners)
    warners.world.clock.forward(minutes=1)
    cancel = warners.follow(first, "cancel")
    warners.send(cancel)
    assert [link for _, link in entries(client)] == [f"{URL}/alerts/demo/TIPLINE-{cancel}.xml"]
    assert client.get(f"/alerts/demo/TIPLINE-{first}.xml").status_code == 200


def test_what_was_cancelled_for_some_leaves_the_feed_too(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    first = sent(warners)
    warners.world.clock.forward(minutes=1)
    warners.send(warners.follow(first, "cancel", scope="Restricted", restriction="staff"))
    assert entries(client) == []


def test_an_update_for_some_leaves_in_the_feed_what_is_for_everybody(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    first = sent(warners)
    warners.world.clock.forward(minutes=1)
    warners.send(warners.follow(first, "update", scope="Restricted", restriction="staff"))
    assert [link for _, link in entries(client)] == [f"{URL}/alerts/demo/TIPLINE-{first}.xml"]


def test_a_danger_does_not_come_back_when_its_all_clear_expires(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    first = sent(warners, lasts_minutes=120)
    warners.world.clock.forward(minutes=10)
    all_clear = warners.follow(first, "all_clear", lasts_minutes=20)
    warners.send(all_clear)
    assert [link for _, link in entries(client)] == [f"{URL}/alerts/demo/TIPLINE-{all_clear}.xml"]
    warners.world.clock.forward(minutes=20)
    assert entries(client) == []


def test_what_expired_leaves_the_feed_and_can_still_be_read(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    alert_id = sent(warners, lasts_minutes=10)
    warners.world.clock.forward(minutes=10)
    assert entries(client) == []
    assert client.get(f"/alerts/demo/TIPLINE-{alert_id}.xml").status_code == 200


def test_no_draft_no_alert_for_some_and_no_status_draft_stands_in_it(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="public")
    waiting = warners.draft(warners.case())
    warners.propose(waiting)
    hidden = [
        waiting,
        sent(warners, status="Draft"),
        sent(warners, scope="Private", addresses="desk@district.example"),
        sent(warners, scope="Restricted", restriction="staff"),
    ]
    assert entries(client) == []
    assert {client.get(f"/alerts/demo/TIPLINE-{one}.xml").status_code for one in hidden} == {404}


@pytest.mark.parametrize(
    ("setting", "public", "with_token"), [("off", 404, 404), ("public", 200, 404), ("token", 404, 200)]
)
def test_who_may_read_it_is_as_the_district_says(
    warners: Warners, client: TestClient, setting: str, public: int, with_token: int
) -> None:
    warners.rules(feed=setting, feed_token_hash=hash_of("t0ken"))
    alert_id = sent(warners)
    name = f"TIPLINE-{alert_id}.xml"
    assert {client.get(f"/alerts/demo/{one}").status_code for one in ("feed.atom", name)} == {public}
    assert {client.get(f"/alerts/demo/t0ken/{one}").status_code for one in ("feed.atom", name)} == {with_token}
    assert {client.get(f"/alerts/demo/wrong/{one}").status_code for one in ("feed.atom", name)} == {404}
    assert client.get("/alerts/elsewhere/feed.atom").status_code == 404
    if with_token == 200:
        ((_, link),) = entries(client, "/alerts/demo/t0ken/feed.atom")
        assert client.get(link).content == warners.row(alert_id).document


def test_a_link_is_changed_by_a_new_token(warners: Warners, client: TestClient) -> None:
    warners.rules(feed="token", feed_token_hash=hash_of("old"))
    assert client.get("/alerts/demo/old/feed.atom").status_code == 200
    warners.rules(feed="token", feed_token_hash=hash_of("new"))
    assert client.get("/alerts/demo/old/feed.atom").status_code == 404


def test_certificates_are_there_for_receivers(warners: Warners, client: TestClient, pair: Pair) -> None:
    assert client.get("/alerts/certificates.pem").content == pair.certificate
    warners.rules(feed="public")
    document = client.get(f"/alerts/demo/TIPLINE-{sent(warners)}.xml").content
    read = cap.verify(document, [client.get("/alerts/certificates.pem").content], warners.world.clock())
    assert read.status == "Actual"
    assert not re.search(rb"PRIVATE", client.get("/alerts/certificates.pem").content)
