"""Escalating at the console: the form, the preview, a second person, what follows, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy.orm import undefer
from starlette.testclient import TestClient

from exports import cap
from responders import console
from responders.accounts import service as accounts
from responders.escalation.issuing import Issuer
from responders.escalation.records import Alert, AlertDelivery, EscalationRules
from tests.integration.console.conftest import HTML, PASSWORD, URL, Desk
from tests.support.page_forms import Form, tree


@pytest.fixture
def other(desk: Desk) -> Desk:
    """Lee, signed in at another browser."""
    with desk.world.database.write() as session:
        lee = accounts.create(
            session, desk.world.district_id, "Lee", "Lee Park", "officer", PASSWORD, desk.world.clock()
        )
    client = TestClient(console.create(desk.console), base_url=URL, raise_server_exceptions=False)
    made = Desk(desk.world, desk.waker, desk.console, client, lee)
    assert made.sign_in("lee").status_code == 303
    return made


def prepare(desk: Desk, path: str, **typed: str) -> str:
    """Open a form, fill it in and save it; the answer is the page of the draft."""
    form = Form.of(desk.get(path), "area")
    answer = desk.client.post(form.action, data={**form.fields, **typed}, headers=HTML, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def move(desk: Desk, page: str, verb: str) -> int:
    """Press a button of an alert's page."""
    form = next(one for one in tree(desk.get(page).text).forms if str(one.get("action")).endswith(f"/{verb}"))
    data = dict(form.form_values())
    return desk.client.post(f"{page}/{verb}", data=data, headers=HTML, follow_redirects=False).status_code


def issue(desk: Desk) -> int:
    """Let the worker issue what is due, unsigned."""
    world = desk.world
    return Issuer(world.of("worker"), world.keys["worker"], Path("nowhere"), world.clock).issue_all()


def row(desk: Desk, page: str) -> Alert:
    with desk.world.database.read() as session:
        return session.get_one(Alert, page.rpartition("/")[2], options=[undefer("*")])


def test_form_begins_with_template_school_and_assessment_and_no_word_of_the_tip(desk: Desk) -> None:
    case = desk.tip("marcus has a gun in the blue gym")
    page = desk.get(f"/cases/{case.number}")
    assert f'href="/cases/{case.number}/escalate"' in page.text
    answer = desk.get(f"/cases/{case.number}/escalate")
    fields = Form.of(answer, "area").fields
    assert fields["headline.en-US"] == "Lockdown at Lincoln High School"
    assert fields["headline.es-US"] == "Cierre de emergencia en Lincoln High School"
    assert (fields["severity"], fields["certainty"], fields["category"]) == ("Extreme", "Likely", "Security")
    assert (fields["scope"], fields["status"], fields["area"]) == ("Public", "Actual", "Lincoln High School")
    assert not re.search(r"marcus|blue|\bgym\b", answer.text)


def test_another_scenario_and_status_fill_the_form_anew(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    fields = Form.of(desk.get(f"/cases/{case.number}/escalate?scenario=evacuate&status=Exercise"), "area").fields
    assert fields["headline.en-US"] == "DRILL: Everyone must leave Lincoln High School now"
    assert (fields["status"], fields["response"]) == ("Exercise", "Evacuate")
    assert desk.get(f"/cases/{case.number}/escalate?scenario=nonsense").status_code == 400
    assert desk.get(f"/cases/{case.number}/escalate?status=nonsense").status_code == 400


def test_draft_preview_approval_by_another_and_what_went_out(desk: Desk, other: Desk) -> None:
    case = desk.tip("he has a gun")
    page = prepare(desk, f"/cases/{case.number}/escalate")
    shown = desk.get(page).text
    assert "Lockdown at Lincoln High School" in shown
    assert "Cierre de emergencia en Lincoln High School" in shown
    assert "&lt;urgency&gt;Immediate&lt;/urgency&gt;" in shown
    assert move(desk, page, "propose") == 303
    assert 'id="approve"' not in desk.get(page).text
    assert 'id="approve"' in other.get(page).text
    csrf = desk.csrf()
    forced = desk.client.post(f"{page}/approve", data={"csrf": csrf, "revision": "1"}, headers=HTML)
    assert forced.status_code == 403
    assert "Somebody else must approve" in forced.text
    assert row(desk, page).state == "proposed"
    assert move(other, page, "approve") == 303
    assert desk.waker.woken[-1] == "worker"
    assert issue(desk) == 1
    document = other.get(f"{page}.xml")
    assert document.headers["content-type"] == cap.CONTENT_TYPE
    assert document.content == row(desk, page).document
    etree.fromstring(document.content)
    shown = desk.get(page).text
    assert "Sent, stands" in shown
    assert re.search(r"drafted by Dana Ortiz.*approved by Lee Park", shown, re.DOTALL)
    listed = desk.get(f"/cases/{case.number}").text
    assert "Lee Park approved the alert" in listed
    assert f'href="{page}"' in listed
    assert "Lockdown at Lincoln High School" in desk.get("/alerts").text


def test_update_all_clear_and_cancel_follow(desk: Desk, other: Desk) -> None:
    page = prepare(desk, f"/cases/{desk.tip('he has a gun').number}/escalate")
    for verb, who in (("propose", desk), ("approve", other)):
        assert move(who, page, verb) == 303
    issue(desk)
    made = []
    for kind in ("update", "all_clear", "cancel"):
        made.append(prepare(desk, f"{page}/follow/{kind}"))
        for verb, who in (("propose", desk), ("approve", other)):
            assert move(who, made[-1], verb) == 303
        assert issue(desk) == 1
    sent = [cap.read(row(desk, one).document or b"") for one in made]
    assert [len(one.references) for one in sent] == [1, 2, 3]
    assert [one.msg_type for one in sent] == ["Update", "Update", "Cancel"]
    assert 'id="follow-cancel"' not in desk.get(page).text
    again = desk.get(f"{page}/follow/cancel")
    assert again.status_code == 403
    assert "references: this incident was cancelled already" in again.text


def test_faults_are_shown_with_their_element_and_nothing_typed_is_lost(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    form = Form.of(desk.get(f"/cases/{case.number}/escalate"), "area")
    typed = {**form.fields, "lasts_minutes": "0", "headline.en-US": "<b>Careful</b>"}
    answer = desk.client.post(form.action, data=typed, headers=HTML)
    assert answer.status_code == 400
    assert "expires: an alert lasts" in answer.text
    assert Form.of(answer, "area").fields["headline.en-US"] == "<b>Careful</b>"
    page = prepare(desk, f"/cases/{case.number}/escalate", polygons="39.1,-105.1 39.2,-105 39.1,-105", scope="Private")
    shown = desk.get(page).text
    assert "<strong>addresses</strong> is missing" in shown
    assert "polygon[1]</strong> has 3 pairs" in shown
    assert 'id="propose"' not in shown
    forced = desk.client.post(f"{page}/propose", data={"csrf": desk.csrf(), "revision": "1"}, headers=HTML)
    assert forced.status_code == 400
    assert "addresses is missing" in forced.text


def test_an_edit_takes_the_question_back_and_a_schedule_is_kept(desk: Desk, other: Desk) -> None:
    page = prepare(desk, f"/cases/{desk.tip('he has a gun').number}/escalate", starts_at="2026-11-22T09:30")
    assert move(desk, page, "propose") == 303
    assert Form.of(other.get(f"{page}/edit"), "area").fields["starts_at"] == "2026-11-22T09:30"
    assert prepare(other, f"{page}/edit", note="by Lee") == page
    found = row(desk, page)
    assert (found.state, found.revision, found.author) == ("draft", 2, f"account:{other.account.id}")
    assert found.starts_at is not None
    assert found.starts_at.isoformat() == "2026-11-22T16:30:00+00:00"
    assert move(other, page, "propose") == 303
    assert move(desk, page, "approve") == 303
    assert issue(desk) == 0
    assert "Approved, waits for its time" in desk.get(page).text
    assert move(desk, page, "hand-back") == 303
    assert move(desk, page, "discard") == 303
    assert desk.get(page).status_code == 404


def test_a_fault_elsewhere_does_not_make_at_once_of_a_scheduled_alert(desk: Desk) -> None:
    path = f"/cases/{desk.tip('he has a gun').number}/escalate"
    for starts_at, headline in (("2026-11-22T09:30", "x" * 161), ("22 November", "Lockdown")):
        typed = {**Form.of(desk.get(path), "area").fields, "starts_at": starts_at, "headline.en-US": headline}
        answer = desk.client.post(path, data=typed, headers=HTML)
        assert answer.status_code == 400
        assert Form.of(answer, "area").fields["starts_at"] == starts_at
    again = {**Form.of(answer, "area").fields, "starts_at": "2026-11-22T09:30"}
    page = str(desk.client.post(path, data=again, headers=HTML, follow_redirects=False).headers["location"])
    refused = desk.client.post(
        f"{page}/edit", data={**Form.of(desk.get(f"{page}/edit"), "area").fields, "lasts_minutes": "0"}, headers=HTML
    )
    mended = {**Form.of(refused, "area").fields, "lasts_minutes": "30"}
    assert desk.client.post(f"{page}/edit", data=mended, headers=HTML, follow_redirects=False).status_code == 303
    starts = row(desk, page).starts_at
    assert starts is not None
    assert starts.isoformat() == "2026-11-22T16:30:00+00:00"


def test_what_was_given_up_is_tried_again_at_the_press_of_a_button(desk: Desk, other: Desk) -> None:
    page = prepare(desk, f"/cases/{desk.tip('he has a gun').number}/escalate")
    for verb, who in (("propose", desk), ("approve", other)):
        assert move(who, page, verb) == 303
    issue(desk)
    assert 'id="send-again"' not in desk.get(page).text
    now = desk.world.clock()
    with desk.world.database.write() as session:
        session.add(
            AlertDelivery(
                alert_id=page.rpartition("/")[2], way="folder", state="failed", code="410", attempts=3, created_at=now,
                due_at=now, ended_at=now,
            )
        )  # fmt: skip
    desk.waker.woken.clear()
    assert 'id="send-again"' in desk.get(page).text
    assert move(desk, page, "send-again") == 303
    assert desk.waker.woken == ["worker"]
    with desk.world.database.read() as session:
        (delivery,) = session.query(AlertDelivery)
        assert (delivery.state, delivery.attempts, delivery.ended_at) == ("queued", 0, None)
    shown = desk.get(page).text
    assert "Dana Ortiz had it sent again" in shown
    assert 'id="send-again"' not in shown
    assert desk.client.post(f"{page}/send-again", data={"csrf": desk.csrf()}, headers=HTML).status_code == 403


def test_one_person_is_enough_where_the_district_has_it_so(desk: Desk) -> None:
    with desk.world.database.write() as session:
        session.add(EscalationRules(district_id=desk.world.district_id, second_person=False))
    page = prepare(desk, f"/cases/{desk.tip('he has a gun').number}/escalate")
    assert move(desk, page, "approve") == 303
    assert issue(desk) == 1


def test_another_districts_alerts_are_neither_shown_nor_touched(desk: Desk, other_district: str) -> None:
    page = prepare(desk, f"/cases/{desk.tip('he has a gun').number}/escalate")
    csrf = desk.csrf()
    with desk.world.database.write() as session:
        session.get_one(Alert, page.rpartition("/")[2]).district_id = other_district
    for path in (page, f"{page}.xml", f"{page}/edit", f"{page}/follow/update"):
        assert desk.get(path).status_code == 404
    for verb in ("propose", "approve", "hand-back", "discard", "edit", "send-again"):
        data = {"csrf": csrf, "revision": "1"}
        assert desk.client.post(f"{page}/{verb}", data=data, headers=HTML).status_code == 404
    assert page not in desk.get("/alerts").text


def test_nobody_warns_without_signing_in_or_from_another_site(stranger: Desk) -> None:
    case = stranger.tip("he has a gun")
    for path in ("/alerts", f"/cases/{case.number}/escalate", "/alerts/" + "a" * 32):
        assert stranger.get(path).headers["location"].startswith("/sign-in?next=")
    assert (
        stranger.client.post(f"/cases/{case.number}/escalate", headers=HTML, follow_redirects=False).status_code == 303
    )
    assert stranger.world.count(Alert) == 0
    stranger.sign_in()
    forged = stranger.client.post(f"/cases/{case.number}/escalate", data={"csrf": "x"}, headers=HTML)
    assert forged.status_code == 403
    assert stranger.world.count(Alert) == 0
