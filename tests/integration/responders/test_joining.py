"""Cases that turn out to be one: who attends them, and whom they call out."""

from __future__ import annotations

import pytest

from tests.integration.responders.conftest import Desk, acknowledge


def test_the_calls_of_a_joined_case_go_on_with_the_earlier_one(desk: Desk) -> None:
    first = desk.tip("moderate one", threaded=False)
    second = desk.tip("critical two", threaded=False)
    assert desk.paged() == ["Ana", "Ben"]
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case(second).joined_into_id == first.id
    assert desk.paged() == []
    desk.wait(seconds=60)
    assert f"Case {first.number}." in desk.last_text()
    assert desk.paged() == ["Ana", "Ben"]
    assert acknowledge(desk, first)
    assert desk.callouts() == []


@pytest.mark.parametrize(
    ("later", "goes_on"),
    [pytest.param("high two", False, id="nothing worse"), pytest.param("critical two", True, id="worse")],
)
def test_a_late_message_of_an_attended_case_calls_on_only_when_it_is_worse(
    desk: Desk, later: str, *, goes_on: bool
) -> None:
    first = desk.tip("high one")
    acknowledge(desk, first)
    second = desk.tip(later, threaded=False)
    assert desk.paged()
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case(second).joined_into_id == first.id
    desk.paged()
    desk.wait(seconds=60)
    assert bool(desk.paged()) is goes_on
    assert bool(desk.callouts()) is goes_on


def test_a_late_message_that_is_left_to_whoever_attends_the_case_calls_out_when_nothing_is_done(desk: Desk) -> None:
    first = desk.tip("high one")
    acknowledge(desk, first)
    desk.tip("what", threaded=False)
    _join(desk)
    after = desk.case(first)
    assert (after.state, after.unsure, desk.callouts()) == ("acknowledged", True, [])
    desk.calls()
    desk.wait(seconds=179)
    assert desk.calls() == []
    desk.wait(seconds=1)
    assert desk.calls() == ["Ana"]


def _join(desk: Desk) -> None:
    desk.world.courier.thread_all()
    desk.worker.run()


def test_joining_keeps_that_a_person_has_taken_it_up(desk: Desk) -> None:
    first = desk.tip("moderate one", threaded=False)
    second = desk.tip("critical two", threaded=False)
    desk.reply_untold("Ana", desk.code())
    assert desk.case(second).state == "acknowledged"
    taken = desk.case(second)
    desk.paged()
    _join(desk)
    after = desk.case(first)
    assert (after.severity, after.state) == ("critical", "acknowledged")
    assert (after.acknowledged_at, after.acknowledged_by) == (taken.acknowledged_at, taken.acknowledged_by)
    carried = [event for event in desk.events("case.state_changed") if event.subject == f"case/{first.id}"]
    assert [(event.data["old"], event.data["new"]) for event in carried] == [("new", "acknowledged")]
    assert desk.last_text() == "Ana has case 2026-0002."
    assert desk.paged() == ["Ben"]
    desk.wait(minutes=5)
    assert desk.paged() == []
    desk.tip("critical more")
    assert desk.last_text().startswith("New message in case 2026-0001."), "what was done about the joined case counts"
    assert desk.paged() == ["Ana"]
    desk.wait(minutes=6)
    desk.tip("high more")
    assert desk.paged() == ["Ana"]


def test_joining_what_is_attended_into_what_calls_out_lets_the_calls_go_on(desk: Desk) -> None:
    first = desk.tip("critical one", threaded=False)
    second = desk.tip("low two", threaded=False)
    acknowledge(desk, second)
    desk.paged()
    _join(desk)
    assert desk.case(first).state == "new"
    desk.wait(seconds=60)
    assert desk.paged() == ["Ana", "Ben"]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        pytest.param("moderate one", "critical two", ["Ana", "Ben"], id="worse"),
        pytest.param("moderate one", "what", ["Ana"], id="unsure"),
        pytest.param("moderate one", "low two", [], id="calm"),
    ],
)
def test_joining_what_somebody_resolved_into_what_nobody_attends_calls_out(
    desk: Desk, earlier: str, later: str, expected: list[str]
) -> None:
    first, second = desk.tip(earlier, threaded=False), desk.tip(later, threaded=False)
    desk.move(second, "resolved")
    desk.worker.run()
    desk.paged()
    _join(desk)
    assert desk.case(first).state == "new"
    assert desk.paged() == expected


@pytest.mark.parametrize(("late", "expected"), [("none thanks", []), ("high two", ["Ana"])], ids=["calm", "high"])
def test_joining_a_late_message_into_a_resolved_case_calls_out_for_what_is_new(
    desk: Desk, late: str, expected: list[str]
) -> None:
    first = desk.tip("critical one")
    desk.move(first, "resolved")
    desk.worker.run()
    desk.tip(late, threaded=False)
    _join(desk)
    assert desk.case(first).state == "new"
    desk.paged()
    desk.wait(minutes=5)
    assert bool(desk.paged()) == bool(expected)


def test_joining_what_is_attended_into_a_resolved_case_keeps_the_person(desk: Desk) -> None:
    first = desk.tip("critical one")
    desk.move(first, "resolved")
    desk.worker.run()
    second = desk.tip("high two", threaded=False)
    acknowledge(desk, second)
    desk.paged()
    _join(desk)
    assert desk.case(first).state == "acknowledged"
    assert desk.last_text() == "Case 2026-0002 is taken."
    assert desk.paged() == ["Ana"]
    desk.wait(minutes=6)
    assert desk.paged() == []
