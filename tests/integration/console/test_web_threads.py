"""A web thread at the console: shown like any other, answered, and read back without giving away when."""

from __future__ import annotations

import pytest

from gateway.core.desk import Filed
from gateway.core.records import Message, Send
from responders.accounts.gate import QUIET_HEADER
from responders.cases import service as cases
from responders.cases.records import Case
from tests.integration.console.conftest import Desk
from triage.engine import assess

HTML_EVERYWHERE = "<script>alert('x')</script>"


def report(desk: Desk, words: str, **parts: object) -> tuple[Case, Filed]:
    filed = desk.world.report(words, **parts)
    with desk.world.database.write() as session:
        message = session.get_one(Message, filed.message_id)
        taken = cases.take_messages(session, desk.world.keys["worker"], [(message, assess(words))], desk.world.clock())[
            0
        ]
    return taken.case, filed


def shown(desk: Desk, case: Case) -> str:
    return desk.get(f"/cases/{case.number}").text


def test_a_report_is_shown_with_what_was_chosen_and_everything_escaped(desk: Desk) -> None:
    mine = dict.fromkeys(("where", "when", "who"), HTML_EVERYWHERE)
    case, _ = report(desk, f"{HTML_EVERYWHERE} \x00 \ud83d he has a gun", category="weapon", **mine)
    page = shown(desk, case)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 4
    assert "Where: &lt;script&gt;" in page
    assert "The reporter chose: Weapon." in page
    assert "on the web" in page
    assert "Lincoln High School" in page


def test_a_reply_waits_and_that_it_was_read_is_told_when_the_hour_is_over(desk: Desk) -> None:
    case, filed = report(desk, "he has a gun")
    answer = desk.post(f"/cases/{case.number}/threads/{filed.thread_id}/reply", text="are you safe?")
    assert answer.status_code == 303
    assert desk.world.count(Send) == 0
    assert "Waits for the reporter to come back" in shown(desk, case)
    desk.world.clock.forward(minutes=10)
    assert [one.text for one in desk.world.come_back(filed.receipt).entries] == ["he has a gun", "are you safe?"]
    desk.world.clock.forward(minutes=49)
    assert "Waits for the reporter to come back" in shown(desk, case), "in that hour nobody is told"
    desk.world.clock.forward(minutes=1)
    page = shown(desk, case)
    assert "Waits for the reporter" not in page
    assert "Read, in the hour from" in page


def test_opening_the_page_is_seen_and_a_page_that_refreshes_itself_is_not(desk: Desk) -> None:
    case, filed = report(desk, "he has a gun")
    assert desk.get(f"/cases/{case.number}", **{QUIET_HEADER: "1"}).status_code == 200
    assert desk.world.come_back(filed.receipt).seen_at is None
    assert desk.get("/").status_code == 200
    assert desk.world.come_back(filed.receipt).seen_at is None, "the inbox shows no conversation"
    shown(desk, case)
    assert desk.world.come_back(filed.receipt).seen_at == desk.world.clock()


def test_a_stranger_who_asks_for_the_page_has_not_seen_it(stranger: Desk) -> None:
    case, filed = report(stranger, "he has a gun")
    assert stranger.get(f"/cases/{case.number}").status_code == 303
    assert stranger.world.come_back(filed.receipt).seen_at is None


@pytest.mark.parametrize("text", ["", "x" * 1601])
def test_a_reply_that_cannot_be_left_comes_back_with_its_words(desk: Desk, text: str) -> None:
    case, filed = report(desk, "he has a gun")
    answer = desk.post(f"/cases/{case.number}/threads/{filed.thread_id}/reply", text=text)
    assert answer.status_code == 409
    assert len(desk.world.come_back(filed.receipt).entries) == 1
