"""What can be read: the inbox, a case with all that belongs to it, tips, pages, events."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from gateway.core.records import District, new_id
from responders.accounts import service as accounts
from responders.cases.records import Case
from responders.paging import service as paging
from tests.integration.graphql.rig import URL, Rig
from tests.support.world import SECOND

GUN = "theres a kid in the 2nd floor bathroom with a gun"
CLOUD_EVENTS = Path(__file__).parents[2] / "contract/data/cloudevents-1.0.2.schema.json"

INBOX = """query($first: Int, $after: String, $last: Int, $before: String,
    $states: [CaseState!], $severities: [Severity!]) {
  cases(first: $first, after: $after, last: $last, before: $before, states: $states, severities: $severities) {
    edges { cursor node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

EVERYTHING = """query($number: String!) { case(number: $number) {
  id number state severity lifeSafety unsure unsureReason categories stray openedAt updatedAt url
  acknowledgedAt acknowledgedBy { kind name } assignee { name role } school { name onCall { name role } }
  joinedInto { number }
  threads { pseudonym channel language openedAt closedAt optedOutAt messages { edges { node { id } } } }
  messages { edges { node { direction kind at text language mediaCount author { kind name }
    delivery { status errorCode } thread { pseudonym } case { number }
    assessment { severity lifeSafety unsure categories missing rules indicators { name start end } } } } }
  assessments { edges { node { severity message { text } } } }
  notes { text at author { name } }
  pages { edges { node { at round caseCount responder { name } delivery { status } case { number } } } }
  events { edges { node { type subject actor at data cloudEvent } } }
} }"""


def numbers(connection: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [edge["node"]["number"] for edge in connection["edges"]]


def five_cases(rig: Rig) -> list[str]:
    """Cases in the order of the inbox: critical ones first, of equals the unattended, then the older."""
    calm = rig.tip("someone drew on the wall in the gym", sender="+13035550131")
    taken = rig.tip(GUN, sender="+13035550132")
    first = rig.tip(GUN, sender="+13035550133")
    second = rig.tip(GUN, sender="+13035550134")
    other = rig.tip("the heater in room 12 is broken", sender="+13035550135")
    with rig.world.database.write() as session:
        paging.acknowledge(session, session.get_one(Case, taken.id), "process:worker", rig.world.clock())
    ranks = {case.number: case.urgency_rank for case in (calm, other)}
    low = sorted((calm.number, other.number), key=lambda number: (-ranks[number], number))
    return [first.number, second.number, taken.number, *low]


def test_cases_are_sorted_as_the_inbox_is(rig: Rig) -> None:
    wanted = five_cases(rig)
    assert numbers(rig.ask(INBOX)["cases"]) == wanted


def test_cases_page_forward_and_backward(rig: Rig) -> None:
    wanted = five_cases(rig)
    first = rig.ask(INBOX, first=2)["cases"]
    assert numbers(first) == wanted[:2]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    rest = rig.ask(INBOX, first=3, after=first["pageInfo"]["endCursor"])["cases"]
    assert numbers(rest) == wanted[2:]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    back = rig.ask(INBOX, last=2, before=rest["pageInfo"]["endCursor"])["cases"]
    assert numbers(back) == wanted[2:4]
    assert back["pageInfo"]["hasPreviousPage"]


def test_cases_of_no_size_are_none(rig: Rig) -> None:
    five_cases(rig)
    empty = rig.ask(INBOX, first=0)["cases"]
    assert (empty["edges"], empty["pageInfo"]["hasNextPage"]) == ([], True)


def test_cases_can_be_filtered(rig: Rig) -> None:
    wanted = five_cases(rig)
    assert numbers(rig.ask(INBOX, states=["ACKNOWLEDGED"])["cases"]) == wanted[2:3]
    assert numbers(rig.ask(INBOX, severities=["CRITICAL"])["cases"]) == wanted[:3]
    school = next(s for s in rig.ask("{ schools { id name } }")["schools"] if s["name"] == "Cedar Middle School")
    there = rig.tip(GUN, sender="+13035550136", to=SECOND)
    found = rig.ask("query($id: ID) { cases(schoolId: $id) { edges { node { number } } } }", id=school["id"])
    assert numbers(found["cases"]) == [there.number]


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"first": 101}, id="page too long"),
        pytest.param({"first": -1}, id="negative"),
        pytest.param({"first": 1, "last": 1}, id="both ends"),
        pytest.param({"after": "nonsense"}, id="no cursor"),
        pytest.param({"after": "WzFd"}, id="too few values"),
        pytest.param({"after": "WyJhIiwiYiIsImMiLCJkIl0="}, id="wrong kinds"),
    ],
)
def test_cases_refuse_what_makes_no_sense(rig: Rig, variables: dict[str, Any]) -> None:
    assert rig.code(INBOX, **variables) == "BAD_INPUT"


def test_case_shows_all_that_belongs_to_it(rig: Rig) -> None:
    case = rig.tip(GUN)
    rig.page()
    rig.world.courier.send_all()
    found = rig.ask(EVERYTHING, number=case.number)["case"]
    assert (found["state"], found["severity"], found["lifeSafety"]) == ("NEW", "CRITICAL", True)
    assert found["url"] == f"{URL}/cases/{case.number}"
    assert found["openedAt"] == "2026-11-21T23:00:01.000Z"
    assert found["school"] == {
        "name": "Lincoln High School",
        "onCall": [{"name": "Officer Lee", "role": "OFFICER"}],
    }
    tip, receipt = (edge["node"] for edge in found["messages"]["edges"])
    assert (tip["direction"], tip["kind"], tip["text"], tip["delivery"]) == ("IN", "TIP", GUN, None)
    assert "gun" in {GUN[i["start"] : i["end"]] for i in tip["assessment"]["indicators"]}
    assert (receipt["direction"], receipt["delivery"]["status"]) == ("OUT", "SENT")
    assert receipt["author"]["kind"] == "PROCESS"
    assert tip["thread"]["pseudonym"] == found["threads"][0]["pseudonym"]
    (page,) = (edge["node"] for edge in found["pages"]["edges"])
    assert (page["responder"]["name"], page["delivery"]) == ("Officer Lee", {"status": "QUEUED"})


def test_pages_of_a_case_come_oldest_first_and_page_by_page(rig: Rig) -> None:
    case = rig.tip(GUN)
    for _ in range(3):
        rig.page()
        rig.world.clock.forward(minutes=10)
    query = """query($number: String!, $after: String) { case(number: $number) {
        pages(first: 2, after: $after) { edges { node { at } } pageInfo { hasNextPage endCursor } } } }"""
    first = rig.ask(query, number=case.number)["case"]["pages"]
    assert first["pageInfo"]["hasNextPage"]
    rest = rig.ask(query, number=case.number, after=first["pageInfo"]["endCursor"])["case"]["pages"]
    assert not rest["pageInfo"]["hasNextPage"]
    times = [edge["node"]["at"] for part in (first, rest) for edge in part["edges"]]
    assert (len(times), sorted(set(times))) == (3, times)


def test_assessments_of_a_case_come_oldest_first_and_page_by_page(rig: Rig) -> None:
    case = rig.tip(GUN)
    rig.tip("hes on the roof now")
    query = """query($number: String!, $after: String) { case(number: $number) { assessments(first: 1, after: $after) {
        edges { node { message { text } } } pageInfo { hasNextPage endCursor } } } }"""
    first = rig.ask(query, number=case.number)["case"]["assessments"]
    rest = rig.ask(query, number=case.number, after=first["pageInfo"]["endCursor"])["case"]["assessments"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    texts = [edge["node"]["message"]["text"] for part in (first, rest) for edge in part["edges"]]
    assert texts == [GUN, "hes on the roof now"]


def test_case_shows_its_events_as_valid_cloud_events(rig: Rig) -> None:
    case = rig.tip(GUN)
    events = [edge["node"] for edge in rig.ask(EVERYTHING, number=case.number)["case"]["events"]["edges"]]
    assert {"org.tipline.message.received.v1", "org.tipline.case.opened.v1"} <= {event["type"] for event in events}
    judge = Draft7Validator(json.loads(CLOUD_EVENTS.read_text()), format_checker=Draft7Validator.FORMAT_CHECKER)
    for event in events:
        judge.validate(event["cloudEvent"])
        assert event["cloudEvent"]["type"] == event["type"], "one name everywhere"
        assert event["cloudEvent"]["source"] == f"{URL}/districts/{rig.world.district_id}"


def test_text_keeps_its_length_where_it_cannot_be_shown(rig: Rig) -> None:
    words = "a\ud83d b\x00 🔫 gun at school tomorrow"
    case = rig.tip(words)
    (message, *_) = rig.ask(EVERYTHING, number=case.number)["case"]["messages"]["edges"]
    assert message["node"]["text"] == "a\ufffd b\ufffd 🔫 gun at school tomorrow"


def test_text_is_null_when_its_key_is_gone(rig: Rig) -> None:
    case = rig.tip(GUN)
    object.__setattr__(rig.console, "keys", rig.world.keys["intake"])  # which opens nothing
    found = rig.ask(EVERYTHING, number=case.number)["case"]
    assert found["messages"]["edges"][0]["node"]["text"] is None
    assert found["severity"] == "CRITICAL"


def test_tips_are_what_came_in_newest_first(rig: Rig) -> None:
    rig.tip("first", sender="+13035550141")
    rig.tip("second", sender="+13035550142")
    tips = rig.ask("{ tips(first: 10) { edges { node { text direction case { number } } } } }")["tips"]["edges"]
    assert [(tip["node"]["text"], tip["node"]["direction"]) for tip in tips] == [("second", "IN"), ("first", "IN")]


def test_events_can_be_followed_by_cursor(rig: Rig) -> None:
    rig.tip(GUN)
    query = (
        "query($after: String) { events(first: 100, after: $after) { edges { node { type } } pageInfo { endCursor } } }"
    )
    first = rig.ask(query)["events"]
    assert len(first["edges"]) > 3
    assert rig.ask(query, after=first["pageInfo"]["endCursor"])["events"]["edges"] == []
    rig.tip("one more", sender="+13035550143")
    later = rig.ask(query, after=first["pageInfo"]["endCursor"])["events"]["edges"]
    assert later[0]["node"]["type"] == "org.tipline.message.received.v1"


def test_events_can_be_narrowed(rig: Rig) -> None:
    case = rig.tip(GUN)
    query = "query($s: String, $t: [String!]) { events(subject: $s, types: $t) { edges { node { type subject } } } }"
    for name in ("org.tipline.case.opened.v1", "org.tipline.case.opened"):
        found = rig.ask(query, s=f"case/{case.id}", t=[name])["events"]["edges"]
        told = {"type": "org.tipline.case.opened.v1", "subject": f"case/{case.id}"}
        assert [edge["node"] for edge in found] == [told]
    assert rig.ask(query, t=["org.tipline.case.opened.v9"])["events"]["edges"] == []


NODE = "query($id: ID!) { node(id: $id) { id __typename } }"
IDS = """{ viewer { name } accounts { id } schools { id onCall { id } }
  cases { edges { node { id threads { id } messages { edges { node { id } } } pages { edges { node { id } } }
  assessments { edges { node { id } } }
  events { edges { node { id } } } } } } }"""


def test_node_finds_everything_that_has_an_id(rig: Rig) -> None:
    rig.tip(GUN)
    rig.page()
    assert rig.account.id
    found = _ids(rig.ask(IDS))
    kinds = {rig.ask(NODE, id=given)["node"]["__typename"] for given in found}
    assert kinds == {"Account", "School", "Responder", "Case", "Thread", "Message", "Page", "Event", "Assessment"}
    assert all(rig.ask(NODE, id=given)["node"]["id"] == given for given in found)


def test_node_does_not_know_another_districts_things(rig: Rig) -> None:
    rig.tip(GUN)
    found = _ids(rig.ask(IDS))
    with rig.world.database.write() as session:
        other = District(id=new_id(), slug="other", name="Elsewhere")
        session.add(other)
        session.flush()
        other_id = other.id
    rig.world.district_id = other_id
    stranger = rig.issue("cases:read", "events:read")
    assert [rig.post(NODE, token=stranger, id=given)["data"]["node"] for given in found] == [None] * len(found)
    empty = rig.post(
        "{ cases { edges { cursor } } tips { edges { cursor } } schools { id } accounts { id } }", token=stranger
    )
    assert empty["data"] == {"cases": {"edges": []}, "tips": {"edges": []}, "schools": [], "accounts": []}


@pytest.mark.parametrize("given", ["Q2FzZTpub25l", "Tm90aGluZzox"], ids=["no such case", "no such type"])
def test_node_is_null_when_there_is_none(rig: Rig, given: str) -> None:
    assert rig.ask(NODE, id=given) == {"node": None}


def test_case_is_found_by_its_number_and_by_its_id_bare_or_as_relay_has_it(rig: Rig) -> None:
    case = rig.tip("theres a kid with a gun")
    by_id = "query($i: ID) { case(id: $i) { id number } }"
    found = rig.ask("query($n: String!) { case(number: $n) { id number } }", n=case.number)["case"]
    assert found["number"] == case.number
    assert rig.ask(by_id, i=case.id) == rig.ask(by_id, i=found["id"]) == {"case": found}
    assert rig.ask(by_id, i="0" * 32) == {"case": None}
    with rig.world.database.write() as session:
        other = District(slug="other", name="Other")
        session.add(other)
        session.flush()
        stranger = accounts.issue_token(session, other.id, "sis", ["cases:read"], rig.world.clock())
    assert rig.post(by_id, token=stranger, i=case.id)["data"] == {"case": None}
    wrong = ['{ case(id: "2026-0001") { id } }', '{ case(number: "1", id: "1") { id } }', "{ case { id } }"]
    wrong.append('{ case(id: "U2Nob29sOjE=") { id } }')  # School:1
    assert {rig.code(query) for query in wrong} == {"BAD_INPUT"}


def _ids(data: object) -> list[str]:
    if isinstance(data, list):
        return [found for item in data for found in _ids(item)]
    if isinstance(data, dict):
        own = [data["id"]] if isinstance(data.get("id"), str) else []
        return own + [found for item in data.values() for found in _ids(item)]
    return []


@pytest.mark.parametrize("number", ["\x00", "\ud800", "x" * 5000], ids=["NUL", "surrogate", "long"])
def test_a_strange_value_is_no_fault_of_ours(rig: Rig, number: str) -> None:
    body = rig.post("query($n: String!) { case(number: $n) { id } }", n=number)
    assert body["data"] == {"case": None}
    assert {error["extensions"]["code"] for error in body.get("errors", [])} <= {"BAD_INPUT"}
