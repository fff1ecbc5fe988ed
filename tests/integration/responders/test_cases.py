"""Cases: opened, joined, moved, reopened; urgency only ever rises by itself."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from gateway.core import conversation
from gateway.core.errors import BadInput, NotAllowed
from gateway.core.records import Thread
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.records import Case, CaseThread
from tests.integration.responders.conftest import Desk
from tests.support.world import SECOND, UNKNOWN
from triage.model import Severity

OTHER = "+13035550124"


def test_take_message_opens_a_numbered_case(desk: Desk) -> None:
    first, second = desk.tip("moderate bullying"), desk.tip("low thing", sender=OTHER, to=SECOND)
    assert [first.number, second.number] == ["2026-0001", "2026-0002"]
    assert (first.state, first.severity, first.life_safety, first.unsure) == ("new", "moderate", False, False)
    assert [first.school_id, second.school_id] == [desk.world.school_id, desk.world.second_school_id]
    (opened, _) = desk.events("case.opened")
    assert opened.data["severity"] == "moderate"
    assert opened.subject == f"case/{first.id}"


def test_take_message_keeps_what_the_engine_said_sealed(desk: Desk) -> None:
    case = desk.tip("critical knife")
    with desk.world.database.read() as session:
        (opened,) = cases.assessments(session, desk.world.keys["worker"], case)
        (shut,) = cases.assessments(session, desk.world.keys["intake"], case)
    assert opened.indicators == ({"name": "first_word", "start": 0, "end": 8},)
    assert opened.missing == ("where",)
    assert opened.record.categories == ["weapon"]
    assert shut.indicators == ()
    assert b"first_word" not in opened.record.detail_sealed
    (assessed,) = desk.events("message.assessed")
    assert assessed.data["case"] == case.id
    assert "indicators" not in assessed.data


def test_take_message_joins_the_open_case_of_its_thread_and_never_lowers_it(desk: Desk) -> None:
    first = desk.tip("moderate one")
    assert desk.tip("high two").id == first.id
    after = desk.case(desk.tip("low three"))
    assert (after.severity, after.life_safety, after.urgency_rank) == ("high", True, 3)
    assert after.categories == ["weapon", "bullying"]
    assert desk.engine.contexts[1].floor is Severity.MODERATE
    assert desk.engine.contexts[1].earlier == ("moderate one",)
    assert len(desk.events("case.raised")) == 1
    assert len(desk.events("case.joined")) == 2


def test_take_message_of_another_reporter_opens_another_case(desk: Desk) -> None:
    assert desk.tip("moderate one").id != desk.tip("moderate one", sender=OTHER).id


def test_take_message_reopens_a_resolved_case(desk: Desk) -> None:
    case = desk.tip("moderate one")
    desk.move(case, "resolved")
    assert desk.case(case).acknowledged_by == "account:1"
    assert desk.tip("low two").id == case.id
    after = desk.case(case)
    assert (after.state, after.acknowledged_at, after.acknowledged_by) == ("new", None, None)
    (reopened,) = desk.events("case.reopened")
    assert (reopened.data["why"], reopened.data["new"], reopened.actor) == ("new_message", "new", "reporter")


def test_closing_a_case_makes_the_next_text_a_new_thread_and_reopening_takes_that_back(desk: Desk) -> None:
    case = desk.tip("moderate one")
    desk.move(case, "closed")
    with desk.world.database.read() as session:
        (thread,) = cases.threads(session, case)
        assert thread.closed_at == desk.now
    second = desk.tip("moderate two")
    assert second.id != case.id
    desk.move(case, "reopened", "mistake")
    with desk.world.database.read() as session:
        (thread,) = cases.threads(session, case)
        (newer,) = cases.threads(session, second)
    assert thread.closed_at is None
    assert newer.id != thread.id
    assert desk.case(case).state == "in_progress"
    told = [(kind, event) for kind in ("thread.closed", "thread.reopened") for event in desk.events(kind)]
    assert [(kind, event.subject, event.actor, event.data) for kind, event in told] == [
        ("thread.closed", f"thread/{thread.id}", "account:1", {}),
        ("thread.reopened", f"thread/{thread.id}", "account:1", {}),
    ]


def test_resolving_a_case_and_reopening_it_leaves_its_thread_open(desk: Desk) -> None:
    case = desk.tip("moderate one")
    desk.move(case, "resolved")
    desk.tip("low two")
    assert desk.case(case).state == "new"
    assert desk.events("thread.closed") + desk.events("thread.reopened") == []


def test_a_message_that_was_under_way_when_its_case_closed_reopens_it(desk: Desk) -> None:
    case = desk.tip("moderate one")
    message_id = desk.world.text("low two")
    desk.world.courier.thread_all()
    desk.move(case, "closed")
    desk.worker.run()
    again = desk.case_of(message_id)
    assert again is not None
    assert (again.id, again.state) == (case.id, "new")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        pytest.param(["acknowledged"], "new", id="never back to new"),
        pytest.param(["resolved"], "acknowledged", id="resolved is not acknowledged again"),
        pytest.param([], "reopened", id="a new case is not reopened"),
        pytest.param(["closed"], "resolved", id="closed is not resolved"),
    ],
)
def test_change_state_refuses_moves_that_lead_nowhere(desk: Desk, path: list[str], to: str) -> None:
    case = desk.tip("moderate one")
    for state in path:
        desk.move(case, state)
    with pytest.raises(NotAllowed):
        desk.move(case, to)


@pytest.mark.parametrize(("to", "why"), [("gone", "handled"), ("closed", "because")], ids=["state", "why"])
def test_change_state_refuses_unknown_codes(desk: Desk, to: str, why: str) -> None:
    with pytest.raises(BadInput):
        desk.move(desk.tip("moderate one"), to, why)


def test_change_state_says_who_from_to_and_why(desk: Desk) -> None:
    case = desk.tip("moderate one")
    for state in ("acknowledged", "in_progress", "in_progress", "resolved", "closed"):
        desk.move(case, state)
    moved = [(e.data["old"], e.data["new"], e.data["why"], e.actor) for e in desk.events("case.state_changed")]
    assert moved == [
        ("acknowledged", "in_progress", "handled", "account:1"),
        ("in_progress", "resolved", "handled", "account:1"),
        ("resolved", "closed", "handled", "account:1"),
    ]
    assert len(desk.events("case.acknowledged")) == 1


def test_acknowledge_twice_is_fine(desk: Desk) -> None:
    case = desk.tip("moderate one")
    for _ in range(2):
        with desk.world.database.write() as session:
            cases.acknowledge(session, session.get_one(Case, case.id), "account:1", desk.now)
    assert desk.case(case).acknowledged_by == "account:1"
    assert len(desk.events("case.acknowledged")) == 1


def test_last_act_counts_what_people_did_since_a_reporter_reopened_the_case(desk: Desk) -> None:
    case = desk.tip("moderate one")
    desk.move(case, "resolved")
    desk.wait(minutes=1)
    desk.tip("low two")
    assert _last_act(desk, case) is None
    desk.wait(minutes=1)
    desk.move(case, "acknowledged")
    assert _last_act(desk, case) == desk.now


def _last_act(desk: Desk, case: Case) -> datetime | None:
    with desk.world.database.read() as session:
        return cases.last_act(session, session.get_one(Case, case.id))


def test_assign_takes_people_of_the_district_only(desk: Desk) -> None:
    case = desk.tip("moderate one")
    with desk.world.database.write() as session:
        account = Account(
            district_id=desk.world.district_id, username="ana", name="Ana", role="officer", password_phc="-",
            created_at=desk.now,
        )  # fmt: skip
        session.add(account)
        session.flush()
        mine = session.get_one(Case, case.id)
        cases.assign(session, mine, account.id, "account:1", desk.now)
        with pytest.raises(BadInput):
            cases.assign(session, mine, "nobody", "account:1", desk.now)
    assert desk.case(case).assignee_id == account.id
    assert desk.case(case).state == "new"
    assert len(desk.events("case.assigned")) == 1


def test_notes_are_sealed(desk: Desk) -> None:
    case = desk.tip("moderate one")
    with desk.world.database.write() as session:
        mine = session.get_one(Case, case.id)
        note = cases.add_note(session, desk.world.keys["console"], mine, "Called the parents.", "account:1", desk.now)
        with pytest.raises(BadInput):
            cases.add_note(session, desk.world.keys["console"], mine, "  ", "account:1", desk.now)
    assert b"parents" not in note.words_sealed
    with desk.world.database.read() as session:
        assert [n.text for n in cases.notes(session, desk.world.keys["worker"], case)] == ["Called the parents."]
        assert [n.text for n in cases.notes(session, desk.world.keys["intake"], case)] == [None]


def test_messages_lists_both_sides_of_a_case(desk: Desk) -> None:
    case = desk.tip("moderate one")
    desk.world.clock.forward(seconds=5)
    with desk.world.database.write() as session:
        (thread,) = cases.threads(session, case)
        thread = session.get_one(Thread, thread.id)
        conversation.reply(session, desk.world.keys["console"], thread, "Where?", author="account:1", now=desk.now)
    with desk.world.database.read() as session:
        assert [message.kind for message in cases.messages(session, case)] == ["tip", "receipt", "reply"]
        assert cases.last_act(session, case) == desk.now


def test_a_stray_becomes_an_unsure_case_of_no_school(desk: Desk) -> None:
    case = desk.tip("low thing", to=UNKNOWN)
    assert (case.stray, case.unsure, case.unsure_reason, case.school_id) == (True, True, "unknown_line", None)
    assert desk.paged() == ["Dee"]


def test_an_unthreaded_case_gets_its_thread_later(desk: Desk) -> None:
    case = desk.tip("moderate one", threaded=False)
    desk.world.courier.thread_all()
    desk.worker.run()
    with desk.world.database.read() as session:
        assert len(cases.threads(session, case)) == 1
    assert len(desk.events("case.threaded")) == 1
    assert desk.tip("low two").id == case.id


def test_a_late_thread_of_a_closed_case_is_closed_too(desk: Desk) -> None:
    case = desk.tip("moderate one", threaded=False)
    desk.move(case, "closed")
    desk.world.courier.thread_all()
    desk.worker.run()
    assert len(desk.events("thread.closed")) == 1
    assert desk.tip("moderate two").id != case.id


def test_unthreaded_cases_of_one_reporter_are_joined_into_the_earliest(desk: Desk) -> None:
    found = [
        desk.tip("moderate one", threaded=False),
        desk.tip("high two", threaded=False),
        desk.tip("low 3", threaded=False),
    ]
    assert len({case.id for case in found}) == 3
    desk.world.courier.thread_all()
    desk.worker.run()
    first, *later = (desk.case(case) for case in found)
    assert (first.state, first.severity, first.joined_into_id) == ("new", "high", None)
    assert [(case.state, case.joined_into_id) for case in later] == [("closed", first.id)] * 2
    with desk.world.database.read() as session:
        texts = [
            conversation.words(desk.world.keys["worker"], m)
            for m in cases.messages(session, first)
            if m.direction == "in"
        ]
        assert texts == ["moderate one", "high two", "low 3"]
        assert len(cases.assessments(session, desk.world.keys["worker"], first)) == 3
        assert len(session.scalars(select(CaseThread)).all()) == 1
        (thread,) = cases.threads(session, first)
    assert thread.closed_at is None
    assert [event.data["why"] for event in desk.events("case.state_changed")] == ["duplicate", "duplicate"]


def test_a_joined_case_stays_closed(desk: Desk) -> None:
    first, second = desk.tip("moderate one", threaded=False), desk.tip("low two", threaded=False)
    desk.world.courier.thread_all()
    desk.worker.run()
    with pytest.raises(NotAllowed):
        desk.move(second, "reopened", "mistake")
    assert desk.case(second).joined_into_id == first.id


def test_a_late_message_of_a_resolved_case_reopens_it(desk: Desk) -> None:
    first = desk.tip("moderate one")
    desk.move(first, "resolved")
    second = desk.tip("moderate two", threaded=False)
    assert second.id != first.id
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case(first).state == "new"
    assert desk.case(second).joined_into_id == first.id
