"""The trail that every newcomer walks first, on real processes: `gateway/core/`, `responders/`, a phone at either end.

The tests run in this order and share a house; the last one looks for leaks in all that the others left behind.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

import httpx
import pytest

from gateway.core import wording
from tests.support import stored_events
from tests.support.house import CEDAR, DANA, LINCOLN, MARCUS, PAGING, RILEY, House, hidden, until
from tests.support.leaks import search, search_files

pytestmark = pytest.mark.e2e

ENGLISH, STOPPED, REPEATED = "+14045550141", "+14045550142", "+14045550143"
SPANISH, STRAY = "+525512345678", "+442079460958"
REPORTERS = (ENGLISH, SPANISH, STOPPED, REPEATED, STRAY)
GUN = "theres a kid in the 2nd floor bathroom with a gun. my number is (404) 555-0141"
EVERYTHING = """
query Everything($after: String) {
  cases(first: 5, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node {
      number state severity lifeSafety unsure unsureReason categories stray openedAt url
      acknowledgedBy { kind name } assignee { name } school { name }
      threads { id pseudonym optedOutAt language }
      messages(first: 50) { edges { node {
        direction kind text language author { kind name } delivery { status errorCode }
        assessment { severity categories missing rules indicators { name start end } } } } }
      events(first: 100) { edges { node { type subject actor data cloudEvent } } }
      pages(first: 100) { edges { node { at round caseCount responder { name } delivery { status errorCode } } } }
    } }
  }
}
"""


@pytest.fixture(scope="module")
def token(house: House) -> str:
    """A bearer token as a district's own system would have it."""
    printed = house.tipline("token", "--name", "e2e", "--scope", "cases:read", "--scope", "events:read", "--json")
    return str(json.loads(printed)["token"])


def cases(house: House, token: str) -> list[dict[str, Any]]:
    """Read every case with everything in it, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = house.graphql(token, EVERYTHING, after=after)["cases"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def case(house: House, token: str, number: str) -> dict[str, Any]:
    return next(one for one in cases(house, token) if one["number"] == number)


def paged(house: House, responder: str, seen: int = 0) -> str:
    """Wait for the next page on a responder's phone."""
    return until(lambda: house.received(responder)[seen:], f"a page on {responder}")[0]


def number_of(page: str) -> str:
    return str(re.findall(r"Case (\d{4}-\d{4})", page)[0])


def code_of(page: str) -> str:
    return str(re.findall(r"Reply (\d{4})", page)[0])


def acknowledged(house: House, token: str, number: str) -> dict[str, Any]:
    return until(lambda: c if (c := case(house, token, number))["state"] != "NEW" else None, f"{number} acknowledged")


def words_of(page: str) -> str:
    """What a page shows, without its markup and what it says to screen readers only."""
    page = re.sub(r'<span class="unseen">.*?</span>', "", page)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))


def texts(found: dict[str, Any], direction: str = "IN") -> list[str]:
    return [e["node"]["text"] for e in found["messages"]["edges"] if e["node"]["direction"] == direction]


def test_a_text_pages_everyone_on_call_and_says_that_it_arrived(house: House) -> None:
    sent = house.text(ENGLISH, GUN)
    assert sent["webhook_status"] == 200
    pages = [paged(house, responder) for responder in (DANA, MARCUS, RILEY)]
    assert len(set(pages)) == 1
    page = pages[0]
    assert page.startswith("CRITICAL: weapon - Lincoln High School. Case ")
    assert f"{house.console_url}/cases/{number_of(page)}" in page
    assert not {"gun", "kid", "bathroom", "floor", "2nd"} & set(re.findall(r"\w+", page.lower()))
    assert until(lambda: house.received(ENGLISH), "the receipt") == [wording.receipt("en")]


def test_the_console_shows_it_on_top_with_its_assessment_and_no_number(house: House) -> None:
    number = number_of(paged(house, DANA))
    with house.browser() as browser:
        inbox = browser.get("/").text
        listed = re.findall(r"/cases/(\d{4}-\d{4})", inbox)
        shown = words_of(browser.get(f"/cases/{number}").text)
    assert listed[0] == number
    assert "theres a kid in the 2nd floor bathroom with a gun" in shown
    assert "[number hidden]" in shown
    assert "Critical" in shown
    assert search(shown.encode(), REPORTERS) == []


def test_a_reply_from_the_console_reaches_the_students_phone(house: House, token: str) -> None:
    number = number_of(paged(house, DANA))
    with house.browser() as browser:
        shown = browser.get(f"/cases/{number}").text
        action = re.findall(r'action="(/cases/[^"]+/reply)"', shown)[0]
        answer = browser.post(
            action,
            data={"csrf": hidden(shown), "text": "Are you somewhere safe?"},
            headers={"Origin": house.console_url},
        )
    assert answer.status_code == 200
    until(lambda: "Are you somewhere safe?" in house.received(ENGLISH), "the reply")
    house.text(ENGLISH, "yes in the library")

    def delivered() -> bool:
        edges = case(house, token, number)["messages"]["edges"]
        mine = [e["node"]["delivery"]["status"] for e in edges if e["node"]["kind"] == "REPLY"]
        return mine == ["DELIVERED"] and "yes in the library" in texts(case(house, token, number))

    assert until(delivered, "the reply's delivery and the answer on the same case")


def test_a_code_from_a_responders_phone_acknowledges(house: House, token: str) -> None:
    page = paged(house, MARCUS)
    before = len(house.received(MARCUS))
    house.text(MARCUS, f"ok {code_of(page)}!", to=PAGING)
    found = acknowledged(house, token, number_of(page))
    assert found["state"] == "ACKNOWLEDGED"
    assert found["acknowledgedBy"] == {"kind": "CONTACT", "name": "Marcus Bell"}
    assert number_of(page) in until(lambda: house.received(MARCUS)[before:], "an answer to the code")[-1]
    told = f"Marcus Bell has case {number_of(page)}."
    until(lambda: told in house.received(DANA) and told in house.received(RILEY), "the others told who has the case")
    assert told not in house.received(MARCUS)


def test_trace_tells_every_hop_in_order(house: House, token: str) -> None:
    number = number_of(paged(house, DANA))
    traced = json.loads(house.tipline("trace", number, "--json"))
    hops = [hop["event"].removeprefix("org.tipline.") for hop in traced["hops"]]
    trail = [
        "message.received",
        "message.threaded",
        "case.opened",
        "message.assessed",
        "page.written",
        "case.acknowledged",
    ]
    assert [hop for hop in dict.fromkeys(hops) if hop in trail] == trail
    assert all(hop["since_start_ms"] >= 0 for hop in traced["hops"])
    assert case(house, token, number)["severity"] == "CRITICAL"


def test_spanish_is_answered_in_spanish_and_acknowledged_in_the_console(house: House, token: str) -> None:
    before = len(house.received(DANA))
    house.text(SPANISH, "mi amiga dice que se quiere morir y tiene pastillas en su mochila", to=CEDAR)
    page = paged(house, DANA, before)
    assert page.startswith("CRITICAL: possible self-harm - Cedar Middle School.")
    assert until(lambda: house.received(SPANISH), "the receipt") == [wording.receipt("es")]
    with house.browser() as browser:
        shown = browser.get(f"/cases/{number_of(page)}").text
        answer = browser.post(
            f"/cases/{number_of(page)}/acknowledge", data={"csrf": hidden(shown)}, headers={"Origin": house.console_url}
        )
    assert answer.status_code == 200
    found = acknowledged(house, token, number_of(page))
    assert found["acknowledgedBy"] == {"kind": "ACCOUNT", "name": "Dana Ortiz"}


def test_stop_is_obeyed_and_still_seen_by_a_human(house: House, token: str) -> None:
    house.text(STOPPED, "people are stealing bikes behind the gym", to=CEDAR)
    until(lambda: house.received(STOPPED), "the receipt")
    house.text(STOPPED, "STOP", to=CEDAR)

    def stopped() -> dict[str, Any] | None:
        return next((c for c in cases(house, token) if "STOP" in texts(c)), None)

    found = until(stopped, "the STOP on its case")
    assert all(thread["optedOutAt"] for thread in found["threads"])
    with house.browser() as browser:
        shown = browser.get(f"/cases/{found['number']}").text
    assert "no more texts" in html.unescape(shown)
    action = f"/cases/{found['number']}/threads/"
    with house.browser() as browser:
        thread = thread_id(found)
        refused = browser.post(
            f"{action}{thread}/reply", data={"csrf": hidden(browser.get("/").text), "text": "hello?"},
            headers={"Origin": house.console_url},
        )  # fmt: skip
    assert refused.status_code == 409
    assert "hello?" not in house.received(STOPPED)


def thread_id(found: dict[str, Any]) -> str:
    """The thread's own id, as events name it."""
    threaded = next(
        e["node"]["data"] for e in found["events"]["edges"] if e["node"]["type"].endswith("message.threaded.v1")
    )
    return str(threaded["thread"])


def test_a_repeated_webhook_is_one_message(house: House, token: str) -> None:
    house.text(REPEATED, "someone drew on the lockers", to=CEDAR, times=5)

    def told() -> dict[str, Any] | None:
        return next((c for c in cases(house, token) if "someone drew on the lockers" in texts(c)), None)

    assert texts(until(told, "the case")) == ["someone drew on the lockers"]
    assert len(house.received(REPEATED)) == 1


def test_tipline_text_prints_a_reference_that_trace_knows(house: House) -> None:
    sent = json.loads(
        house.tipline("text", "a light is broken in the hall", "--from", STRAY, "--to", LINCOLN, "--json")
    )
    reference = next(value for key, value in sent.items() if str(value).startswith("SM"))
    traced = until(lambda: house.tipline("trace", reference, "--json", check=False), "the trace")
    assert "message.received" in traced


def test_an_unsigned_text_is_refused_and_not_stored(house: House, token: str) -> None:
    before = len(cases(house, token))
    form = {
        "MessageSid": "SM" + "0" * 32,
        "AccountSid": "AC" + "0" * 32,
        "From": ENGLISH,
        "To": LINCOLN,
        "Body": "forged",
    }
    assert httpx.post(f"{house.public_url}/sms/inbound", data=form).status_code == 403
    assert len(cases(house, token)) == before
    assert not [c for c in cases(house, token) if "forged" in texts(c)]


def test_every_stored_event_is_one_that_others_can_read(house: House) -> None:
    listed = house.tipline("events", "list", "--limit", "100000").encode().splitlines()
    types = {json.loads(line)["type"] for line in listed}
    assert {"org.tipline.message.received.v1", "org.tipline.page.acknowledged.v1", "org.tipline.send.sent.v1"} <= types
    assert stored_events.faults(listed, house.console_url) == []


def test_doctor_finds_nothing_wrong(house: House) -> None:
    def unwell() -> list[tuple[str, str]]:
        found = json.loads(house.tipline("doctor", "--json"))
        assert len(found) > 10
        return [(check["what"], check["level"]) for check in found if check["level"] != "ok"]

    # The demo has no shares of its keys, no backup and nobody outside who watches: these are for a district to set up.
    missing = [(name, "warning") for name in ("key escrow", "backup", "dead-man's ping")]
    assert until(lambda: unwell() == missing, "a house that lacks nothing else")


def test_every_file_is_for_its_owners_eyes_alone(house: House) -> None:
    kept = [path for path in house.var.rglob("*") if path.is_file() and path.suffix != ".pub"]
    assert kept
    assert [str(path) for path in kept if path.stat().st_mode & 0o077] == []


def test_nobody_can_be_unmasked_from_what_all_this_left_behind(house: House, token: str) -> None:
    """No sender's number, in any dress, in the product's files and answers; the phones' own store is set aside."""
    with house.browser() as browser:
        for found in cases(house, token):
            browser.get(f"/cases/{found['number']}")
        for path in ("/", "/?show=all", "/on-call", "/unclear"):
            browser.get(path)
    searched = [path for path in house.var.rglob("*") if path.is_file()]
    assert {"tipline.db", "intake.log", "worker.log"} <= {path.name for path in searched}
    assert [path for path in searched if "appendonly" in str(path)], "Valkey's own files are searched too"
    assert search_files(house.var, REPORTERS, aside=["phones.db", "env/phones.json"]) == {}
    for answer in house.seen:
        assert search(answer, REPORTERS) == []
    assert search_files(house.var, REPORTERS), "the phones' store, set aside above, knows them: the search does find"
