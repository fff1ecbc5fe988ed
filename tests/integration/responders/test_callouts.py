"""Callouts: what ends the calls for a case, and what begins them anew."""

from __future__ import annotations

import pytest

from gateway.core import conversation
from gateway.core.records import Thread
from responders.cases import service as cases
from responders.cases.records import Case
from responders.paging import service as paging
from tests.integration.responders.conftest import Desk, acknowledge


@pytest.mark.parametrize("to", ["acknowledged", "in_progress", "resolved", "closed"])
def test_moving_a_new_case_ends_its_calls(desk: Desk, to: str) -> None:
    case = desk.tip("high thing")
    desk.paged()
    desk.move(case, to)
    desk.worker.run()
    assert desk.callouts() == []
    assert desk.case(case).acknowledged_by == "account:1"
    desk.wait(minutes=10)
    assert desk.calls() == []


def test_a_new_case_does_not_join_a_callout_whose_cases_are_done(desk: Desk) -> None:
    case = desk.tip("high thing")
    desk.move(case, "resolved")
    desk.paged()
    desk.tip("high other", sender="+13035550199")
    assert not [text for text in desk.phones.texts if "more)" in text]
    assert desk.calls() == ["Ana"]


def test_acknowledging_one_case_leaves_the_others_calling(desk: Desk) -> None:
    first = desk.tip("critical knife")
    second = desk.tip("high other", sender="+13035550199")
    desk.paged()
    assert acknowledge(desk, first)
    (callout,) = desk.callouts()
    assert callout.urgency == "high"
    desk.wait(seconds=60)
    (page,) = [text for text in desk.phones.texts if " to acknowledge" in text]
    assert f"Case {second.number}." in page


def test_acknowledge_twice_changes_nothing_more(desk: Desk) -> None:
    case = desk.tip("critical knife")
    assert [acknowledge(desk, case), acknowledge(desk, case)] == [True, False]
    assert len(desk.events("case.acknowledged")) == 1
    assert len(desk.events("callout.closed")) == 1


@pytest.mark.parametrize(
    ("first", "then", "minutes", "expected"),
    [
        pytest.param("moderate thing", "critical knife", 1, ["Ana", "Ben"], id="raised to critical"),
        pytest.param("moderate thing", "high thing", 1, ["Ana"], id="raised to high"),
        pytest.param("critical knife", "critical more", 1, [], id="critical while a person is on it"),
        pytest.param("critical knife", "critical more", 11, ["Ana", "Ben"], id="critical, nobody acted"),
        pytest.param("critical knife", "none thanks", 11, [], id="a thank-you on a critical case"),
        pytest.param("critical knife", "high more", 11, ["Ana"], id="high on a critical case, on its own clock"),
        pytest.param("high thing", "high more", 5 * 24 * 60, ["Ana"], id="high again after days"),
    ],
)
def test_an_attended_case_calls_out_again_only_when_it_must(
    desk: Desk, first: str, then: str, minutes: int, expected: list[str]
) -> None:
    case = desk.tip(first)
    acknowledge(desk, case)
    desk.paged()
    desk.wait(minutes=minutes)
    desk.tip(then)
    assert desk.calls() == expected
    assert len(desk.callouts()) == bool(expected)


def test_a_note_or_a_reply_counts_as_acting(desk: Desk) -> None:
    case = desk.tip("critical knife")
    acknowledge(desk, case)
    desk.paged()
    desk.wait(minutes=9)
    with desk.world.database.write() as session:
        (thread,) = cases.threads(session, case)
        thread = session.get_one(Thread, thread.id)
        conversation.reply(session, desk.world.keys["console"], thread, "Where?", author="account:1", now=desk.now)
    desk.wait(minutes=9)
    desk.tip("critical more")
    assert desk.calls() == []


def test_a_case_called_out_again_ends_with_a_second_acknowledgement(desk: Desk) -> None:
    case = desk.tip("critical knife")
    acknowledge(desk, case)
    desk.wait(minutes=11)
    desk.tip("critical more")
    desk.paged()
    assert acknowledge(desk, case)
    assert desk.callouts() == []
    assert desk.case(case).acknowledged_at == desk.now
    assert [event.data.get("again") for event in desk.events("case.acknowledged")] == [None, True]


@pytest.mark.parametrize(
    ("then", "expected"),
    [("none thanks", []), ("high thing", ["Ana"]), ("critical knife", ["Ana", "Ben"]), ("what", ["Ana"])],
    ids=["thanks", "high", "critical", "unsure"],
)
def test_a_reopened_case_calls_out_for_what_is_new(desk: Desk, then: str, expected: list[str]) -> None:
    case = desk.tip("high thing")
    desk.move(case, "resolved")
    desk.worker.run()
    desk.paged()
    assert desk.tip(then).id == case.id
    assert desk.paged() == expected


def test_codes_are_four_digits_and_rest_a_day(desk: Desk) -> None:
    assert [_first_free_code(desk) for _ in range(3)] == ["2100", "2101", "2102"]
    desk.wait(days=2)
    assert _first_free_code(desk) == "2100"


def _first_free_code(desk: Desk) -> str:
    """Open a callout with the lowest code that may be had, and end it."""
    case = _unpaged(desk)
    with desk.world.database.write() as session:
        mine = session.get_one(Case, case.id)
        callout = paging.call_out(session, mine, "high", desk.now, choose=lambda _n: 0)
        assert callout is not None
    acknowledge(desk, case)
    return callout.code


def _unpaged(desk: Desk) -> Case:
    """Make a case that nobody is called out for."""
    return desk.tip("moderate thing", sender=f"+1303555{1000 + len(desk.events('case.opened'))}")
