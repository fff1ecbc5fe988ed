"""What a reporter told of themselves is hidden in GraphQL until somebody lifts that one mask and says why."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from strawberry.relay import GlobalID

from gateway.core import guard
from gateway.core.records import Event, Message
from responders.cases import masks
from responders.cases.records import Case, Unmasking
from responders.cases.schema_codes import MaskKind, UnmaskReason
from tests.integration.graphql.rig import Rig

TIP = "😢 my name is Sarah Jones, Tyler has a gun. call me at 720-555-0188 or call him at 720-555-0131"
HIDDEN = TIP.replace("Sarah Jones", "█" * 11).replace("720-555-0188", "█" * 12)
READ = """query($n: String!) { case(number: $n) { messages(first: 5) { edges { node {
  id text masks { ordinal kind start end rules unmasking { reasonCode note at unmaskedBy { name } } }
  assessment { indicators { name start end } } } } } } }"""
UNMASK = """mutation($input: UnmaskInput!) { unmask(input: $input) {
  message { text masks { unmasking { reasonCode note } } } userErrors { code message } } }"""


def message_of(rig: Rig, case: Case) -> dict[str, Any]:
    answer = rig.ask(READ, n=case.number)
    first: dict[str, Any] = answer["case"]["messages"]["edges"][0]["node"]
    return first


def asking(message: dict[str, Any], ordinal: int = 0, **changed: Any) -> dict[str, Any]:
    mask = message["masks"][ordinal]
    asked = {"messageId": message["id"], "ordinal": ordinal, "kind": mask["kind"], "rules": mask["rules"]}
    return asked | {"reasonCode": "DANGER", "note": "The nurse knows her."} | changed


def test_text_hides_what_the_reporter_told_of_themselves_and_nobody_else(rig: Rig) -> None:
    message = message_of(rig, rig.tip(TIP))
    assert message["text"] == HIDDEN
    assert [(mask["kind"], mask["unmasking"]) for mask in message["masks"]] == [("NAME", None), ("NUMBER", None)]
    assert "Tyler" in message["text"]
    assert "720-555-0131" in message["text"]


def test_signs_of_the_engine_still_fit_the_masked_text(rig: Rig) -> None:
    message = message_of(rig, rig.tip(TIP))
    spans = [(one["start"], one["end"]) for one in message["assessment"]["indicators"]]
    assert any("gun" in TIP[start:end] for start, end in spans)
    assert [message["text"][a:b] for a, b in spans] == [HIDDEN[a:b] for a, b in spans]


def test_every_query_that_shows_words_masks_them(rig: Rig) -> None:
    case = rig.tip(TIP)
    assert message_of(rig, case)["text"] == HIDDEN
    asked = "{ tips(first: 1) { edges { node { id text } } } }"
    node = rig.ask(asked)["tips"]["edges"][0]["node"]
    by_id = rig.ask("query($i: ID!) { node(id: $i) { ... on Message { text } } }", i=node["id"])["node"]
    threads = rig.ask(
        "query($n: String!) { case(number: $n) { threads { messages(first: 1) { edges { node { text } } } } } }",
        n=case.number,
    )
    of_thread = threads["case"]["threads"][0]["messages"]["edges"][0]["node"]
    assert {node["text"], by_id["text"], of_thread["text"]} == {HIDDEN}


def test_unmask_shows_one_span_and_only_that_one(rig: Rig) -> None:
    case = rig.tip(TIP)
    done = rig.ask(UNMASK, input=asking(message_of(rig, case)))["unmask"]
    assert done["userErrors"] == []
    assert done["message"]["text"] == TIP.replace("720-555-0188", "█" * 12)
    shown = message_of(rig, case)
    assert shown["masks"][0]["unmasking"] | {"at": ""} == {
        "reasonCode": "DANGER", "note": "The nurse knows her.", "at": "", "unmaskedBy": {"name": "sis"},
    }  # fmt: skip
    assert shown["masks"][1]["unmasking"] is None


def test_an_unmasking_is_an_event_of_ids_and_codes_and_its_note_is_sealed(rig: Rig) -> None:
    case = rig.tip(TIP)
    rig.ask(UNMASK, input=asking(message_of(rig, case)))
    with rig.world.database.read() as session:
        event = session.scalars(select(Event).where(Event.type == "org.tipline.message.unmasked")).one()
        row = session.scalars(select(Unmasking)).one()
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
    assert event.subject == f"message/{message.id}"
    assert event.data == {"case": case.id, "span": 0, "what": "name", "rules": guard.VERSION, "why": "danger"}
    assert (row.message_id, row.ordinal, row.kind, row.rules) == (message.id, 0, "name", guard.VERSION)
    assert b"nurse" not in row.detail_sealed
    assert b"start" not in row.detail_sealed


def test_unmasking_twice_is_one_unmasking(rig: Rig) -> None:
    case = rig.tip(TIP)
    asked = asking(message_of(rig, case))
    for _ in range(2):
        assert rig.ask(UNMASK, input=asked)["unmask"]["userErrors"] == []
    assert rig.world.events("message.unmasked") == ["message.unmasked"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"ordinal": 7}, "BAD_INPUT", id="no such span"),
        pytest.param({"kind": "EMAIL"}, "BAD_INPUT", id="another kind"),
        pytest.param({"rules": "0/1"}, "BAD_INPUT", id="seen under other rules"),
        pytest.param({"note": "x" * 1001}, "BAD_INPUT", id="endless note"),
        pytest.param({"messageId": str(GlobalID("Message", "0" * 32))}, "NOT_FOUND", id="no such message"),
        pytest.param({"messageId": str(GlobalID("Case", "0" * 32))}, "BAD_INPUT", id="another kind of thing"),
    ],
)
def test_unmask_refuses_what_it_cannot_be_sure_of(rig: Rig, changed: dict[str, Any], code: str) -> None:
    case = rig.tip(TIP)
    (error,) = rig.ask(UNMASK, input=asking(message_of(rig, case)) | changed)["unmask"]["userErrors"]
    assert error["code"] == code
    assert message_of(rig, case)["text"] == HIDDEN


def test_unmask_needs_both_scopes(rig: Rig) -> None:
    case = rig.tip(TIP)
    asked = asking(message_of(rig, case))
    for scope in ("cases:read", "cases:write"):
        assert rig.code(UNMASK, token=rig.issue(scope), input=asked) == "FORBIDDEN"
    assert rig.world.events("message.unmasked") == []


def test_other_rules_show_only_the_characters_that_were_meant(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    case = rig.tip(TIP)
    rig.ask(UNMASK, input=asking(message_of(rig, case)))
    of_now = guard.find

    def wider(text: str, region: str = "US") -> tuple[guard.Span, ...]:
        """Rules that find one more span in front, so that the number is now the name's ordinal plus one."""
        return (guard.Span(0, "name", 0, 1), *(guard.Span(s.ordinal + 1, s.kind, s.start, s.end) for s in of_now(text)))

    monkeypatch.setattr(guard, "find", wider)
    monkeypatch.setattr(guard, "VERSION", "2/later")
    shown = message_of(rig, case)
    assert [bool(mask["unmasking"]) for mask in shown["masks"]] == [False, True, False]
    assert shown["text"] == "█" + TIP[1:].replace("720-555-0188", "█" * 12)


def test_enums_are_the_codes_of_the_service() -> None:
    assert {reason.value for reason in UnmaskReason} == set(masks.REASONS)
    assert {kind.value for kind in MaskKind} == set(guard.KINDS)
