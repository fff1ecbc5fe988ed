"""Whom a further message of a reporter calls out: by where its case stands, what it says, and who has acted lately."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(("minutes", "unsure"), [(1, False), (10, True)], ids=["watched", "quiet"])
def test_what_nobody_could_judge_marks_the_case_unless_somebody_is_on_it(
    desk: Desk, minutes: int, *, unsure: bool
) -> None:
    case = desk.case(_stands(desk, "moderate", "acknowledged", minutes))
    desk.tip(WORDS["engine failure"])
    after = desk.case(case)
    assert (after.unsure, after.unsure_reason) == (unsure, "engine_error" if unsure else None)


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
