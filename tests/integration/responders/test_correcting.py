"""A responder says what a case really is; the weekly report counts it, and no rule changes."""

import pytest

from gateway.core.errors import BadInput, NotAllowed
from responders.cases import correcting, weekly
from responders.cases.records import Case
from responders.paging import service as paging
from tests.integration.responders.conftest import Desk, acknowledge


def correct(
    desk: Desk, case: Case, severity: str, category: str = "bullying", why: str = "not_so", seen: Case | None = None
) -> bool:
    """Correct as someone at the console would, who looked at the case as it was in `seen`."""
    with desk.world.database.write() as session:
        found, at = session.get_one(Case, case.id), seen.updated_at if seen else None
        return paging.correct(session, found, severity, category, why, "account:1", desk.now, seen=at)


def weeks(desk: Desk) -> list[weekly.Week]:
    """Read the report as the console does."""
    with desk.world.database.read() as session:
        return weekly.read(session, desk.world.keys["console"], desk.world.district_id, desk.now)


def test_a_missed_case_is_raised_and_calls_people(desk: Desk) -> None:
    case = desk.tip("low she gave me her dog")
    assert desk.calls() == []
    assert correct(desk, case, "critical", "suicide_self_harm", "sign_missed")
    desk.worker.run()
    assert desk.calls() == ["Ana", "Ben"]
    again = desk.case(case)
    assert (again.severity, again.life_safety, again.categories[0]) == ("critical", True, "suicide_self_harm")
    (event,) = desk.events("case.corrected")
    assert event.data["old"] == "low"
    assert event.data["why"] == "sign_missed"
    (week,) = [one for one in weeks(desk) if one.missed]
    assert [one.id for one in week.missed] == [case.id]
    assert [(rule.name, rule.missed, rule.over_called) for rule in week.rules] == [("first_word", 1, 0)]


def test_a_case_called_too_grave_is_lowered_once_somebody_has_it(desk: Desk) -> None:
    case = desk.tip("critical lol")
    with pytest.raises(NotAllowed):
        correct(desk, case, "none", "other", "joke")
    assert acknowledge(desk, case)
    desk.calls()
    assert correct(desk, case, "none", "other", "joke")
    desk.wait(minutes=30)
    assert desk.calls() == []
    again = desk.case(case)
    assert (again.severity, again.life_safety, again.urgency_rank) == ("none", False, 0)
    (week,) = [one for one in weeks(desk) if one.over_called]
    assert (week.cases, [one.id for one in week.over_called]) == (1, [case.id])
    assert week.rules[0].over_called == 1


def test_what_the_engine_could_not_tell_is_settled_by_a_person(desk: Desk) -> None:
    case = desk.tip("unsure")
    assert acknowledge(desk, case)
    assert correct(desk, case, "moderate", "bullying", "more_known")
    again = desk.case(case)
    assert (again.severity, again.unsure, again.unsure_reason) == ("moderate", False, None)


def test_a_new_message_may_raise_it_again(desk: Desk) -> None:
    case = desk.tip("critical lol")
    assert acknowledge(desk, case)
    assert correct(desk, case, "low", "other", "joke")
    desk.tip("critical no really")
    assert desk.case(case).severity == "critical"


def test_what_has_changed_since_it_was_looked_at_is_raised_but_not_lowered(desk: Desk) -> None:
    case = desk.tip("moderate one")
    assert acknowledge(desk, case)
    seen = desk.case(case)
    desk.world.clock.forward(seconds=5)
    desk.tip("critical he is here")
    assert acknowledge(desk, case)
    for severity in ("low", "high"):
        with pytest.raises(NotAllowed, match="It changed meanwhile"):
            correct(desk, case, severity, "other", "joke", seen)
    assert desk.case(case).severity == "critical"
    assert correct(desk, case, "high", "other", "joke", desk.case(case))
    assert correct(desk, case, "critical", "other", "more_known", seen)


def test_a_doubt_that_came_meanwhile_is_not_settled_unseen(desk: Desk) -> None:
    case = desk.tip("moderate one")
    assert acknowledge(desk, case)
    seen = desk.case(case)
    desk.wait(minutes=11)
    desk.tip("what")
    assert acknowledge(desk, case)
    with pytest.raises(NotAllowed, match="It changed meanwhile"):
        correct(desk, case, "moderate", "other", "not_so", seen)
    assert desk.case(case).unsure


def test_calls_for_a_case_that_somebody_has_are_not_ended_by_correcting_it(desk: Desk) -> None:
    case = desk.tip("moderate one")
    assert acknowledge(desk, case)
    desk.wait(minutes=11)
    desk.tip("critical he is here")
    assert desk.calls() == ["Ana", "Ben"]
    with pytest.raises(NotAllowed, match="Acknowledge it first"):
        correct(desk, case, "low", "other", "joke")
    assert desk.case(case).severity == "critical"
    assert acknowledge(desk, case)
    assert correct(desk, case, "low", "other", "joke")
    desk.wait(minutes=30)
    assert desk.calls() == []


def test_saying_what_it_says_already_changes_nothing(desk: Desk) -> None:
    case = desk.tip("moderate one")
    assert not correct(desk, case, case.severity, case.categories[0])
    assert desk.events("case.corrected") == []


@pytest.mark.parametrize("said", [("grave", "bullying", "joke"), ("low", "cheese", "joke"), ("low", "bullying", "so")])
def test_unknown_codes_are_refused(desk: Desk, said: tuple[str, str, str]) -> None:
    case = desk.tip("moderate one")
    with pytest.raises(BadInput):
        correct(desk, case, *said)
    with desk.world.database.read() as session:
        assert correcting.of_case(session, case.id) == []


def test_a_week_begins_on_monday_and_old_ones_are_left_out(desk: Desk) -> None:
    case = desk.tip("low one")
    correct(desk, case, "high", "bullying", "sign_missed")
    assert all(week.begins.weekday() == 0 for week in weeks(desk))
    desk.world.clock.forward(days=7)
    assert [len(week.missed) for week in weeks(desk)][:3] == [0, 1, 0]
    desk.world.clock.forward(days=70)
    assert not any(week.missed for week in weeks(desk))


def counts(desk: Desk) -> tuple[int, int, int, int]:
    """Count this week's cases that were called, missed, called too grave, and corrected otherwise."""
    week = weeks(desk)[0]
    return week.called, len(week.missed), len(week.over_called), week.other


def test_the_report_counts_what_triage_called_not_what_people_made_of_it(desk: Desk) -> None:
    called, missed = desk.tip("critical lol"), desk.tip("low one", sender="+13035550132")
    assert acknowledge(desk, called)
    assert correct(desk, called, "none", "other", "joke")
    assert counts(desk) == (1, 0, 1, 0)
    assert correct(desk, missed, "critical", "other", "sign_missed")
    assert counts(desk) == (1, 1, 1, 0)


def test_who_takes_a_correction_back_has_found_no_fault_of_triage(desk: Desk) -> None:
    case = desk.tip("low one")
    assert correct(desk, case, "critical", "other", "sign_missed")
    assert acknowledge(desk, case)
    desk.world.clock.forward(seconds=1)
    assert correct(desk, case, "low", "other", "not_so")
    assert counts(desk) == (0, 0, 0, 1)


def test_what_triage_raises_after_a_correction_counts_as_called(desk: Desk) -> None:
    case = desk.tip("low one")
    assert acknowledge(desk, case)
    assert correct(desk, case, "moderate", "other", "more_known")
    desk.tip("critical he is here")
    assert counts(desk) == (1, 0, 0, 1)
    assert acknowledge(desk, case)
    desk.world.clock.forward(seconds=1)
    assert correct(desk, case, "low", "other", "joke")
    assert counts(desk) == (1, 0, 1, 0)


def test_a_doubt_that_a_person_settled_was_a_call(desk: Desk) -> None:
    case = desk.tip("what")
    assert acknowledge(desk, case)
    assert correct(desk, case, "high", "other", "more_known")
    assert counts(desk) == (1, 0, 0, 1)
