"""Escalating by GraphQL: drafted by another system, approved by a person, followed up; refusals as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from strawberry.relay import GlobalID

from exports import cap
from gateway.core.records import District, new_id
from responders.cases.records import Case
from responders.escalation.issuing import Issuer
from responders.escalation.records import Alert, AlertDelivery
from tests.integration.graphql.rig import PASSWORD, Rig

GUN = "theres a kid in the 2nd floor bathroom with a gun"
ALERT = """ fragment Done on AlertPayload {
  alert { id identifier state msgType status scope scenario revision startsAt signed case { number }
    draftedBy { kind name } approvedBy { kind name } incident { id }
    infos { language event headline category responseTypes urgency severity certainty area }
    findings { element code message advice } xml deliveries { way state } }
  userErrors { code message } }"""


def mutation(name: str, kind: str) -> str:
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ ...Done }} }}" + ALERT


DRAFT = mutation("draftAlert", "DraftAlertInput")
FOLLOW = mutation("followAlert", "FollowAlertInput")
REVISE = mutation("reviseAlert", "ReviseAlertInput")
PROPOSE = mutation("proposeAlert", "AlertRevisionInput")
APPROVE = mutation("approveAlert", "AlertRevisionInput")
HAND_BACK = mutation("handBackAlert", "AlertInput")
DISCARD = mutation("discardAlert", "AlertInput")
AGAIN = mutation("sendAlertAgain", "AlertInput")


def done(answer: dict[str, Any]) -> dict[str, Any]:
    (payload,) = answer.values()
    assert payload["userErrors"] == []
    found: dict[str, Any] = payload["alert"]
    return found


def refused(answer: dict[str, Any]) -> tuple[str, str]:
    (payload,) = answer.values()
    (error,) = payload["userErrors"]
    assert payload["alert"] is None
    return error["code"], error["message"]


def draft(rig: Rig, case: Case, **more: Any) -> dict[str, Any]:
    given = {"caseId": str(GlobalID("Case", case.id)), "scenario": "LOCKDOWN", **more}
    return done(rig.ask(DRAFT, input=given))


def by_hand(rig: Rig, query: str, **variables: Any) -> dict[str, Any]:
    """Ask as Ana, signed in at a browser."""
    form = {"username": rig.account.username, "password": PASSWORD}
    rig.client.post("/sign-in", data=form, headers={"Origin": rig.console.url}, follow_redirects=False)
    page = rig.client.get("/").text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    answer = rig.client.post(
        "/graphql",
        content=json.dumps({"query": query, "variables": variables}),
        headers={"Content-Type": "application/json", "X-CSRF-Token": csrf, "Origin": rig.console.url},
    )
    body: dict[str, Any] = answer.json()
    assert "errors" not in body, body
    data: dict[str, Any] = body["data"]
    return data


def issue(rig: Rig) -> int:
    world = rig.world
    return Issuer(world.of("worker"), world.keys["worker"], Path("nowhere"), world.clock).issue_all()


def test_a_system_drafts_and_asks_and_a_person_approves(rig: Rig) -> None:
    case = rig.tip(GUN)
    made = draft(rig, case)
    assert (made["state"], made["msgType"], made["status"], made["revision"]) == ("DRAFT", "ALERT", "ACTUAL", 1)
    assert made["draftedBy"] == {"kind": "TOKEN", "name": "sis"}
    assert made["case"]["number"] == case.number
    assert [one["language"] for one in made["infos"]] == ["en-US", "es-US"]
    assert made["infos"][0]["headline"] == "Lockdown at Lincoln High School"
    assert (made["infos"][0]["severity"], made["infos"][0]["responseTypes"]) == ("EXTREME", ["SHELTER"])
    assert "bathroom" not in json.dumps(made)
    this = {"alertId": made["id"], "revision": 1}
    assert done(rig.ask(PROPOSE, input=this))["state"] == "PROPOSED"
    code, message = refused(rig.ask(APPROVE, input=this))
    assert (code, "A person approves" in message) == ("NOT_ALLOWED", True)
    approved = done(by_hand(rig, APPROVE, input=this))
    assert (approved["state"], approved["approvedBy"]) == ("APPROVED", {"kind": "ACCOUNT", "name": "Ana Ruiz"})
    assert rig.waker.woken[-1] == "worker"
    assert issue(rig) == 1
    query = "query($number: String!) { case(number: $number) { alerts { state signed xml expiresAt } } }"
    (sent,) = rig.ask(query, number=case.number)["case"]["alerts"]
    assert (sent["state"], sent["signed"]) == ("ISSUED", False)
    assert cap.read(sent["xml"].encode()).identifier == made["identifier"]


def test_who_wrote_it_signed_in_does_not_approve_it_whoever_asked(rig: Rig) -> None:
    given = {"caseId": str(GlobalID("Case", rig.tip(GUN).id)), "scenario": "LOCKDOWN"}
    made = done(by_hand(rig, DRAFT, input=given))
    assert made["draftedBy"]["kind"] == "ACCOUNT"
    this = {"alertId": made["id"], "revision": 1}
    done(rig.ask(PROPOSE, input=this))
    code, message = refused(by_hand(rig, APPROVE, input=this))
    assert (code, "Somebody else" in message) == ("NOT_ALLOWED", True)
    assert issue(rig) == 0


def test_what_follows_names_what_was_sent_and_a_second_cancel_is_refused(rig: Rig) -> None:
    first = draft(rig, rig.tip(GUN))
    done(rig.ask(PROPOSE, input={"alertId": first["id"], "revision": 1}))
    done(by_hand(rig, APPROVE, input={"alertId": first["id"], "revision": 1}))
    assert refused(rig.ask(FOLLOW, input={"alertId": first["id"], "kind": "CANCEL"}))[0] == "NOT_ALLOWED"
    issue(rig)
    cancel = done(rig.ask(FOLLOW, input={"alertId": first["id"], "kind": "CANCEL"}))
    assert cancel["msgType"] == "CANCEL"
    assert f",{first['identifier']}," in cancel["xml"].partition("<references>")[2]
    assert {one["id"] for one in cancel["incident"]} == {first["id"], cancel["id"]}
    this = {"alertId": cancel["id"], "revision": 1}
    done(rig.ask(PROPOSE, input=this))
    done(by_hand(rig, APPROVE, input=this))
    assert issue(rig) == 1
    code, message = refused(rig.ask(FOLLOW, input={"alertId": first["id"], "kind": "UPDATE"}))
    assert code == "NOT_ALLOWED"
    assert message.startswith("references: ")


def test_what_was_given_up_is_sent_again(rig: Rig) -> None:
    made = draft(rig, rig.tip(GUN))
    this = {"alertId": made["id"], "revision": 1}
    done(rig.ask(PROPOSE, input=this))
    done(by_hand(rig, APPROVE, input=this))
    assert issue(rig) == 1
    assert refused(rig.ask(AGAIN, input={"alertId": made["id"]}))[0] == "NOT_ALLOWED"
    with rig.world.database.write() as session:
        now = rig.world.clock()
        session.add(
            AlertDelivery(
                alert_id=GlobalID.from_id(made["id"]).node_id, way="folder", state="failed", code="410",
                created_at=now, due_at=now, ended_at=now,
            )
        )  # fmt: skip
    rig.waker.woken.clear()
    sent = done(rig.ask(AGAIN, input={"alertId": made["id"]}))
    assert sent["deliveries"] == [{"way": "FOLDER", "state": "QUEUED"}]
    assert rig.waker.woken == ["worker"]


def test_changes_are_put_over_the_template_and_faults_name_their_element(rig: Rig) -> None:
    changes = {
        "area": "The north wing", "polygons": ["39.1,-105.1 39.2,-105 39.1,-105"], "lastsMinutes": 45,
        "startsAt": "2026-11-22T09:00:00-07:00", "severity": "SEVERE",
        "texts": [{"language": "en-US", "headline": "Lockdown in the north wing"}],
    }  # fmt: skip
    made = draft(rig, rig.tip(GUN), changes=changes)
    assert made["startsAt"] == "2026-11-22T16:00:00.000Z"
    assert made["infos"][0]["headline"] == "Lockdown in the north wing"
    assert (made["infos"][1]["headline"], made["xml"]) == ("Cierre de emergencia en Lincoln High School", None)
    faults = [one["element"] for one in made["findings"] if not one["advice"]]
    assert faults == ["info[1]/area[1]/polygon[1]", "info[2]/area[1]/polygon[1]"]
    code, message = refused(rig.ask(PROPOSE, input={"alertId": made["id"], "revision": 1}))
    assert code == "BAD_INPUT"
    assert "info[1]/area[1]/polygon[1] has 3 pairs" in message
    mended = done(rig.ask(REVISE, input={"alertId": made["id"], "changes": {"polygons": [], "circles": ["39,-105 1"]}}))
    assert mended["revision"] == 2
    assert "<circle>39,-105 1</circle>" in mended["xml"]
    assert refused(rig.ask(PROPOSE, input={"alertId": made["id"], "revision": 1}))[0] == "NOT_ALLOWED"
    assert done(rig.ask(PROPOSE, input={"alertId": made["id"], "revision": 2}))["state"] == "PROPOSED"
    assert done(rig.ask(HAND_BACK, input={"alertId": made["id"]}))["state"] == "DRAFT"
    assert done(rig.ask(DISCARD, input={"alertId": made["id"]}))["state"] == "DISCARDED"
    assert rig.ask("{ alerts { edges { node { id } } } }")["alerts"]["edges"] == []


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"texts": [{"language": "fr-CA", "headline": "x"}]}, "language"),
        ({"lastsMinutes": -1}, "expires"),
        ({"texts": [{"language": "en-US", "headline": "x" * 161}]}, "headline"),
    ],
)
def test_what_no_alert_could_be_is_refused_at_once(rig: Rig, changes: dict[str, Any], element: str) -> None:
    given = {"caseId": str(GlobalID("Case", rig.tip(GUN).id)), "scenario": "HOLD", "changes": changes}
    code, message = refused(rig.ask(DRAFT, input=given))
    assert (code, element in message) == ("BAD_INPUT", True)
    assert rig.world.count(Alert) == 0


def test_a_time_without_a_zone_is_refused(rig: Rig) -> None:
    given = {"caseId": str(GlobalID("Case", rig.tip(GUN).id)), "scenario": "HOLD",
             "changes": {"startsAt": "2026-11-22T09:00:00"}}  # fmt: skip
    assert "errors" in rig.post(DRAFT, input=given)
    assert rig.world.count(Alert) == 0


def test_it_takes_the_scope_for_alerts(rig: Rig) -> None:
    given = {"caseId": str(GlobalID("Case", rig.tip(GUN).id)), "scenario": "HOLD"}
    for scopes in (("cases:read", "cases:write"), ("alerts:write",)):
        assert rig.code(DRAFT, token=rig.issue(*scopes), input=given) == "FORBIDDEN"


def test_another_districts_alerts_and_cases_are_not_found(rig: Rig) -> None:
    case = rig.tip(GUN)
    made = draft(rig, case)
    with rig.world.database.write() as session:
        other = District(id=new_id(), slug="other", name="Other")
        session.add(other)
        session.flush()
        session.get_one(Alert, GlobalID.from_id(made["id"]).node_id).district_id = other.id
        session.get_one(Case, case.id).district_id = other.id
    this = {"alertId": made["id"], "revision": 1}
    for query, given in (
        (AGAIN, {"alertId": made["id"]}),
        (PROPOSE, this), (APPROVE, this), (DISCARD, {"alertId": made["id"]}), (HAND_BACK, {"alertId": made["id"]}),
        (REVISE, {"alertId": made["id"], "changes": {}}), (FOLLOW, {"alertId": made["id"], "kind": "UPDATE"}),
        (DRAFT, {"caseId": str(GlobalID("Case", case.id)), "scenario": "HOLD"}),
    ):  # fmt: skip
        assert refused(rig.ask(query, input=given))[0] == "NOT_FOUND"
    assert rig.ask("query($id: ID!) { node(id: $id) { id } }", id=made["id"])["node"] is None
