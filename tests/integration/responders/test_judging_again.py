"""What is judged anew after a join is held against the case as it is then, not as it was read before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.core.records import Message
from responders.cases import service as cases
from responders.cases.records import Case
from responders.linker import Linker
from responders.linking import service as linking
from tests.integration.responders.conftest import Desk, acknowledge
from triage import engine
from triage.model import Assessment, Context

FRIEND = "+13035550161"
STRANGER = "+13035550162"


def join(desk: Desk, case: Case, other: Case) -> Case:
    """Join as somebody at the console does."""
    with desk.world.of("console").write() as session:
        one, two = session.get_one(Case, case.id), session.get_one(Case, other.id)
        return linking.join(session, desk.world.keys["console"], one, two, "account:1", desk.now)


def test_a_case_that_was_raised_meanwhile_is_not_lowered(desk: Desk) -> None:
    if desk.world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    case = desk.tip("low one")
    judged = desk.engine("high one", Context())
    with desk.world.of("worker").write() as session:
        found = session.get_one(Case, case.id)
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        with desk.world.database.write() as another:
            one = another.get_one(Case, case.id)
            one.severity, one.life_safety, one.urgency_rank = "critical", True, 4
        assert not cases.judge_again(session, desk.world.keys["worker"], found, message, judged, desk.now)
    assert desk.case(case).severity == "critical"
    assert desk.events("case.raised") == []


def test_what_was_joined_on_meanwhile_is_raised_where_it_belongs_by_now(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desk.tip("low one"), desk.tip("low two", sender=FRIEND)
    third = desk.tip("low three", sender=STRANGER)
    assert join(desk, third, second).id == second.id
    linker = Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock, desk.engine)

    judge = linker._judge_whole

    def judge_whole(likeness_id: str) -> list[tuple[Message, Assessment]]:
        ((message, _), *_) = judge(likeness_id)
        if desk.case(second).joined_into_id is None:
            join(desk, second, first)
        return [(message, desk.engine("critical two", Context()))]

    monkeypatch.setattr(linker, "_judge_whole", judge_whole)
    linker.judge_all()
    assert desk.case(first).severity == "critical"
    assert desk.case(second).severity == "low"
    desk.worker.run()
    assert desk.calls() == ["Ana", "Ben"]


def joined(desk: Desk, assess: Callable[[str, Context], Assessment]) -> tuple[Case, Linker]:
    """Join two calm cases that somebody attends; answers the whole, and a linker that judges like this."""
    first, second = desk.tip("low one"), desk.tip("low two", sender=FRIEND)
    join(desk, second, first)
    acknowledge(desk, first)
    world = desk.world
    return first, Linker(world.of("worker"), world.keys["worker"], world.clock, assess)


def test_doubt_about_the_whole_calls_a_person(desk: Desk) -> None:
    case, linker = joined(desk, lambda _, context: engine.undecided("resembles_danger", context))
    assert linker.judge_all() == 1
    after = desk.case(case)
    assert (after.severity, after.unsure, after.unsure_reason) == ("low", True, "resembles_danger")
    assert [event.data["reason"] for event in desk.events("case.doubted")] == ["resembles_danger"]
    desk.worker.run()
    assert desk.calls() == ["Ana"]
    assert linker.judge_all() == 0


def test_a_whole_that_cannot_be_judged_is_tried_again_and_then_calls_a_person(desk: Desk) -> None:
    case, linker = joined(desk, lambda text, context: desk.engine(f"boom {text}", context))
    assert linker.judge_all() == 0
    assert linker.judge_all() == 0
    assert not desk.case(case).unsure
    desk.world.clock.forward(seconds=16)
    assert linker.judge_all() == 1
    after = desk.case(case)
    assert (after.unsure, after.unsure_reason) == (True, "engine_error")
    desk.worker.run()
    assert desk.calls() == ["Ana"]


def test_a_whole_that_can_be_judged_the_second_time_is_judged_by_what_it_says(desk: Desk) -> None:
    fails = [True]

    def assess(_: str, context: Context) -> Assessment:
        return desk.engine("boom" if fails else "critical", context)

    case, linker = joined(desk, assess)
    assert linker.judge_all() == 0
    fails.clear()
    desk.world.clock.forward(seconds=16)
    assert linker.judge_all() == 1
    after = desk.case(case)
    assert (after.severity, after.unsure) == ("critical", False)


def test_a_doubt_that_a_person_has_settled_does_not_call_again_when_the_whole_is_judged(desk: Desk) -> None:
    case = desk.tip("what")
    acknowledge(desk, case)
    with desk.world.database.write() as session:
        cases.correct(session, session.get_one(Case, case.id), "low", "bullying", "not_so", "account:1", desk.now)
    desk.calls()
    other = desk.tip("low two", sender=FRIEND)
    join(desk, other, case)
    linker = Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock, desk.engine)
    assert linker.judge_all() == 1
    desk.worker.run()
    assert (desk.case(case).unsure, desk.calls()) == (False, [])
