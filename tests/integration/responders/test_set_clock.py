"""A clock that is set while people are being called out: nobody is forgotten, nobody is texted again and again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.core.messages import Outbound, SendError
from responders.cases import service as cases
from responders.cases.records import Case, CaseThread
from tests.integration.responders.conftest import PEOPLE, Desk
from triage.model import Assessment, Context


@pytest.mark.parametrize("minutes", [5, 20, 60, 600])
@pytest.mark.parametrize("words", ["critical knife", "high thing"])
def test_a_clock_that_is_set_back_silences_no_callout(desk: Desk, words: str, minutes: int) -> None:
    desk.wait(hours=1)
    desk.tip(words)
    first = desk.paged()
    desk.wait(minutes=-minutes)
    second = desk.paged()
    assert len(second) >= len(first) > 0
    assert desk.paged() == [], "and then at the usual pace"


@pytest.mark.parametrize("words", ["critical knife", "high thing"])
def test_a_clock_that_is_set_back_keeps_the_escalation_list_from_no_callout(desk: Desk, words: str) -> None:
    desk.wait(hours=1)
    desk.tip(words)
    desk.paged()
    desk.wait(hours=-1)
    assert "Cy" in desk.paged()


@pytest.mark.parametrize("words", ["critical knife", "high thing"])
def test_a_failing_phone_brings_no_storm_after_a_clock_was_set_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    send = desk.phones.send

    def refusing(message: Outbound) -> str:
        if message.to == PEOPLE["Ana"]:
            raise SendError("21211", retryable=False)
        return send(message)

    monkeypatch.setattr(desk.phones, "send", refusing)
    desk.wait(hours=1)
    desk.tip(words)
    desk.wait(seconds=1)
    desk.wait(hours=-1)
    for _ in range(20):
        desk.wait(seconds=1)
    assert len(desk.events("page.written")) <= 10
    assert len(desk.paged()) <= 5


def test_a_thread_found_late_is_linked_also_after_a_clock_was_set_back(desk: Desk) -> None:
    desk.wait(hours=2)  # A sweep has looked for late threads up to here.
    desk.wait(hours=-1)
    case = desk.tip("critical knife", threaded=False)
    assert _threads(desk, case) == 0
    desk.world.courier.thread_all()
    desk.worker.run()
    assert _threads(desk, case) == 1


def test_what_failed_rests_no_longer_than_meant_after_a_clock_was_set_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "take_messages", _full_disk)
    message_id = desk.world.text("critical knife")
    desk.world.courier.thread_all()
    desk.worker.run()
    monkeypatch.undo()
    desk.wait(hours=-1)
    assert desk.case_of(message_id) is not None


def test_a_long_queue_keeps_no_page_waiting_when_a_clock_is_set_back_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    judge = desk.engine.__call__

    def judged(text: str, context: Context) -> Assessment:
        written.append(len(desk.events("page.written")))
        desk.world.clock.forward(hours=-1 if len(written) == 1 else 0, seconds=1)
        return judge(text, context)

    monkeypatch.setattr(desk.worker, "assess", judged)
    for place in range(6):
        desk.world.text("critical knife", sender=f"+1303555013{place}")
    desk.world.courier.thread_all()
    desk.worker.run()
    assert len(written) == 6
    assert written[-1] > 0


def _threads(desk: Desk, case: Case) -> int:
    with desk.world.database.read() as session:
        return len(session.scalars(select(CaseThread).where(CaseThread.case_id == case.id)).all())


def _full_disk(*_: object, **__: object) -> None:
    raise OSError("no space left")


def test_a_tip_that_the_courier_never_saw_waits_no_longer_when_a_clock_was_set_back(desk: Desk) -> None:
    desk.wait(hours=1)
    tip = desk.world.text("critical knife")
    desk.wait(hours=-1)
    desk.wait(seconds=6)
    assert desk.case_of(tip) is not None
    assert desk.paged() == ["Ana", "Ben"]
