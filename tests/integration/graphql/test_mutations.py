"""What can be done, and how a refusal is told: as data, in words that may be shown."""

from typing import Any

import pytest
from sqlalchemy import select
from strawberry.relay import GlobalID

from gateway.core.records import District, Message, Thread, new_id
from responders.cases import holds, moves
from responders.cases.records import Case
from responders.cases.schema_codes import CaseMove, CaseState, HoldReason, Why
from tests.integration.graphql.rig import Rig

GUN = "theres a kid in the 2nd floor bathroom with a gun"
DONE = """ fragment Done on CasePayload {
  case { number state assignee { name } acknowledgedBy { kind name } pages { edges { node { id } } } }
  userErrors { code message } }"""
ACKNOWLEDGE = "mutation($input: AcknowledgeInput!) { acknowledge(input: $input) { ...Done } }" + DONE
ASSIGN = "mutation($input: AssignInput!) { assign(input: $input) { ...Done } }" + DONE
CHANGE = "mutation($input: ChangeStateInput!) { changeState(input: $input) { ...Done } }" + DONE
HOLD = """mutation($input: PlaceHoldInput!) { placeHold(input: $input) { ...Held } }
  fragment Held on CasePayload { case { holds { reasonCode placedAt placedBy { kind name } } }
  userErrors { code message } }"""
RELEASE = """mutation($input: ReleaseHoldInput!) { releaseHold(input: $input) {
  case { holds { reasonCode } } userErrors { code message } } }"""
CORRECT = """mutation($input: CorrectInput!) { correct(input: $input) {
  case { severity } userErrors { code message } } }"""
NOTE = """mutation($input: NoteInput!) { note(input: $input) {
  note { text at author { kind name } } userErrors { code message } } }"""
REPLY = """mutation($input: ReplyInput!) { reply(input: $input) {
  message { id text kind author { kind name } delivery { status } case { number } } userErrors { code message } } }"""


def id_of(kind: str, own: str) -> str:
    return str(GlobalID(kind, own))


def thread_of(rig: Rig) -> Thread:
    with rig.world.database.read() as session:
        return session.scalars(select(Thread)).one()


def refused(answer: dict[str, Any]) -> tuple[str, str]:
    (error,) = answer["userErrors"]
    return error["code"], error["message"]


def test_acknowledge_ends_the_calls_and_wakes_the_worker(rig: Rig) -> None:
    case = rig.tip(GUN)
    rig.page()
    done = rig.ask(ACKNOWLEDGE, input={"caseId": id_of("Case", case.id)})["acknowledge"]
    assert done["userErrors"] == []
    assert done["case"]["state"] == "ACKNOWLEDGED"
    assert done["case"]["acknowledgedBy"] == {"kind": "TOKEN", "name": "sis"}
    assert rig.waker.woken == ["worker"]
    assert "callout.closed" in rig.world.events()


def test_acknowledge_is_told_of_the_actor_in_the_event(rig: Rig) -> None:
    case = rig.tip(GUN)
    rig.ask(ACKNOWLEDGE, input={"caseId": id_of("Case", case.id)})
    query = '{ events(types: ["org.tipline.case.acknowledged"]) { edges { node { actor subject } } } }'
    ((edge),) = rig.ask(query)["events"]["edges"]
    actor = rig.ask("{ viewer { actor } }")["viewer"]["actor"]
    assert edge["node"] == {"actor": actor, "subject": f"case/{case.id}"}
    assert actor.startswith("token:")


def test_a_case_that_changed_since_it_was_looked_at_is_not_lowered(rig: Rig) -> None:
    rig.world.clock.forward(microseconds=1234)  # DateTime tells milliseconds.
    case = rig.tip(GUN)
    seen = rig.ask("query($n: String!) { case(number: $n) { updatedAt } }", n=case.number)["case"]["updatedAt"]
    rig.world.clock.forward(seconds=5)
    rig.ask(ACKNOWLEDGE, input={"caseId": id_of("Case", case.id)})
    asked = {"caseId": id_of("Case", case.id), "severity": "NONE", "category": "OTHER", "why": "JOKE"}
    done = rig.ask(CORRECT, input={**asked, "seenAt": seen})["correct"]
    assert refused(done) == ("NOT_ALLOWED", "It changed meanwhile. Look at it again, then correct it.")
    seen = rig.ask("query($n: String!) { case(number: $n) { updatedAt } }", n=case.number)["case"]["updatedAt"]
    done = rig.ask(CORRECT, input={**asked, "seenAt": seen})["correct"]
    assert (done["case"], done["userErrors"]) == ({"severity": "NONE"}, [])


def test_reply_is_queued_for_the_courier(rig: Rig) -> None:
    case = rig.tip(GUN)
    thread = thread_of(rig)
    done = rig.ask(REPLY, input={"threadId": id_of("Thread", thread.id), "text": "Which door?"})["reply"]
    assert done["userErrors"] == []
    assert done["message"] | {"id": ""} == {
        "id": "",
        "text": "Which door?",
        "kind": "REPLY",
        "author": {"kind": "TOKEN", "name": "sis"},
        "delivery": {"status": "QUEUED"},
        "case": {"number": case.number},
    }
    assert rig.waker.woken == ["courier"]
    rig.world.courier.send_all()
    assert "Which door?" in rig.world.carrier.texts


def test_reply_twice_in_one_moment_is_one_text_and_later_it_is_two(rig: Rig) -> None:
    rig.tip(GUN)
    asked = {"threadId": id_of("Thread", thread_of(rig).id), "text": "Which door?"}
    first = rig.ask(REPLY, input=asked)["reply"]["message"]["id"]
    rig.world.clock.forward(seconds=9)
    assert rig.ask(REPLY, input=asked)["reply"]["message"]["id"] == first
    rig.world.clock.forward(seconds=9)
    assert rig.ask(REPLY, input=asked)["reply"]["message"]["id"] != first
    rig.world.courier.send_all()
    assert rig.world.carrier.texts.count("Which door?") == 2


def test_reply_leaves_out_what_no_text_message_can_carry(rig: Rig) -> None:
    rig.tip(GUN)
    asked = {"threadId": id_of("Thread", thread_of(rig).id), "text": "Which\x00 door\ud83d?"}
    assert rig.ask(REPLY, input=asked)["reply"]["message"]["text"] == "Which door?"


def test_note_leaves_out_what_cannot_be_kept(rig: Rig) -> None:
    case = rig.tip(GUN)
    asked = {"caseId": id_of("Case", case.id), "text": "He is\x00 in\ud83d room 4."}
    assert rig.ask(NOTE, input=asked)["note"]["note"]["text"] == "He is in room 4."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("  ", "A reply has 1 to 1600 characters.", id="empty"),
        pytest.param("x" * 1601, "A reply has 1 to 1600 characters.", id="too long"),
    ],
)
def test_reply_refuses_what_cannot_be_texted(rig: Rig, text: str, message: str) -> None:
    rig.tip(GUN)
    answer = rig.ask(REPLY, input={"threadId": id_of("Thread", thread_of(rig).id), "text": text})["reply"]
    assert refused(answer) == ("NOT_ALLOWED", message)
    assert answer["message"] is None
    assert rig.waker.woken == []


def test_reply_tells_of_an_opt_out(rig: Rig) -> None:
    rig.tip(GUN)
    thread = thread_of(rig)
    with rig.world.database.write() as session:
        session.get_one(Thread, thread.id).opted_out_at = rig.world.clock()
    answer = rig.ask(REPLY, input={"threadId": id_of("Thread", thread.id), "text": "Still there?"})["reply"]
    assert refused(answer)[0] == "NOT_ALLOWED"
    with rig.world.database.read() as session:
        assert session.scalars(select(Message).where(Message.kind == "reply")).all() == []


def test_note_is_kept_for_colleagues(rig: Rig) -> None:
    case = rig.tip(GUN)
    done = rig.ask(NOTE, input={"caseId": id_of("Case", case.id), "text": "Called the office."})["note"]
    assert done["note"]["text"] == "Called the office."
    assert done["note"]["author"] == {"kind": "TOKEN", "name": "sis"}
    found = rig.ask("query($n: String!) { case(number: $n) { notes { text } } }", n=case.number)
    assert found["case"]["notes"] == [{"text": "Called the office."}]


def test_assign_puts_a_case_in_somebodys_hands_and_out_of_them(rig: Rig) -> None:
    case = rig.tip(GUN)
    assert rig.account.name == "Ana Ruiz"
    (account,) = rig.ask("{ accounts { id name } }")["accounts"]
    given = {"caseId": id_of("Case", case.id), "accountId": account["id"]}
    assert rig.ask(ASSIGN, input=given)["assign"]["case"]["assignee"] == {"name": "Ana Ruiz"}
    assert refused(rig.ask(ASSIGN, input=given | {"accountId": ""})["assign"])[0] == "BAD_INPUT"
    assert rig.ask(ASSIGN, input=given | {"accountId": None})["assign"]["case"]["assignee"] is None


def test_change_state_moves_a_case_with_its_reason(rig: Rig) -> None:
    case = rig.tip(GUN)
    given = {"caseId": id_of("Case", case.id), "why": "HANDLED"}
    assert rig.ask(CHANGE, input=given | {"state": "RESOLVED"})["changeState"]["case"]["state"] == "RESOLVED"
    reopened = rig.ask(CHANGE, input=given | {"state": "REOPENED", "why": "MISTAKE"})["changeState"]
    assert reopened["case"]["state"] == "IN_PROGRESS"


def test_change_state_refuses_a_move_that_is_none(rig: Rig) -> None:
    case = rig.tip(GUN)
    given = {"caseId": id_of("Case", case.id), "state": "REOPENED", "why": "MISTAKE"}
    code, message = refused(rig.ask(CHANGE, input=given)["changeState"])
    assert (code, message) == ("NOT_ALLOWED", "This case cannot be moved there from where it is.")


def test_a_hold_is_placed_once_for_a_reason_and_all_are_ended_together(rig: Rig) -> None:
    case = rig.tip(GUN)
    given = {"caseId": id_of("Case", case.id)}
    for reason in ("AUDIT", "LITIGATION", "AUDIT"):
        done = rig.ask(HOLD, input=given | {"reasonCode": reason})["placeHold"]
    assert done["userErrors"] == []
    assert [hold["reasonCode"] for hold in done["case"]["holds"]] == ["AUDIT", "LITIGATION"]
    assert {hold["placedBy"]["name"] for hold in done["case"]["holds"]} == {"sis"}
    with rig.world.database.read() as session:
        assert holds.held_ids(session) == [case.id]
    assert rig.ask(RELEASE, input=given)["releaseHold"] == {"case": {"holds": []}, "userErrors": []}
    assert rig.world.events("case.released") == ["case.released"] * 2


def test_a_hold_needs_the_scope_to_write(rig: Rig) -> None:
    case = rig.tip(GUN)
    asked = {"caseId": id_of("Case", case.id), "reasonCode": "AUDIT"}
    answer = rig.post(HOLD, token=rig.issue("cases:read"), input=asked)
    assert "cases:write" in answer["errors"][0]["message"]
    assert rig.world.events("case.held") == []


@pytest.mark.parametrize(
    ("case_id", "code"),
    [
        pytest.param(id_of("Case", "0" * 32), "NOT_FOUND", id="no such case"),
        pytest.param("0" * 32, "NOT_FOUND", id="no such case, bare"),
        pytest.param("2026-0001", "BAD_INPUT", id="no id"),
        pytest.param(id_of("Thread", "0" * 32), "BAD_INPUT", id="another kind of thing"),
    ],
)
def test_mutations_tell_of_a_wrong_id(rig: Rig, case_id: str, code: str) -> None:
    answers = [
        rig.ask(ACKNOWLEDGE, input={"caseId": case_id})["acknowledge"],
        rig.ask(NOTE, input={"caseId": case_id, "text": "x"})["note"],
        rig.ask(ASSIGN, input={"caseId": case_id, "accountId": None})["assign"],
        rig.ask(CHANGE, input={"caseId": case_id, "state": "CLOSED", "why": "TEST"})["changeState"],
        rig.ask(HOLD, input={"caseId": case_id, "reasonCode": "AUDIT"})["placeHold"],
        rig.ask(RELEASE, input={"caseId": case_id})["releaseHold"],
    ]
    assert {refused(answer)[0] for answer in answers} == {code}


def test_mutations_take_an_id_bare_as_events_show_it(rig: Rig) -> None:
    case = rig.tip(GUN)
    done = rig.ask(ACKNOWLEDGE, input={"caseId": case.id})["acknowledge"]
    assert (done["case"]["state"], done["userErrors"]) == ("ACKNOWLEDGED", [])
    reply = rig.ask(REPLY, input={"threadId": thread_of(rig).id, "text": "Which door?"})["reply"]
    assert (reply["message"]["text"], reply["userErrors"]) == ("Which door?", [])


def test_two_mutations_in_one_request_see_each_other(rig: Rig) -> None:
    case_id = id_of("Case", rig.tip(GUN).id)
    done = rig.ask(
        """mutation($a: AcknowledgeInput!, $b: ChangeStateInput!) {
             acknowledge(input: $a) { case { state } } changeState(input: $b) { case { state } } }""",
        a={"caseId": case_id},
        b={"caseId": case_id, "state": "RESOLVED", "why": "HANDLED"},
    )
    assert done == {
        "acknowledge": {"case": {"state": "ACKNOWLEDGED"}},
        "changeState": {"case": {"state": "RESOLVED"}},
    }


def test_enums_are_the_codes_of_the_service() -> None:
    assert {code.value for code in Why} == set(moves.WHY)
    assert {reason.value for reason in HoldReason} == set(holds.REASONS)
    assert {state.value for state in CaseState} == set(moves.STATES)
    assert {move.value for move in CaseMove} == {*moves.STATES, moves.REOPENED} - {moves.NEW}


def test_case_of_another_district_cannot_be_touched(rig: Rig) -> None:
    case = rig.tip(GUN)
    stranger = _stranger(rig)
    answer = rig.post(ACKNOWLEDGE, token=stranger, input={"caseId": id_of("Case", case.id)})["data"]["acknowledge"]
    assert refused(answer)[0] == "NOT_FOUND"
    thread = id_of("Thread", thread_of(rig).id)
    answer = rig.post(REPLY, token=stranger, input={"threadId": thread, "text": "hello"})["data"]["reply"]
    assert refused(answer)[0] == "NOT_FOUND"
    with rig.world.database.read() as session:
        assert session.get_one(Case, case.id).state == "new"


def _stranger(rig: Rig) -> str:
    made = new_id()
    with rig.world.database.write() as session:
        session.add(District(id=made, slug="other", name="Elsewhere"))
    rig.world.district_id = made
    return rig.issue("cases:read", "cases:write")
