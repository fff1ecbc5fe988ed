"""Times of reports leave coarsely, and no order, number or act of another system makes them exact again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from gateway.core.events import emit
from gateway.core.media.records import Attachment
from gateway.core.records import Message, Send, new_id
from responders.cases import service as cases
from responders.cases.records import Case
from responders.escalation import service as escalation
from responders.escalation.records import Alert
from responders.paging import service as paging
from tests.integration.graphql.rig import Rig
from tests.integration.graphql.test_exporting import by_graphql, document_of, story

MARGIN = "nc:DateMarginOfErrorDuration"


def between_two_acts(rig: Rig) -> Case:
    """Let a report come in between two acts of staff, all of them within one span of 15 minutes."""
    world = rig.world
    world.clock.now = world.clock.now.replace(minute=1, second=0, microsecond=0)
    case, actor = rig.tip("Tyler has a gun"), f"account:{rig.account.id}"
    with world.of("console").write() as session:
        paging.acknowledge(session, session.get_one(Case, case.id), actor, world.clock())
    world.clock.forward(seconds=5)
    rig.tip("he is in the gym now")
    with world.of("console").write() as session:
        cases.add_note(session, world.keys["console"], session.get_one(Case, case.id), "gym", actor, world.clock())
    return case


def test_within_a_span_what_is_coarse_stands_before_what_is_exact(rig: Rig) -> None:
    acts = document_of(rig, between_two_acts(rig))["nc:Incident"]["nc:IncidentEvent"]
    coarse = [MARGIN in one["nc:ActivityDate"] for one in acts]
    kinds = [one["nc:ActivityCategoryText"] for one in acts]
    assert kinds.count("message.received") == 2
    assert {"case.acknowledged", "case.noted"} <= set(kinds)
    assert coarse == sorted(coarse, reverse=True)
    assert not all(coarse)
    assert [one["tip:SequenceNumeric"] for one in acts] == list(range(1, len(acts) + 1))


def test_events_have_that_order_too_and_numbers_of_their_own(rig: Rig) -> None:
    told = events(rig, between_two_acts(rig))
    exact = [one["actor"].startswith("account:") for one in told]
    assert [one["type"] for one in told].count("org.tipline.message.received.v1") == 2
    assert exact == sorted(exact)
    assert any(exact)
    assert [int(one["sequence"]) for one in told] == list(range(1, len(told) + 1))


def test_spans_follow_each_other(rig: Rig) -> None:
    case = between_two_acts(rig)
    rig.world.clock.forward(minutes=20)
    rig.tip("he went home")
    acts = document_of(rig, case)["nc:Incident"]["nc:IncidentEvent"]
    times = [one["nc:ActivityDate"]["nc:DateTime"][:13] for one in acts]
    assert times == sorted(times)
    kinds = [one["nc:ActivityCategoryText"] for one in acts]
    assert len(kinds) - 1 - kinds[::-1].index("message.received") > kinds.index("case.noted")
    at = [one["time"][:13] for one in events(rig, case)]
    assert at == sorted(at)


@pytest.mark.parametrize("actor", ["token:" + "a" * 32, "process:worker"])
def test_what_a_system_does_by_itself_is_told_as_coarsely_as_the_report(rig: Rig, actor: str) -> None:
    world = rig.world
    world.clock.now = world.clock.now.replace(minute=1, second=7, microsecond=0)
    case = rig.tip("Tyler has a gun")
    with world.of("console").write() as session:
        found = session.get_one(Case, case.id)
        paging.acknowledge(session, found, actor, world.clock())
        cases.add_note(session, world.keys["console"], found, "seen by the system", actor, world.clock())
    export = document_of(rig, case)
    acts = {one["nc:ActivityCategoryText"]: one["nc:ActivityDate"] for one in export["nc:Incident"]["nc:IncidentEvent"]}
    assert all(MARGIN in acts[kind] for kind in ("case.acknowledged", "case.noted"))
    assert MARGIN in export["nc:Case"]["tip:AcknowledgementDate"]
    assert all(one["time"].endswith(":00:00Z") for one in events(rig, case))


def events(rig: Rig, case: Case) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(by_graphql(rig, case, format="events")["document"]["content"])
    return told


def test_alerts_files_and_what_became_of_replies_belong_to_the_case(rig: Rig) -> None:
    case, now = story(rig), rig.world.clock()
    actor = f"account:{rig.account.id}"
    with rig.world.database.write() as session:
        row = Alert(
            id=new_id(), district_id=case.district_id, case_id=case.id, incident=new_id(), msg_type="Alert",
            status="Actual", scope="Public", scenario="lockdown", state="draft", author=actor, drafted_by=actor,
            drafted_at=now, lasts_minutes=60,
        )  # fmt: skip
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        send = session.scalars(select(Send).join(Message, Message.id == Send.message_id).where(
            Message.direction == "out", Message.kind == "reply")).one()  # fmt: skip
        file = Attachment(message_id=message.id, position=0, state="clean", kind="jpeg", size=1, at=now)
        session.add_all([row, file])
        session.flush()
        escalation.tell(session, row, "alert.drafted", actor, now, msg_type="Alert", scenario="lockdown")
        emit(session, "attachment.clean", subject=f"attachment/{file.id}", actor="process:worker", at=now,
             district_id=case.district_id, message=message.id, reason=None)  # fmt: skip
        emit(session, "send.delivered", subject=f"send/{send.id}", actor="process:courier", at=now,
             district_id=case.district_id, message=send.message_id, account="reporters", code=None,
             attempt=1)  # fmt: skip
    acts = {one["nc:ActivityCategoryText"] for one in document_of(rig, case)["nc:Incident"]["nc:IncidentEvent"]}
    assert {"alert.drafted", "send.delivered"} <= acts
    told = {one["subject"]: one for one in events(rig, case)}
    assert {f"alert/{row.id}", f"attachment/{file.id}", f"send/{send.id}"} <= set(told)
    assert {one.get("caseid") for one in told.values()} == {case.id}
    assert told[f"alert/{row.id}"]["severity"] == case.severity


def test_a_token_for_events_alone_is_told_when_as_receivers_are(rig: Rig) -> None:
    between_two_acts(rig)
    query = "{ events { edges { node { actor at cloudEvent } } } }"
    found = rig.post(query, token=rig.issue("events:read"))["data"]["events"]["edges"]
    told = [(one["node"]["actor"], one["node"]["at"][:19], one["node"]["cloudEvent"]["time"][:19]) for one in found]
    assert [at for _, at, sent in told if at != sent] == []
    assert {at[13:] for actor, at, _ in told if actor == "reporter"} == {":00:00"}
    assert not {at[13:] for actor, at, _ in told if actor.startswith("account:")} <= {":00:00"}
    whole = rig.ask(query)["events"]["edges"]
    exact = {one["node"]["at"][13:19] for one in whole if one["node"]["actor"] == "reporter"}
    assert ":00:00" not in exact, "who may read cases sees it there"
