"""Exporting a case: command, console and GraphQL give the same bytes, and none of them who wrote."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select, update
from strawberry.relay import GlobalID

from exports.niem import publishing
from exports.words import Policy
from gateway.core import conversation, guard
from gateway.core.media.records import Attachment
from gateway.core.records import District, Event, Message, School, new_id
from gateway.core.times import iso
from responders.cases import masks
from responders.cases import service as cases
from responders.cases.masks import Ask
from responders.cases.records import Case
from responders.exporting import formats
from responders.paging import service as paging
from tests.integration.graphql.conftest import Run
from tests.integration.graphql.rig import PASSWORD, URL, Rig
from tests.support import leaks
from tests.support.world import STUDENT
from triage.engine import assess
from triage.model import Context

TIP = "my name is Sarah Jones, Tyler has a gun and wants to kill himself. call me at 720-555-0188, his is 720-555-0131"
EXPORT = """mutation($input: ExportCaseInput!) { exportCase(input: $input) {
  document { content mediaType filename } userErrors { code message } } }"""


def story(rig: Rig) -> Case:
    """Let a tip come in, be paged, taken up, answered, noted, unmasked and resolved."""
    world, case = rig.world, rig.tip(TIP)
    rig.page()
    world.clock.forward(seconds=7)
    actor, keys = f"account:{rig.account.id}", world.keys["console"]
    with world.of("console").write() as session:
        found = session.get_one(Case, case.id)
        paging.acknowledge(session, found, actor, world.clock())
        cases.assign(session, found, rig.account.id, actor, world.clock())
        cases.add_note(
            session, keys, found, "Her number is 720-555-0188, mail sarah@example.org. <b>", actor, world.clock()
        )
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        masks.lift(session, keys, message, Ask(0, "name", guard.VERSION, "danger"), actor, world.clock())
    with world.of("console").write() as session:
        thread = cases.threads(session, session.get_one(Case, case.id))[0]
        conversation.reply(session, keys, thread, "Are you safe?", author=actor, now=world.clock())
    world.clock.forward(minutes=3)
    with world.of("console").write() as session:
        cases.change_state(session, session.get_one(Case, case.id), "resolved", "handled", actor, world.clock())
    return case


def by_graphql(rig: Rig, case: Case, token: str | None = None, **more: str) -> Any:
    found = rig.ask("query($n: String!) { case(number: $n) { id } }", n=case.number)["case"]["id"]
    answer = rig.post(EXPORT, token=token, input={"caseId": found, "format": "niem", **more})
    return answer["data"]["exportCase"]


def sign_in(rig: Rig) -> None:
    form = {"username": rig.account.username, "password": PASSWORD, "next": "/"}
    assert rig.client.post("/sign-in", data=form, follow_redirects=False, headers={"Origin": URL}).status_code == 303


def csrf_of(rig: Rig, case: Case) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', rig.client.get(f"/cases/{case.number}/export").text)
    assert found
    return found[1]


def download(rig: Rig, case: Case, name: str, *, csrf: str | None = None, **form: str) -> httpx2.Response:
    """Press the button of a format on the console's page, with the page's own token or another."""
    token = csrf_of(rig, case) if csrf is None else csrf
    path = f"/cases/{case.number}/export/{name}"
    return rig.client.post(path, data={"csrf": token, **form}, headers={"Origin": URL}, follow_redirects=False)


def document_of(rig: Rig, case: Case, **more: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(by_graphql(rig, case, **more)["document"]["content"])
    export: dict[str, Any] = whole["tip:CaseExport"]
    return export


def exports_of(rig: Rig) -> list[tuple[str, dict[str, Any]]]:
    with rig.world.database.read() as session:
        query = select(Event).where(Event.type == "org.tipline.case.exported").order_by(Event.seq)
        return [(event.actor.partition(":")[0], event.data) for event in session.scalars(query)]


@pytest.mark.parametrize("flavour", ["6.0", "5.2"])
def test_all_three_ways_give_the_same_bytes_and_are_noted(rig: Rig, tipline: Run, flavour: str) -> None:
    case = story(rig)
    shown = by_graphql(rig, case, flavour=flavour)["document"]
    code, printed, said = tipline("niem", case.number, "--flavour", flavour)
    sign_in(rig)
    page = download(rig, case, "niem", flavour=flavour)
    assert (code, said, page.status_code) == (0, "", 200)
    assert shown["content"].encode() == printed == page.content
    assert page.headers["content-type"] == shown["mediaType"] == "application/ld+json"
    assert page.headers["content-disposition"] == f'attachment; filename="{shown["filename"]}"'
    noted = {"format": "niem", "flavour": flavour}
    assert exports_of(rig) == [("token", noted), ("operator", noted), ("account", noted)]


def test_every_export_is_valid_by_the_schema_that_is_shipped(rig: Rig) -> None:
    case = story(rig)
    for flavour in ("6.0", "5.2"):
        schema = json.loads(publishing.published(f"case-{flavour}.schema.json"))
        content = by_graphql(rig, case, flavour=flavour)["document"]["content"]
        assert [fault.message for fault in Draft202012Validator(schema).iter_errors(json.loads(content))] == []


def test_what_a_reporter_told_of_themselves_stays_hidden_though_staff_may_read_it(rig: Rig) -> None:
    case = story(rig)
    export = document_of(rig, case)
    (call,) = export["j:ServiceCall"]
    assert call["nc:ActivityDescriptionText"] == TIP.replace("Sarah Jones", "█" * 11).replace("720-555-0188", "█" * 12)
    whole = json.dumps(export, ensure_ascii=False)
    assert "Sarah" not in whole
    assert "sarah@example.org" not in whole
    assert leaks.search(whole.encode(), [STUDENT, "+17205550188"]) == []
    assert "720-555-0131" in whole, "whom a tip is about is what it is for"


def test_notes_replies_and_who_did_what_are_told(rig: Rig) -> None:
    export = document_of(rig, story(rig))
    events = {one["nc:ActivityCategoryText"]: one for one in export["nc:Incident"]["nc:IncidentEvent"]}
    reply, note = events["message.reply_queued"], events["case.noted"]
    assert reply["nc:ActivityNarrative"] == {"nc:CommentText": "Are you safe?"}
    pseudonym = export["j:ServiceCall"][0]["j:ServiceCallOriginator"]["nc:PersonOtherIdentification"]
    assert reply["tip:PseudonymText"] == pseudonym["nc:IdentificationID"]
    assert note["nc:ActivityNarrative"]["nc:CommentText"].startswith("Her number is ████████████, mail ███")
    assert note["tip:ActingResponder"] == {
        "nc:PersonName": {"nc:PersonFullName": "Ana Ruiz"},
        "tip:RoleCode": "counsellor",
    }
    assert events["case.acknowledged"]["nc:ActivityDescriptionText"] == "Ana Ruiz acknowledged"
    assert "tip:ActingResponder" not in events["case.opened"]
    assert events["page.written"]["nc:ActivityDescriptionText"].startswith("Officer Lee was paged")
    assert export["hs:SchoolResourceOfficer"][0]["nc:PersonName"] == {"nc:PersonFullName": "Officer Lee"}
    names = [one["nc:PersonName"]["nc:PersonFullName"] for one in export["tip:Responder"]]
    assert sorted(names) == ["Ana Ruiz", "Officer Lee"]
    numbers = [one["tip:SequenceNumeric"] for one in export["nc:Incident"]["nc:IncidentEvent"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert export["nc:Case"]["nc:CaseResolutionText"] == "Handled: the person is safe"
    assert export["nc:Case"]["tip:AssignedResponder"]["tip:RoleCode"] == "counsellor"


def test_what_the_rules_saw_is_told_in_plain_words(rig: Rig) -> None:
    export = document_of(rig, story(rig))
    (triage,) = export["j:ServiceCall"][0]["tip:Triage"]
    assert triage["em:EventRiskAssessment"]["nc:AssessmentScoreText"] == "critical"
    assert triage["em:EventRiskAssessment"]["nc:AssessmentOutcomeText"] == "Critical"
    assert "a weapon was seen" in [one["tip:SignText"] for one in triage["em:EventRiskAssessment"]["tip:Sign"]]
    assert triage["hs:SuicideRiskOrRiskOfSelfHarmIndicator"] is True
    assert {"j:TipDomainCode": "H", "j:TipSubclassText": "weapon"} in triage["j:TipTaxonomy"]
    assert export["hs:EducationOrganization"]["nc:OrganizationName"] == "Lincoln High School"
    assert export["nc:DocumentSubmitter"]["nc:EntityOrganization"]["nc:OrganizationIdentification"] == {
        "nc:IdentificationID": "demo"
    }


def test_times_of_reports_are_coarse_and_of_staff_exact(rig: Rig) -> None:
    world = rig.world
    world.clock.now = world.clock.now.replace(minute=14, second=41, microsecond=123_000)
    came = world.clock()
    export = document_of(rig, story(rig))
    coarse = {
        "nc:DateTime": iso(came.replace(minute=0, second=0, microsecond=0)),
        "nc:DateMarginOfErrorDuration": "PT15M",
    }
    assert export["j:ServiceCall"][0]["nc:ActivityReportedDate"] == coarse
    events = {one["nc:ActivityCategoryText"]: one for one in export["nc:Incident"]["nc:IncidentEvent"]}
    exact = {"nc:DateTime": iso(came + timedelta(seconds=68))}
    assert events["case.acknowledged"]["nc:ActivityDate"] == exact == export["nc:Case"]["tip:AcknowledgementDate"]
    assert events["case.noted"]["nc:ActivityDate"] == exact
    whole = json.dumps(export)
    for seconds in (0, 1, 61):
        assert iso(came + timedelta(seconds=seconds))[:19] not in whole, "neither the report nor what follows by itself"
    for kind in ("case.opened", "callout.opened", "page.written"):
        assert "nc:DateMarginOfErrorDuration" in events[kind]["nc:ActivityDate"]


def test_staff_are_roles_alone_where_the_policy_says_so(rig: Rig) -> None:
    case = story(rig)
    object.__setattr__(rig.console, "policy", Policy(60, names_staff=False))
    export = document_of(rig, case)
    whole = json.dumps(export)
    assert "Ana Ruiz" not in whole
    assert "Lee" not in whole
    assert "Counsellor acknowledged" in whole
    assert export["j:ServiceCall"][0]["nc:ActivityReportedDate"]["nc:DateMarginOfErrorDuration"] == "PT60M"


def test_an_export_tells_nothing_of_exports(rig: Rig) -> None:
    case = story(rig)
    first = by_graphql(rig, case)["document"]["content"]
    assert first == by_graphql(rig, case)["document"]["content"]
    assert "export" not in json.dumps(json.loads(first)["tip:CaseExport"]["nc:Incident"]).lower()


def test_attachments_are_facts_and_no_files(rig: Rig) -> None:
    """Nor is a file told by its size, which is coarse: it stands to the byte in a phone and in a carrier's records."""
    case = rig.tip("look at this")
    with rig.world.database.write() as session:
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        for position, (state, kind) in enumerate((("clean", "jpeg"), ("broken", None))):
            session.add(
                Attachment(
                    message_id=message.id, position=position, state=state, kind=kind, size=123_456, original=new_id(),
                    at=rig.world.clock(),
                )
            )  # fmt: skip
    (call,) = document_of(rig, case)["j:ServiceCall"]
    assert call["tip:ReportAttachments"]["nc:Attachment"] == [
        {"nc:BinaryFormatText": "image/jpeg", "nc:BinarySizeValue": 200, "tip:AttachmentStateCode": "clean"},
        {"nc:BinarySizeValue": 200, "tip:AttachmentStateCode": "broken"},
    ]


def test_reports_on_the_web_leave_without_their_receipt(rig: Rig) -> None:
    world = rig.world
    filed = world.report("Tyler has a gun", category="weapon")
    shown = filed.receipt.shown()
    world.answer(filed.receipt, f"it is me again, my code is {shown}")
    with world.database.write() as session:
        said = session.scalars(select(Message).where(Message.direction == "in").order_by(Message.at)).all()
        judged = [(one, assess("Tyler has a gun", Context())) for one in said]
        case = cases.take_messages(session, world.keys["worker"], judged, world.clock())[0].case
    export = document_of(rig, case)
    assert len(export["j:ServiceCall"]) == 2
    assert {one["j:ServiceCallMechanismCode"] for one in export["j:ServiceCall"]} == {"INTERNET-EMAIL"}
    whole = json.dumps(export)
    assert shown not in whole
    assert shown.replace("-", "") not in whole


def test_words_whose_key_is_gone_are_said_to_be_unreadable(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    with rig.world.database.write() as session:
        session.execute(update(Message).where(Message.direction == "in").values(words_sealed=b"\x01" * 90))
    (call,) = document_of(rig, case)["j:ServiceCall"]
    assert call["tip:UnreadableIndicator"] is True
    assert "nc:ActivityDescriptionText" not in call


def test_another_districts_case_is_not_there(rig: Rig, tipline: Run) -> None:
    case = rig.tip("Tyler has a gun")
    asked = by_graphql(rig, case)
    assert asked["document"]
    sign_in(rig)
    csrf = csrf_of(rig, case)
    with rig.world.database.write() as session:
        other = District(id=new_id(), slug="other", name="Other District")
        session.add(other)
        session.flush()
        session.add(School(district_id=other.id, slug="x", name="X"))
        session.execute(update(Case).values(district_id=other.id, school_id=None))
    found = rig.post(EXPORT, input={"caseId": node_id(case), "format": "niem"})["data"]["exportCase"]
    assert [one["code"] for one in found["userErrors"]] == ["NOT_FOUND"]
    assert download(rig, case, "niem", csrf=csrf).status_code == 404
    assert rig.client.get(f"/cases/{case.number}/export").status_code == 404
    assert tipline("niem", case.number, "--district", "demo")[0] == 2
    assert len(exports_of(rig)) == 1


def node_id(case: Case) -> str:
    return str(GlobalID("Case", case.id))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("xml", "CASE"), "The formats are niem"),
        (("niem", "CASE", "--flavour", "7.0"), "The flavours of niem are 6.0, 5.2"),
        (("niem", "2026-9999"), "no case of that number"),
        (("niem", "'; DROP TABLE cases"), "no case of that number"),
        (("niem", "CASE", "--district", "nowhere"), "no case of that number"),
    ],
    ids=["format", "flavour", "number", "nonsense", "district"],
)
def test_nonsense_is_refused_in_one_sentence(rig: Rig, tipline: Run, words: tuple[str, ...], complaint: str) -> None:
    case = rig.tip("Tyler has a gun")
    code, out, said = tipline(*(case.number if word == "CASE" else word for word in words))
    assert (code, out, complaint in said) == (2, b"", True)
    assert exports_of(rig) == []


def test_graphql_says_what_is_wrong_with_what_was_asked(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    assert by_graphql(rig, case, format="xml")["userErrors"][0]["message"].startswith("The formats are niem")
    assert by_graphql(rig, case, flavour="7.0")["userErrors"][0]["code"] == "BAD_INPUT"
    assert exports_of(rig) == []


def test_who_may_read_may_export_and_nobody_else(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    assert by_graphql(rig, case, token=rig.issue("cases:read"))["document"]
    wanted = {"caseId": node_id(case), "format": "niem"}
    assert rig.code(EXPORT, token=rig.issue("events:read"), input=wanted) == "FORBIDDEN"
    page = download(rig, case, "niem", csrf="")
    assert page.status_code == 303
    assert page.headers["location"].startswith("/sign-in")
    assert len(exports_of(rig)) == 1


def test_the_page_offers_each_format_and_the_case_page_leads_there(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    sign_in(rig)
    assert f'href="/cases/{case.number}/export"' in rig.client.get(f"/cases/{case.number}").text
    page = rig.client.get(f"/cases/{case.number}/export").text
    for one in formats.FORMATS.values():
        for flavour in one.flavours:
            assert f'action="/cases/{case.number}/export/{one.name}"' in page
            assert f'name="flavour" value="{flavour}"' in page
    assert download(rig, case, "niem").status_code == 200
    assert "Ana Ruiz exported it (NIEM 6.0)" in rig.client.get(f"/cases/{case.number}").text


def test_no_link_and_no_foreign_form_notes_an_export(rig: Rig) -> None:
    case = rig.tip("Tyler has a gun")
    sign_in(rig)
    path = f"/cases/{case.number}/export/niem"
    assert rig.client.get(path).status_code == rig.client.head(path).status_code == 405
    assert download(rig, case, "niem", csrf="x" * 43).status_code == 403
    form = {"csrf": csrf_of(rig, case)}
    assert rig.client.post(path, data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert exports_of(rig) == []
    assert download(rig, case, "niem").status_code == 200
    assert len(exports_of(rig)) == 1


def test_a_file_is_its_owners_alone(rig: Rig, tipline: Run, tmp_path: Path) -> None:
    case = rig.tip("Tyler has a gun")
    path = tmp_path / "case.jsonld"
    assert tipline("niem", case.number, "--out", str(path)) == (0, b"", "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == tipline("niem", case.number)[1]


def test_a_document_that_cannot_be_noted_is_not_handed_out(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    case = rig.tip("Tyler has a gun")
    sign_in(rig)
    csrf = csrf_of(rig, case)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("responders.exporting.service.emit", fail)
    with pytest.raises(RuntimeError):
        download(rig, case, "niem", csrf=csrf)
    answer = rig.post(EXPORT, input={"caseId": node_id(case), "format": "niem"})
    assert answer.get("data") is None


def test_nothing_of_a_hundred_reporters_leaves(rig: Rig) -> None:
    world, senders = rig.world, [f"+1303555{number:04d}" for number in range(100, 200)]
    for number, sender in enumerate(senders):
        dress = (sender, sender[2:], f"{sender[2:5]}-{sender[5:8]}-{sender[8:]}", " ".join(sender[2:]))[number % 4]
        rig.tip(f"Tyler has a gun in room {number}. i am on {dress} ok", sender=sender)
    with world.database.read() as session:
        found = session.scalars(select(Case)).all()
    exported = b"".join(by_graphql(rig, case)["document"]["content"].encode() for case in found)
    assert exported.count(b"Tyler has a gun in room") >= 100
    assert leaks.search(exported, senders) == []
