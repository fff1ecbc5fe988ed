"""Paging: who is texted when, until someone acknowledges."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from gateway.core.messages import Outbound, SendError
from gateway.core.records import Send
from responders.cases.records import Case
from responders.directory import service as directory
from responders.directory.records import Duty
from responders.paging.records import Page
from tests.integration.responders.conftest import Desk, acknowledge
from tests.support.world import SECOND


def test_critical_pages_everyone_on_call_every_minute_then_the_escalation_list_too(desk: Desk) -> None:
    case = desk.tip("critical knife")
    rounds = [desk.paged()]
    for _ in range(4):
        desk.wait(seconds=59)
        assert desk.paged() == []
        desk.wait(seconds=1)
        rounds.append(desk.paged())
    assert rounds == [["Ana", "Ben"]] * 3 + [["Ana", "Ben", "Cy"]] * 2
    assert len(desk.events("callout.escalated")) == 1
    assert acknowledge(desk, case)
    desk.wait(minutes=10)
    assert desk.paged() == []
    assert [event.data["why"] for event in desk.events("callout.closed")] == ["acknowledged"]


def test_high_pages_one_after_the_other_and_begins_again(desk: Desk) -> None:
    desk.tip("high thing")
    rounds = [desk.paged()]
    for _ in range(4):
        desk.wait(seconds=299)
        assert desk.paged() == []
        desk.wait(seconds=1)
        rounds.append(desk.paged())
    assert rounds == [["Ana"], ["Ben"], ["Cy"], ["Ana"], ["Ben"]]


def test_high_goes_to_the_escalation_list_after_a_while_however_long_the_list(desk: Desk) -> None:
    with desk.world.database.write() as session:
        for name, number in (("Eli", "+13035550145"), ("Fay", "+13035550146")):
            desk.ids[name] = directory.add_responder(session, desk.world.district_id, name, "officer", number).id
    desk.duty("on_call", "Ana", "Ben", "Dee", "Eli", "Fay", school=desk.world.school_id)
    desk.tip("high thing")
    for _ in range(3):
        desk.wait(seconds=300)
    assert desk.paged() == ["Ana", "Ben", "Cy", "Dee"]


def test_unsure_runs_on_the_high_clock(desk: Desk) -> None:
    desk.tip("what is this")
    assert "unclear message" in desk.last_text()
    assert desk.paged() == ["Ana"]


@pytest.mark.parametrize("word", ["moderate", "low", "none"])
def test_moderate_and_below_page_nobody(desk: Desk, word: str) -> None:
    desk.tip(f"{word} thing")
    desk.wait(minutes=30)
    assert desk.paged() == []


def test_a_page_says_what_where_which_and_how_but_nothing_of_the_tip(desk: Desk) -> None:
    desk.tip("critical zebra in room 12")
    text = desk.last_text()
    assert text == (
        f"CRITICAL: weapon - Lincoln High School. Case 2026-0001. Reply {desk.code()} to acknowledge. "
        "http://127.0.0.1:8001/cases/2026-0001"
    )
    assert "zebra" not in text
    assert len(text) <= 160


def test_many_tips_of_one_school_are_one_page_with_a_count(desk: Desk) -> None:
    for place in range(20):
        desk.world.text("high thing", sender=f"+1303555{place:04d}")
    desk.world.text("critical knife", sender="+13035559999")
    desk.world.courier.thread_all()
    desk.worker.run()
    assert "(+20 more)" in desk.last_text()
    assert desk.last_text().startswith("CRITICAL")
    assert desk.paged() == ["Ana", "Ben"]
    with desk.world.database.read() as session:
        assert set(session.scalars(select(Page.case_count))) == {21}


def test_a_case_that_joins_makes_no_page_of_its_own_but_is_counted_on_the_next(desk: Desk) -> None:
    desk.tip("high thing")
    assert desk.paged() == ["Ana"]
    desk.wait(minutes=4)
    desk.tip("high other", sender="+13035550199")
    assert desk.paged() == []
    desk.wait(minutes=1)
    assert "(+1 more)" in desk.last_text()
    assert desk.paged() == ["Ben"]
    assert len(desk.callouts()) == 1


def test_a_more_urgent_case_raises_the_callout_at_once(desk: Desk) -> None:
    desk.tip("high thing")
    assert desk.paged() == ["Ana"]
    desk.wait(seconds=10)
    desk.tip("critical knife", sender="+13035550199")
    assert desk.paged() == ["Ana", "Ben"]
    assert len(desk.callouts()) == 1
    assert len(desk.events("callout.raised")) == 1


def test_another_school_is_another_callout(desk: Desk) -> None:
    desk.tip("high thing")
    desk.tip("high other", to=SECOND, sender="+13035550199")
    assert desk.paged() == ["Ana", "Dee"]
    first, second = desk.callouts()
    assert first.code != second.code


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        pytest.param({"on_call", "escalation"}, ["Ana", "Ben", "Cy", "Dee"], id="no list at all: everyone"),
        pytest.param({"on_call"}, ["Cy"], id="nobody on call: escalation"),
        pytest.param({"school"}, ["Dee"], id="no list of the school: the district's"),
    ],
)
def test_an_empty_list_falls_back(desk: Desk, lists: set[str], expected: list[str]) -> None:
    with desk.world.database.write() as session:
        gone = Duty.school_id.is_not(None) if lists == {"school"} else Duty.tier.in_(lists)
        session.execute(delete(Duty).where(gone))
    desk.tip("critical knife")
    assert desk.paged() == expected


def test_a_failed_page_brings_the_next_person_at_once(desk: Desk) -> None:
    desk.tip("high thing")
    desk.paged()
    desk.wait(seconds=5)
    desk.report("Ana", "undelivered")
    desk.worker.run()
    assert desk.paged() == ["Ben"]
    (failed,) = desk.events("page.failed")
    assert failed.data["code"] == "30003"
    desk.wait(seconds=200)
    assert desk.paged() == []


def test_a_phone_that_always_fails_is_tried_once_a_minute(desk: Desk) -> None:
    desk.duty("on_call", "Ana", school=desk.world.school_id)
    desk.duty("escalation")
    desk.tip("high thing")
    tries = []
    for second in range(180):
        if desk.paged():
            tries.append(second)
            desk.report("Ana", "undelivered")
        desk.wait(seconds=1)
    assert len(tries) == 3
    assert all(b - a >= 59 for a, b in itertools.pairwise(tries))


def test_critical_goes_to_the_escalation_list_at_once_when_no_page_arrived(desk: Desk) -> None:
    desk.tip("critical knife")
    desk.paged()
    desk.wait(seconds=2)
    desk.report("Ana", "undelivered")
    desk.worker.run()
    assert desk.paged() == []
    desk.report("Ben", "undelivered")
    desk.worker.run()
    assert desk.paged() == ["Cy"]


def test_a_page_that_could_not_leave_is_replaced_not_piled_up(desk: Desk) -> None:
    desk.duty("on_call", "Ana", school=desk.world.school_id)
    desk.phones.refusals += [SendError("429", retryable=True, retry_after_seconds=600)]
    desk.tip("critical knife")
    assert desk.paged() == []
    desk.wait(seconds=60)
    assert desk.paged() == ["Ana"]
    desk.wait(seconds=30)
    with desk.world.database.read() as session:
        sends = session.scalars(select(Send).where(Send.account == "paging").order_by(Send.created_at)).all()
    assert [(send.status, send.error_code) for send in sends] == [("failed", "withdrawn"), ("sent", None)]
    assert desk.events("page.failed") == []


def test_pages_that_wait_are_taken_back_when_someone_acknowledges(desk: Desk) -> None:
    desk.phones.refusals += [SendError("503", retryable=True, retry_after_seconds=30)] * 2
    case = desk.tip("critical knife")
    acknowledge(desk, case)
    desk.wait(seconds=45)
    assert desk.paged() == []


@pytest.mark.parametrize("carrier", ["refuses", "is slow, then refuses"])
def test_a_page_in_flight_while_someone_acknowledges_never_leaves_later(
    desk: Desk, carrier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.duty("on_call", "Ana", school=desk.world.school_id)
    case: list[Case] = []
    send = desk.phones.send

    def busy(_message: Outbound) -> str:
        """Refuse for an hour; what was being called out for is acknowledged meanwhile, before or after."""
        if carrier != "refuses":
            acknowledge(desk, case[0])
        raise SendError("429", retryable=True, retry_after_seconds=3600)

    desk.world.text("critical knife")
    desk.world.courier.thread_all()
    desk.worker.take_all()
    desk.worker.page_all()
    with desk.world.database.read() as session:
        case.append(session.scalars(select(Case)).one())
    monkeypatch.setattr(desk.phones, "send", busy)
    desk.worker.send_all()
    if carrier == "refuses":
        _acknowledge_under_lease(desk, case[0])
    monkeypatch.setattr(desk.phones, "send", send)
    desk.wait(minutes=61)
    assert desk.paged() == []
    with desk.world.database.read() as session:
        left = session.scalars(select(Send).where(Send.account == "paging")).all()
    assert [(one.status, one.error_code) for one in left] == [("failed", "withdrawn")]
    assert desk.events("page.failed") == []


def _acknowledge_under_lease(desk: Desk, case: Case) -> None:
    """Acknowledge while a worker holds the page: it cannot be taken back then."""
    with desk.world.database.write() as session:
        send = session.scalars(select(Send).where(Send.account == "paging")).one()
        send.lease_until = desk.now + timedelta(seconds=30)
    acknowledge(desk, case)


def test_a_page_in_flight_while_a_newer_one_is_written_never_leaves_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.duty("on_call", "Ana", school=desk.world.school_id)
    desk.duty("escalation")
    send = desk.phones.send

    def slow(_message: Outbound) -> str:
        desk.world.clock.forward(seconds=20)
        desk.worker.page_all()
        raise SendError("429", retryable=True)

    desk.tip("high thing")
    desk.paged()
    desk.world.clock.forward(seconds=290)
    with desk.world.database.write() as session:
        waiting = session.scalars(select(Send).where(Send.account == "paging")).one()
        waiting.status, waiting.lease_until = "queued", None
    monkeypatch.setattr(desk.phones, "send", slow)
    desk.worker.send_all()
    monkeypatch.setattr(desk.phones, "send", send)
    desk.wait(minutes=2)
    assert desk.paged() == ["Ana"]
    assert desk.events("page.failed") == []
