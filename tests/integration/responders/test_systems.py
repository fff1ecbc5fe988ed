"""What another system tells goes the way of every tip: judged by the worker, paged, never held, never asked back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.core import systems
from gateway.core.records import Message, Send, Source
from gateway.core.systems import Told
from responders.cases.records import Case
from responders.cases.words import UNSURE
from responders.paging import service as paging
from responders.paging.records import Page
from tests.integration.responders.conftest import Desk


@pytest.fixture
def source(desk: Desk) -> Source:
    world = desk.world
    with world.database.write() as session:
        return systems.add(session, world.district(session), None, "Front desk", None, world.clock())[0]


def tell(desk: Desk, source: Source, *told: Told) -> list[Case]:
    """Let a system tell something and the worker work; the answer is all cases there are, in order."""
    world = desk.world
    systems.receive(world.of("intake"), world.keys["intake"], source, told, world.clock())
    world.clock.forward(seconds=1)
    desk.worker.run()
    with world.database.read() as session:
        return list(session.scalars(select(Case).order_by(Case.number)))


def told(number: int, words: str, subject: str | None = None, *, doubt: str | None = None) -> Told:
    return Told("//desk", str(number), words, subject, "lincoln", doubt)


def pages(desk: Desk) -> int:
    return desk.world.count(Page)


def test_danger_pages_people_without_the_courier(desk: Desk, source: Source) -> None:
    (case,) = tell(desk, source, told(1, "critical a gun"))
    assert (case.severity, case.school_id, case.life_safety) == ("critical", desk.world.school_id, True)
    assert pages(desk) == 2, "both who are on call"


def test_the_worker_joins_what_is_told_about_the_same_thing(desk: Desk, source: Source) -> None:
    tell(desk, source, told(1, "low noise", "visit/1"))
    desk.world.clock.forward(minutes=1)
    (case, other) = tell(desk, source, told(2, "critical a gun", "visit/1"), told(3, "low noise", "visit/2"))
    assert (case.severity, other.severity) == ("critical", "low")
    assert pages(desk) == 2, "both who are on call"


def test_an_unknown_event_calls_a_person_however_calm_it_sounds(desk: Desk, source: Source) -> None:
    (case,) = tell(desk, source, told(1, "low noise", doubt=systems.UNKNOWN))
    assert (case.unsure, case.unsure_reason, case.stray) == (True, "unknown_event", False)
    assert pages(desk) == 1


@pytest.mark.parametrize("done", ["in_progress", "resolved"])
@pytest.mark.parametrize(("doubt", "expected"), [(None, 0), (systems.UNKNOWN, 1), (systems.UNCLEAR, 1)])
def test_an_unknown_event_on_a_case_that_lies_quiet_calls_a_person_as_if_it_opened_one(
    desk: Desk, source: Source, doubt: str | None, expected: int, done: str
) -> None:
    (case,) = tell(desk, source, told(1, "low noise", "visit/1"))
    desk.move(case, done)
    desk.wait(minutes=10)
    (same,) = tell(desk, source, told(2, "low noise", "visit/1", doubt=doubt))
    assert (same.id, same.unsure_reason) == (case.id, doubt)
    assert pages(desk) == expected


def test_an_unknown_event_calls_nobody_while_a_person_is_on_its_case(desk: Desk, source: Source) -> None:
    (case,) = tell(desk, source, told(1, "low noise", "visit/1"))
    desk.move(case, "in_progress")
    desk.wait(minutes=1)
    tell(desk, source, told(2, "low noise", "visit/1", doubt=systems.UNKNOWN))
    assert pages(desk) == 0


@pytest.mark.parametrize("doubt", sorted(systems.DOUBTS))
def test_that_nobody_was_told_of_an_event_is_said_before_what_is_odd_about_it(
    desk: Desk, source: Source, monkeypatch: pytest.MonkeyPatch, doubt: str
) -> None:
    monkeypatch.setattr(paging, "call_out", _fails)
    tell(desk, source, told(1, "low noise", doubt=doubt))
    desk.wait(seconds=16)
    with desk.world.database.read() as session:
        case = session.scalars(select(Case)).one()
    assert (case.unsure, case.unsure_reason) == (True, "not_paged")
    assert UNSURE["not_paged"].endswith("Nobody has been told of this yet.")
    assert pages(desk) == 0
    monkeypatch.undo()
    desk.wait(seconds=16)
    assert pages(desk) == 1


def _fails(*_: object) -> None:
    raise RuntimeError


def test_nothing_is_asked_back_and_nothing_is_texted_to_a_system(desk: Desk, source: Source) -> None:
    (case,) = tell(desk, source, told(1, "hm"))
    assert case.unsure
    with desk.world.database.read() as session:
        assert session.scalars(select(Message).where(Message.direction == "out")).all() == []
        assert session.scalars(select(Send).where(Send.thread_id.is_not(None))).all() == []


def test_many_at_once_are_all_taken(desk: Desk, source: Source) -> None:
    cases = tell(desk, source, *(told(number, "low noise") for number in range(60)))
    assert len(cases) == 60
