"""A whole house runs, and the official SDK for JavaScript reads all that its worker sends, in every mode.

What the SDK has read is compared with what `tipline events list` prints, and that with what is stored.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from channels import cloud_events as inbound
from exports import event_catalogue
from gateway.core.database import Database
from gateway.core.records import Event
from responders.subscriptions.records import MODES
from tests.conformance.conftest import HERE, ask_node, free_port
from tests.support import files, stored_events
from tests.support.house import CEDAR, DANA, MARCUS, PAGING, House, hidden, running, until
from tests.support.page_forms import tree
from tests.support.programs import Program
from tests.support.programs import running as program

pytestmark = pytest.mark.conformance

STUDENT, FRIEND, BROKE_OFF = "+14045550171", "+14045550172", "+14045550173"
GUN = "theres a kid in the 2nd floor bathroom with a gun"
SCOPES = ("cases:read", "cases:write", "alerts:write", "events:read", "subscriptions:write")
TOLD = """
    account.sign_in_failed account.signed_in account.signed_out alert.approved alert.delivered alert.drafted
    alert.issued alert.proposed attachment.clean attachment.opened attachment.sealed callout.closed callout.opened
    callout.told case.acknowledged case.assigned case.corrected case.exported case.held case.joined case.noted
    case.opened case.released case.state_changed line.changed message.assessed message.receipt_queued
    message.received message.reply_queued message.threaded page.acknowledged page.written send.delivered send.sent
    source.added source.removed thread.opened thread.opted_in thread.opted_out token.issued
"""
"""What the story below leaves in the log, beside what the demo begins with."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the demo on real processes."""
    with running(tmp_path_factory.mktemp("house") / "var") as started:
        yield started


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Program]:
    """Run the SDK as a receiver."""
    with program(["node", str(HERE / "cloudevents_reader.mjs")], free_port(), tmp_path / "log") as running_reader:
        yield running_reader


@pytest.fixture
def token(house: House) -> str:
    wanted = [word for scope in SCOPES for word in ("--scope", scope)]
    return str(json.loads(house.tipline("token", "--name", "judge", *wanted, "--json"))["token"])


def do(house: House, token: str, name: str, kind: str | None = None, **given: Any) -> None:
    """Do something by the API. `kind` is the type of its input where that has another name."""
    asked = f"mutation($i: {kind or name[0].upper() + name[1:] + 'Input'}!)"
    told = house.graphql(token, f"{asked} {{ {name}(input: $i) {{ userErrors {{ message }} }} }}", i=given)
    assert told[name]["userErrors"] == [], name


def text_of(house: House, sender: str, words: str, token: str, **more: Any) -> dict[str, Any]:
    """Text a tip and wait for its case: `id`, `number` and `threads`."""
    assert house.text(sender, words, to=CEDAR, **more)["webhook_status"] == 200
    query = "{ cases(first: 100) { edges { node { id number threads { id } messages { edges { node { text } } } } } } }"

    def found() -> dict[str, Any] | None:
        nodes = [edge["node"] for edge in house.graphql(token, query)["cases"]["edges"]]
        return next((one for one in nodes if words in str(one["messages"])), None)

    return until(found, f"the case of {words}")


def paged(house: House, token: str) -> dict[str, Any]:
    """A grave tip: people are paged, one of them answers, a reply and a further text go to and fro."""
    case = text_of(house, STUDENT, GUN, token)
    page = until(lambda: [one for one in house.received(DANA) if case["number"] in one], "the page")[0]
    house.text(MARCUS, re.findall(r"Reply (\d{4})", page)[0], to=PAGING)
    told = f"Marcus Bell has case {case['number']}."
    until(lambda: told in house.received(DANA), "the others to be told")
    do(house, token, "reply", threadId=case["threads"][0]["id"], text="Are you somewhere safe?")
    until(lambda: "Are you somewhere safe?" in house.received(STUDENT), "the reply")
    house.text(STUDENT, "yes in the library", to=CEDAR)
    return case


def handled(house: House, token: str, case: dict[str, Any]) -> None:
    """What staff do with a case."""
    account = house.graphql(token, "{ accounts { id } }")["accounts"][0]["id"]
    mine = {"caseId": case["id"]}
    do(house, token, "note", **mine, text="Called the office.")
    do(house, token, "assign", **mine, accountId=account)
    do(house, token, "correct", **mine, severity="HIGH", category="WEAPON", why="MORE_KNOWN")
    do(house, token, "placeHold", **mine, reasonCode="LITIGATION")
    do(house, token, "releaseHold", **mine)
    do(house, token, "exportCase", **mine, format="niem")


def warned(house: House, token: str, case: dict[str, Any]) -> None:
    """The public is warned: drafted by one, approved by another, put into the district's folder."""
    do(house, token, "draftAlert", caseId=case["id"], scenario="LOCKDOWN", status="EXERCISE", changes={"note": "Drill"})
    query = "{ alerts(first: 1) { edges { node { id identifier revision } } } }"
    alert = house.graphql(token, query)["alerts"]["edges"][0]["node"]
    do(house, token, "proposeAlert", "AlertRevisionInput", alertId=alert["id"], revision=alert["revision"])
    path, origin = f"/alerts/{alert['identifier'].removeprefix('TIPLINE-')}", {"Origin": house.console_url}
    with house.browser("riley") as browser:
        page = browser.get(path).text
        form = {name: hidden(page, name) for name in ("csrf", "revision")}
        assert browser.post(f"{path}/approve", data=form, headers=origin).status_code == 200
        assert browser.post("/sign-out", data=form, headers=origin).status_code == 200
    until((house.var / "alerts/demo" / f"{alert['identifier']}.xml").exists, "the alert in its folder")


def pictured(house: House, token: str) -> dict[str, Any]:
    """A text with a picture, which somebody looks at."""
    picture = {"content_type": "image/jpeg", "base64": b64encode(files.picture()).decode()}
    case = text_of(house, FRIEND, "he drew this on my locker", token, media=[picture])
    with house.browser() as browser:

        def links() -> list[str]:
            return re.findall(r'href="(/attachments/[^"]+)"', browser.get(f"/cases/{case['number']}").text)

        assert browser.get(until(links, "the clean copy")[0]).headers["content-type"] == "image/jpeg"
    return case


def broken_off(house: House, token: str) -> dict[str, Any]:
    """A reporter who wants no texts, and then wants them again."""
    case = text_of(house, BROKE_OFF, "people are stealing bikes behind the gym", token)
    for word in ("STOP", "START"):
        house.text(BROKE_OFF, word, to=CEDAR)
    return case


def told_by_others(house: House) -> None:
    """A report on the web, a concern of another system, and a stranger at the door."""
    with httpx.Client(base_url=house.public_url, timeout=60, headers={"accept": "text/html"}) as client:
        page = tree(client.get("/s/lincoln").text)
        once = page.xpath("//form[contains(@class, 'report')]//input[@name='once']/@value")[0]
        assert client.post("/s/lincoln", data={"once": once, "text": "The stairs are icy."}).status_code == 200
    added = json.loads(house.tipline("sources", "add", "demo", "Desk", "--json"))
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "//desk",
        "type": inbound.CONCERN,
        "data": {"summary": "A row."},
    }
    kinds = {"Authorization": f"Bearer {added['token']}", "Content-Type": inbound.STRUCTURED}
    assert httpx.post(added["address"], content=json.dumps(event), headers=kinds, timeout=30).status_code == 202
    house.tipline("sources", "remove", "demo", "Desk")
    house.tipline("lines", CEDAR, "--texts-per-minute", "6000")
    with httpx.Client(base_url=house.console_url, timeout=30) as client:
        form = {"username": "dana", "password": "wrong", "csrf": hidden(client.get("/sign-in").text)}
        client.post("/sign-in", data=form, headers={"Origin": house.console_url})


def tell(house: House, token: str) -> None:
    """Have a day of a district happen."""
    case = paged(house, token)
    handled(house, token, case)
    warned(house, token, case)
    first, second = pictured(house, token), broken_off(house, token)
    do(house, token, "joinCases", caseId=first["id"], otherId=second["id"])
    do(house, token, "changeState", caseId=case["id"], state="RESOLVED", why="HANDLED")
    told_by_others(house)


def listed(house: House) -> dict[str, dict[str, Any]]:
    """Read the log as `tipline events list` prints it, by the events' ids."""
    lines = house.tipline("events", "list", "--limit", "100000").splitlines()
    return {one["id"]: one for one in map(json.loads, lines)}


def stored(house: House) -> dict[str, tuple[str, str, str, Any]]:
    """Read what the rows of the log hold."""
    database = Database(f"sqlite:///{house.var / 'tipline.db'}")
    with database.read() as session:
        rows = session.scalars(select(Event))
        found = {one.id: (event_catalogue.type_of(one.type), one.subject, one.actor, dict(one.data)) for one in rows}
    database.close()
    return found


def subscribe(house: House, token: str, reader: Program) -> None:
    """Have everything that ever happened sent in each mode, once the reader has agreed."""
    url, shown = f"{house.console_url}/api/subscriptions", {"Authorization": f"Bearer {token}"}
    for mode in MODES:
        wish = {"sink": f"{reader.url}/{mode}", "config": {"name": mode, "mode": mode}}
        httpx.post(url, json=wish, headers=shown, timeout=30).raise_for_status()

    def agreed() -> bool:
        return {one["config"]["state"] for one in httpx.get(url, headers=shown, timeout=30).json()} == {"active"}

    until(agreed, "the reader to be asked")
    house.tipline("events", "replay", "--since", "2000-01-01")


def plain(event: dict[str, Any]) -> dict[str, Any]:
    """Read an event's time, however it is written, to the millisecond: JavaScript knows no more of it."""
    time = datetime.fromisoformat(event["time"])
    return {**event, "time": time.replace(microsecond=time.microsecond // 1000 * 1000)}


def read_by(reader: Program, wanted: set[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Wait until the SDK has read some events in every mode; the answer is what it read, by mode and id."""
    with httpx.Client(timeout=30) as client:

        def arrived() -> dict[str, Any] | None:
            found = client.get(reader.url).json()
            assert found["refused"] == []
            events = {mode: found["events"].get(f"/hook/{mode}", {}) for mode in MODES}
            return events if all(wanted <= one.keys() for one in events.values()) else None

        return until(arrived, "every event in every mode", 120)


def test_the_sdk_reads_every_event_of_a_whole_run_as_it_is_stored(house: House, token: str, reader: Program) -> None:
    before = stored(house).keys()

    def kinds() -> set[str]:
        types = [row[0] for key, row in stored(house).items() if key not in before]
        return {one.removeprefix(event_catalogue.PREFIX).rpartition(".v")[0] for one in types}

    tell(house, token)
    until(lambda: {"token.issued", *kinds()} >= set(TOLD.split()), "the story to be over")
    subscribe(house, token, reader)
    log, rows = listed(house), stored(house)
    assert {key: (one["type"], one["subject"], one["actor"], one["data"]) for key, one in log.items()} == {
        key: rows[key] for key in log
    }
    lines = [json.dumps(one) for one in log.values()]
    assert stored_events.faults([one.encode() for one in lines], house.console_url) == []
    assert ask_node("cloudevents_check.mjs", lines=lines) == {"total": len(log), "ids": list(log), "refused": []}

    # What belongs to no district goes to nobody, and no receiver is told of its own doings.
    sent = {
        key: plain(one)
        for key, one in log.items()
        if one["source"] != house.console_url and not one["subject"].startswith("subscription/")
    }
    assert len(sent) > len(before) > 100
    for mode, events in read_by(reader, set(sent)).items():
        assert {key: plain(one) for key, one in events.items() if key in sent} == sent, mode
