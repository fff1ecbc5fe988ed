"""A case's events and its latest alert: command, console and GraphQL give the same bytes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator
from sqlalchemy import select

from exports.niem import publishing
from gateway.core import systems
from gateway.core.records import Message, new_id
from responders.cases import service as cases
from responders.cases.records import Case
from responders.escalation.records import Alert
from tests.integration.graphql.conftest import Run
from tests.integration.graphql.rig import Rig
from tests.integration.graphql.test_exporting import by_graphql, download, exports_of, sign_in, story
from tests.support import leaks, stored_events
from tests.support.world import STUDENT
from triage.engine import assess
from triage.model import Context

SOMEBODY = "+13035550188"


def three_ways(rig: Rig, tipline: Run, case: Case, name: str) -> dict[str, Any]:
    """Export by GraphQL, command and console, insist on the same bytes; the answer is GraphQL's document."""
    shown: dict[str, Any] = by_graphql(rig, case, format=name)["document"]
    code, printed, said = tipline(name, case.number)
    sign_in(rig)
    page = download(rig, case, name)
    assert (code, said, page.status_code) == (0, "", 200)
    assert shown["content"].encode() == printed == page.content
    assert page.headers["content-type"] == shown["mediaType"]
    assert [(who, one["format"]) for who, one in exports_of(rig)] == [
        (who, name) for who in ("token", "operator", "account")
    ]
    return shown


def test_the_events_of_a_case_leave_as_one_batch_each_way(rig: Rig, tipline: Run) -> None:
    case = story(rig)
    rig.tip("Somebody else wrote about a broken window", sender=SOMEBODY)
    shown = three_ways(rig, tipline, case, "events")
    assert shown["mediaType"] == "application/cloudevents-batch+json"
    told = json.loads(shown["content"])
    assert stored_events.faults([json.dumps(one).encode() for one in told]) == []
    assert {one.get("caseid") for one in told} == {case.id}
    types = [one["type"].removeprefix("org.tipline.") for one in told]
    assert {"case.opened.v1", "case.acknowledged.v1", "case.noted.v1", "message.received.v1"} <= set(types)
    assert "case.exported.v1" not in types, "an export tells nothing of exports"
    assert [one["sequence"] for one in told] == sorted(one["sequence"] for one in told)
    assert leaks.search(shown["content"].encode(), [STUDENT, "+17205550188"]) == []
    assert "Tyler" not in shown["content"], "events hold no words"


def test_the_latest_alert_of_a_case_leaves_as_it_was_issued_each_way(rig: Rig, tipline: Run) -> None:
    case, now = story(rig), rig.world.clock()
    with rig.world.database.write() as session:
        for number, (minutes, state, case_id) in enumerate(
            ((1, "issued", case.id), (2, "issued", case.id), (3, "issued", None), (None, "proposed", case.id))
        ):
            at = None if minutes is None else now + timedelta(minutes=minutes)
            session.add(
                Alert(
                    district_id=case.district_id, case_id=case_id, incident=new_id(), msg_type="Alert", status="Actual",
                    scope="Public", scenario="lockdown", state=state, author="a", drafted_by="a", drafted_at=now,
                    lasts_minutes=60, issued_at=at, document=f"<alert>é {number}</alert>".encode() if at else None,
                )
            )  # fmt: skip
    shown = three_ways(rig, tipline, case, "cap")
    assert (shown["content"], shown["mediaType"]) == ("<alert>é 1</alert>", "application/cap+xml")
    assert shown["filename"] == f"case-{case.number}.cap-1.2.xml"


def test_a_case_without_an_alert_has_none_to_export_and_says_so(rig: Rig, tipline: Run) -> None:
    case, none = rig.tip("Tyler has a gun"), "No alert has been issued about this case."
    assert by_graphql(rig, case, format="cap")["userErrors"][0]["message"] == none
    assert tipline("cap", case.number) == (2, b"", f"tipline: {none}\n")
    sign_in(rig)
    page = download(rig, case, "cap")
    assert (page.status_code, none in page.text) == (400, True)
    assert exports_of(rig) == []


def test_what_another_system_told_leaves_as_niem_and_as_events(rig: Rig) -> None:
    world = rig.world
    with world.database.write() as session:
        source, _ = systems.add(session, world.district(session), None, "Front desk", None, world.clock())
    told = [systems.Told("//desk", "1", "A visitor showed a gun", school="lincoln")]
    systems.receive(world.of("intake"), world.keys["intake"], source, told, world.clock())
    with world.of("worker").write() as session:
        message = session.scalars(select(Message)).one()
        judged = [(message, assess("A visitor showed a gun", Context()))]
        case = cases.take_messages(session, world.keys["worker"], judged, world.clock())[0].case
    for flavour in ("6.0", "5.2"):
        schema = json.loads(publishing.published(f"case-{flavour}.schema.json"))
        content = json.loads(by_graphql(rig, case, flavour=flavour)["document"]["content"])
        assert [fault.message for fault in Draft202012Validator(schema).iter_errors(content)] == []
    (call,) = content["tip:CaseExport"]["j:ServiceCall"]
    assert call["nc:ActivityDescriptionText"] == "A visitor showed a gun"
    assert "j:ServiceCallMechanismCode" not in call, "the model has no code for it"
    assert call["tip:ReportingSystemText"] == "Front desk"
    assert "j:ServiceCallOriginator" not in call, "an originator is a person"
    acts = content["tip:CaseExport"]["nc:Incident"]["nc:IncidentEvent"]
    assert [one.get("tip:ReportingSystemText") for one in acts] == ["Front desk"] + [None] * (len(acts) - 1)
    whole = json.dumps(content)
    assert [one for one in ("Pseudonym", "anonymous", "who wrote") if one in whole] == []
    written = by_graphql(rig, case, format="events")["document"]["content"]
    assert {one["actor"] for one in json.loads(written)} >= {f"source:{source.id}", "process:worker"}
