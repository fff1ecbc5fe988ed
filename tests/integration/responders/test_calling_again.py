"""Whom a further message of a reporter calls out: by where its case stands, what it says, and who has acted lately."""

from __future__ import annotations

import pytest

from gateway.core import conversation
from responders import dispatch
from responders.cases import service as cases
from responders.cases.records import Case
from responders.paging import service as paging
from tests.integration.responders.conftest import Desk

NOBODY: list[str] = []
FIRST, ALL = ["Ana"], ["Ana", "Ben"]
WORDS = {
    "none": "none thanks",
    "moderate": "moderate more",
    "high": "high he has pills tonight",
    "critical": "critical now",
    "unsure": "what",
    "engine failure": "boom",
    "picture": "",
}
"""What is texted; the desk's engine goes by the first word."""
BY_ITSELF = {
    "none": NOBODY,
    "moderate": NOBODY,
    "high": FIRST,
    "critical": ALL,
    "unsure": FIRST,
    "engine failure": FIRST,
    "picture": FIRST,
}
"""Whom a message calls out that counts by itself."""
ONLY_WORSE = dict.fromkeys(WORDS, NOBODY)
TABLE = {
    # where the case stands: (how severe it is, what was done to it, minutes ago, whom each message calls out)
    "moderate, acknowledged just now": ("moderate", "acknowledged", 1, ONLY_WORSE | {"high": FIRST, "critical": ALL}),
    "moderate, in progress just now": ("moderate", "in_progress", 1, ONLY_WORSE | {"high": FIRST, "critical": ALL}),
    "moderate, quiet": ("moderate", "in_progress", 10, BY_ITSELF),
    "high, acknowledged just now": ("high", "acknowledged", 1, ONLY_WORSE | {"critical": ALL}),
    "high, quiet": ("high", "acknowledged", 10, BY_ITSELF),
    "high, quiet for days": ("high", "in_progress", 5 * 24 * 60, BY_ITSELF),
    "critical, acknowledged just now": ("critical", "acknowledged", 1, ONLY_WORSE),
    "critical, quiet": ("critical", "acknowledged", 10, BY_ITSELF),
    "critical, resolved just now": ("critical", "resolved", 1, BY_ITSELF),
    "critical, resolved long ago": ("critical", "resolved", 60, BY_ITSELF),
    "moderate, new": ("moderate", "", 10, BY_ITSELF),
}


@pytest.mark.parametrize("says", WORDS)
@pytest.mark.parametrize("stands", TABLE)
def test_a_message_calls_out(desk: Desk, stands: str, says: str) -> None:
    first, done, minutes, expected = TABLE[stands]
    case = _stands(desk, first, done, minutes)
    again = desk.tip(WORDS[says])
    assert again.id == case.id
    assert desk.paged() == expected[says]
    assert len(desk.callouts()) == bool(expected[says])


@pytest.mark.parametrize("calm", ["none", "moderate"])
@pytest.mark.parametrize("says", ["high", "critical", "unsure", "engine failure", "picture"])
def test_a_case_that_a_calm_text_reopened_is_nobodys_and_calls_out_for_what_follows(
    desk: Desk, calm: str, says: str
) -> None:
    case = _stands(desk, "critical", "resolved", 1)
    desk.tip(WORDS[calm])
    assert (desk.case(case).state, desk.paged()) == ("new", NOBODY)
    desk.tip(WORDS[calm])
    assert desk.paged() == NOBODY
    desk.tip(WORDS[says])
    assert desk.paged() == BY_ITSELF[says]


@pytest.mark.parametrize("minutes", [1, 10], ids=["watched", "quiet"])
def test_what_nobody_could_judge_marks_the_case_though_somebody_is_on_it(desk: Desk, minutes: int) -> None:
    case = desk.case(_stands(desk, "moderate", "acknowledged", minutes))
    desk.tip(WORDS["engine failure"])
    after = desk.case(case)
    assert (after.unsure, after.unsure_reason) == (True, "engine_error")


@pytest.mark.parametrize("says", [*WORDS, "asks"])
def test_what_is_left_to_whom_no_text_can_tell_calls_out_after_three_minutes(desk: Desk, says: str) -> None:
    _stands(desk, "critical", "acknowledged", 1)
    desk.tip(WORDS.get(says, "hm"))
    desk.wait(seconds=179)
    assert desk.calls() == NOBODY
    desk.wait(seconds=1)
    assert desk.calls() == (BY_ITSELF | {"asks": FIRST})[says]


@pytest.mark.parametrize("says", ["unsure", "critical"])
def test_what_is_left_to_who_was_told_by_text_calls_out_when_they_do_nothing(desk: Desk, says: str) -> None:
    case = _taken_by_ana(desk)
    desk.tip(WORDS[says])
    assert [message.text.split(" http")[0] for message in desk.phones.sent] == [f"New message in case {case.number}."]
    desk.wait(minutes=9, seconds=59)
    assert desk.calls() == NOBODY
    desk.wait(seconds=1)
    assert desk.calls() == BY_ITSELF[says]
    assert desk.callouts()[0].urgency == ("critical" if says == "critical" else "high")


@pytest.mark.parametrize("act", ["note", "state", "reply"])
def test_what_is_left_to_who_then_acts_calls_nobody(desk: Desk, act: str) -> None:
    case = _taken_by_ana(desk)
    desk.tip(WORDS["picture"])
    desk.world.clock.forward(minutes=9)
    with desk.world.of("console").write() as session:
        found, keys = session.get_one(Case, case.id), desk.world.keys["console"]
        if act == "note":
            cases.add_note(session, keys, found, "I see it.", "account:1", desk.now)
        elif act == "state":
            cases.change_state(session, found, "in_progress", "started", "account:1", desk.now)
        else:
            (thread,) = cases.threads(session, found)
            conversation.reply(session, keys, thread, "Where are you?", author="account:1", now=desk.now)
    for _ in range(12):
        desk.wait(minutes=1)
    assert desk.calls() == NOBODY


def test_what_is_left_calls_out_once_until_somebody_answers_and_no_more_then(desk: Desk) -> None:
    case = _taken_by_ana(desk)
    for _ in range(3):
        desk.tip(WORDS["unsure"])
    desk.wait(minutes=10)
    assert desk.calls() == FIRST
    with desk.world.of("clock").read() as session:
        assert paging.left_alone(session, desk.now) == []
    desk.reply("Ana", desk.code())
    desk.calls()
    for _ in range(15):
        desk.wait(minutes=1)
    assert desk.calls() == NOBODY
    assert desk.case(case).state == "acknowledged"


def test_the_clock_wakes_the_worker_for_what_was_left(desk: Desk) -> None:
    _stands(desk, "critical", "acknowledged", 1)
    desk.tip(WORDS["critical"])
    for seconds, due in ((179, False), (1, True)):
        desk.world.clock.forward(seconds=seconds)
        with desk.world.of("clock").read() as session:
            assert dispatch.due(session, desk.now) == due


@pytest.mark.parametrize("says", WORDS)
def test_what_another_system_acknowledged_is_watched_by_nobody(desk: Desk, says: str) -> None:
    case = desk.tip("moderate one")
    with desk.world.database.write() as session:
        paging.acknowledge(session, session.get_one(Case, case.id), "token:1", desk.now)
    desk.wait(minutes=1)
    desk.tip(WORDS[says])
    assert desk.calls() == BY_ITSELF[says]


def _taken_by_ana(desk: Desk) -> Case:
    """Make a critical case that Ana answered for with her phone a minute ago."""
    case = desk.tip("critical one")
    desk.reply("Ana", desk.code())
    desk.wait(minutes=1)
    desk.phones.sent.clear()
    return case


def _stands(desk: Desk, severity: str, done: str, minutes: int) -> Case:
    """Make a case that was worked on so many minutes ago, its calls over."""
    case = desk.tip(f"{severity} one")
    if done == "acknowledged":
        with desk.world.database.write() as session:
            paging.acknowledge(session, session.get_one(Case, case.id), "account:1", desk.now)
    elif done:
        desk.move(case, done)
    desk.wait(minutes=minutes)
    desk.paged()
    assert desk.callouts() == []
    return case
