from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from gateway.core.events import emit
from gateway.core.records import Thread
from responders.accounts import service as accounts
from responders.cases import service as cases
from responders.cases.records import Case
from responders.cases.words import ASK
from responders.directory import service as directory
from responders.paging import service as paging
from responders.paging.records import Callout
from tests.integration.console.conftest import HTML, PASSWORD, Desk
from tests.support.world import PAGING
from triage.model import HELD_BACK


def test_inbox_puts_the_most_urgent_first_and_those_nobody_has_before_others(desk: Desk) -> None:
    low = desk.tip("bikes get stolen", "low", sender="+13035550001")
    taken = desk.tip("he has a gun", "critical", sender="+13035550002")
    unsure = desk.tip("k", "none", unsure="too_short", sender="+13035550003")
    desk.world.clock.forward(minutes=3)
    waiting = desk.tip("she has a gun", "critical", sender="+13035550004")
    desk.post(f"/cases/{taken.number}/acknowledge")
    text = desk.get("/").text
    assert re.findall(r'id="case-([\d-]+)"', text) == [waiting.number, taken.number, unsure.number, low.number]
    assert "3 min" in text
    assert "<strong>3 cases</strong> nobody has yet" in text
    assert "<title>(3) Inbox" in text


def test_inbox_is_cut_into_pages_and_filtered(desk: Desk) -> None:
    made = [desk.tip("he has a gun", "high", sender=f"+1303555{1000 + n}") for n in range(27)]
    desk.post(f"/cases/{made[0].number}/state", to="resolved", why="handled")
    first, second = desk.get("/").text, desk.get("/?show=open&page=2").text
    assert len(re.findall('id="case-', first)) == 25
    assert len(re.findall('id="case-', second)) == 1
    assert "Page 2 of 2, 26 cases" in second
    assert re.findall(r'id="case-([\d-]+)"', desk.get("/?show=done").text) == [made[0].number]
    assert desk.get("/?show=nonsense&page=-4").status_code == 200


def test_case_page_marks_the_signs_and_escapes_everything(desk: Desk) -> None:
    tip = '😢 <script>alert("1")</script> he has a gun & <b>more</b>'
    case = desk.tip(tip, signs={"weapon_seen": "a gun"})
    text = desk.get(f"/cases/{case.number}").text
    assert "<script>alert" not in text
    assert "<b>more" not in text
    assert "&lt;script&gt;" in text
    assert re.search(r'<mark class="sign" title="a weapon was seen">a gun<span class="unseen">', text)
    assert "Anonymous: nobody here can see a number." in text


@pytest.mark.parametrize(("words", "reason"), [("hi", "too_short"), (" ", "no_text")])
def test_a_follow_up_that_says_nothing_leaves_the_gravest_message_on_top(desk: Desk, words: str, reason: str) -> None:
    case = desk.tip("he has a gun", signs={"weapon_seen": "a gun"})
    desk.world.clock.forward(seconds=5)
    desk.tip(words, unsure=reason, missing=("when",))
    text = desk.get(f"/cases/{case.number}").text
    top = text[text.index('id="what"') : text.index('id="talks"')]
    assert '<mark class="sign" title="a weapon was seen">' in top
    assert "No words." not in top
    assert "The words are clear enough to judge." in text
    assert "A later message could not be judged" in text
    assert re.search(r'id="doubtful" href="#(m-[^"]+)"', text)[1] in re.findall(r'<li [^>]*id="([^"]+)"', text)  # type: ignore[index]
    assert 'id="ask-where"' in text


def test_a_message_that_rules_alone_saw_danger_in_says_so_and_marks_what_they_saw(desk: Desk) -> None:
    tip = "he has a gun in the game that we all play"
    case = desk.tip(tip, signs={"weapon_seen": "a gun", HELD_BACK: tip}, severity="moderate")
    text = desk.get(f"/cases/{case.number}").text
    assert "so nobody was called. Read it yourself." in text
    assert "The words are clear enough to judge." not in text
    assert re.search(r'<mark class="sign" title="a weapon was seen">a gun<span class="unseen">', text)
    assert "reads like messages that were harmless</li>" in text


def test_a_question_is_sent_by_one_press_in_the_reporters_language(desk: Desk) -> None:
    case = desk.tip("tiene una pistola", missing=("where", "when"))
    page = desk.get(f"/cases/{case.number}").text
    action = re.search(r'action="(/cases/[^"]+/ask)"', page)[1]  # type: ignore[index]
    assert 'data-key="1"' in page
    assert 'data-key="2"' in page
    desk.post(action, gap="where")
    page = desk.get(f"/cases/{case.number}").text
    talks = page[page.index('id="talks"') :]
    assert html.escape(ASK["where"][1]) in talks or html.escape(ASK["where"][2]) in talks
    assert page.count("Asked.") == 1
    assert 'data-key="1"' not in page


def test_a_question_that_is_none_is_refused(desk: Desk) -> None:
    case = desk.tip("he has a gun", missing=("where",))
    action = re.search(r'action="(/cases/[^"]+/ask)"', desk.get(f"/cases/{case.number}").text)[1]  # type: ignore[index]
    assert desk.post(action, gap="shoe size").status_code == 409


def test_what_a_later_clear_message_tells_is_not_asked_again(desk: Desk) -> None:
    def asked() -> list[str]:
        return re.findall(r'id="ask-(\w+)"', desk.get(f"/cases/{case.number}").text)

    case = desk.tip("i want to die", missing=("where", "when", "means"))
    desk.world.clock.forward(seconds=5)
    desk.tip("im in the gym", missing=("when", "how_known"))
    assert asked() == ["when", "means"]
    desk.world.clock.forward(seconds=5)
    desk.tip("i have pills", signs={"access_to_means": "pills"}, missing=("when",))
    assert asked() == ["when"]


def test_a_first_message_that_says_nothing_makes_way_for_a_grave_one(desk: Desk) -> None:
    case = desk.tip("k", "none", unsure="too_short")
    assert "Not known yet" in desk.get(f"/cases/{case.number}").text
    desk.world.clock.forward(seconds=5)
    desk.tip("he has a gun", "high", signs={"weapon_seen": "a gun"})
    text = desk.get(f"/cases/{case.number}").text
    assert "An earlier message could not be judged" in text
    assert '<mark class="sign"' in text[text.index('id="what"') : text.index('id="talks"')]


def test_case_page_names_the_zone_of_its_times(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    assert re.search(r"times in [A-Z]{3,4}</span>", desk.get(f"/cases/{case.number}").text)


def test_inbox_names_who_acknowledged_until_somebody_is_assigned(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    row = '<span class="soft">Dana Ortiz</span>'
    assert row not in desk.get("/").text
    desk.post(f"/cases/{case.number}/acknowledge")
    assert row in desk.get("/").text


def test_the_code_is_shown_only_once_a_page_has_told_of_the_case(desk: Desk) -> None:
    world, keys = desk.world, desk.world.keys["worker"]

    def call_out(case: Case) -> Callout:
        with world.database.write() as session:
            called = paging.call_out(session, session.get_one(Case, case.id), "critical", world.clock())
            assert called is not None
            return called

    def run() -> None:
        with world.database.write() as session:
            for due in paging.due(session, world.clock()):
                paging.run_due(session, keys, [due], world.clock(), console_url="http://console.test")

    with world.database.write() as session:
        someone = directory.add_responder(session, world.district_id, "Marcus Bell", "counsellor", "+13035550177")
        directory.set_duty(session, world.district_id, None, directory.ON_CALL, [someone.id])
    first = desk.tip("he has a gun")
    code = call_out(first).code
    run()
    assert f"<strong>{code}</strong>" in desk.get(f"/cases/{first.number}").text
    world.clock.forward(seconds=5)
    second = desk.tip("she has a gun", sender="+13035550124")
    assert call_out(second).code == code
    text = desk.get(f"/cases/{second.number}").text
    assert "The next page will tell of this case." in text
    assert code not in text
    world.clock.forward(seconds=61)
    run()
    assert f"<strong>{code}</strong>" in desk.get(f"/cases/{second.number}").text
    roster = desk.get("/on-call").text
    assert "Counselor" in roster
    assert "after 3 minutes for critical, after 15 minutes for high" in roster


@pytest.mark.parametrize(
    ("words", "why"), [("382", "not a 4-digit code"), ("38255", "not a 4-digit code"), ("what", "no code in it")]
)
def test_an_unclear_answer_says_what_is_wrong_with_it(desk: Desk, words: str, why: str) -> None:
    world = desk.world
    asked = world.text(words, sender="+13035550177", to=PAGING)
    with world.database.write() as session:
        emit(session, "page.answer_unclear", subject="contact/x", actor="process:worker", at=world.clock(),
             district_id=world.district_id, message=asked, why="no_code")  # fmt: skip
    assert f"{why}</span>" in desk.get("/unclear").text


@pytest.mark.parametrize("path", ["/nothing", "/cases/2026-9999"])
def test_a_page_that_is_not_there_says_no_more_than_that(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert answer.status_code == 404
    assert "This page does not exist, or is not yours to see." in answer.text


def test_case_page_shows_what_no_page_can_carry(desk: Desk) -> None:
    case = desk.tip("a\x00b \ud83d gun", signs={"weapon_seen": "gun"})
    answer = desk.get(f"/cases/{case.number}")
    assert answer.status_code == 200
    assert "a\ufffdb \ufffd " in answer.text


def test_no_page_has_the_reporters_number_in_any_form(desk: Desk) -> None:
    case = desk.tip("he has a gun", sender="+13035550123")
    desk.post(f"/cases/{case.number}/threads/{desk.thread_of(case).id}/reply", text="Where?")
    for path in ("/", f"/cases/{case.number}", "/on-call", "/unclear"):
        digits = re.sub(r"\D", "", re.sub(r"<[^>]*>", "", desk.get(path).text))
        assert "3035550123" not in digits


def test_other_districts_cases_do_not_exist_here(desk: Desk, other_district: str) -> None:
    case = desk.tip("he has a gun")
    with desk.world.database.write() as session:
        accounts.create(session, other_district, "eve", "Eve", "operator", PASSWORD, desk.world.clock())
    desk.client.cookies.clear()
    desk.sign_in("eve")
    thread = desk.thread_of(case)
    assert desk.get(f"/cases/{case.number}").status_code == 404
    assert case.number not in desk.get("/?show=all").text
    for action in (
        "acknowledge",
        "notes",
        "assign",
        "state",
        "hold",
        "release",
        "join",
        "apart",
        f"threads/{thread.id}/reply",
    ):
        answer = desk.post(f"/cases/{case.number}/{action}", text="x", to="resolved", why="handled", reason="audit")
        assert answer.status_code == 404, action
    assert desk.case(case).state == "new"


def test_acknowledge_takes_the_case_and_wakes_the_worker(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    assert 'id="acknowledge"' in desk.get(f"/cases/{case.number}").text
    assert desk.post(f"/cases/{case.number}/acknowledge").headers["location"] == f"/cases/{case.number}"
    text = desk.get(f"/cases/{case.number}").text
    assert desk.case(case).acknowledged_by == f"account:{desk.account.id}"
    assert "acknowledged by Dana Ortiz" in text
    assert 'id="acknowledge"' not in text
    assert desk.waker.woken == ["worker"]


def test_a_page_that_is_old_by_now_lowers_nothing(desk: Desk) -> None:
    case = desk.tip("they call me names", "moderate")
    desk.post(f"/cases/{case.number}/acknowledge")
    path, lower = f"/cases/{case.number}/correct", {"severity": "none", "category": "other", "why": "joke"}

    def seen() -> str:
        return re.search(r'name="seen" value="([^"]+)"', desk.get(f"/cases/{case.number}").text)[1]  # type: ignore[index]

    old = seen()
    desk.world.clock.forward(seconds=5)
    desk.tip("he has a gun", "critical")
    answer = desk.post(path, seen=old, **lower)
    assert answer.status_code == 403
    assert "It changed meanwhile." in answer.text
    assert desk.post(path, **lower).status_code == 400
    assert desk.case(case).severity == "critical"
    assert desk.post(path, seen=seen(), **lower).status_code == 303
    assert desk.case(case).severity == "none"


def test_reply_is_queued_once_however_often_the_button_is_pressed(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    thread = desk.thread_of(case)
    path = f"/cases/{case.number}/threads/{thread.id}/reply"
    for _ in range(2):
        assert desk.post(path, text="Where is he?\r\nAre you safe?").status_code == 303
    assert desk.world.events("message.reply") == ["message.reply_queued"]
    assert "Waiting to be sent" in desk.get(f"/cases/{case.number}").text
    assert "courier" in desk.waker.woken
    desk.world.courier.send_all()
    assert "Where is he?\nAre you safe?" in desk.world.carrier.texts
    desk.world.clock.forward(seconds=11)
    desk.post(path, text="Where is he?\nAre you safe?")
    assert len(desk.world.events("message.reply")) == 2


def test_reply_that_is_too_long_comes_back_with_its_words(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    answer = desk.post(f"/cases/{case.number}/threads/{desk.thread_of(case).id}/reply", text="w" * 1601)
    assert answer.status_code == 409
    assert "1 to 1600 characters" in answer.text
    assert "w" * 1601 in answer.text


def test_nobody_is_texted_who_has_opted_out(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    thread = desk.thread_of(case)
    with desk.world.database.write() as session:
        session.get_one(Thread, thread.id).opted_out_at = desk.world.clock()
    text = desk.get(f"/cases/{case.number}").text
    assert "This person asked for no more texts" in text
    assert '<textarea id="text-' not in text
    assert 'id="ask-' not in text
    assert "Where is this?" in text
    assert "Nobody here can be texted now" in text
    assert "Ask what is still unknown" not in text
    assert desk.post(f"/cases/{case.number}/threads/{thread.id}/reply", text="Hi").status_code == 409


def test_a_thread_of_another_case_cannot_be_answered_from_here(desk: Desk) -> None:
    mine, other = desk.tip("he has a gun"), desk.tip("she has a gun", sender="+13035550177")
    answer = desk.post(f"/cases/{mine.number}/threads/{desk.thread_of(other).id}/reply", text="Hi")
    assert answer.status_code == 404
    assert desk.world.events("message.reply") == []


def test_a_case_without_its_thread_yet_can_be_read_but_not_answered(desk: Desk) -> None:
    case = desk.tip("he has a gun", threaded=False)
    text = desk.get(f"/cases/{case.number}").text
    assert "The conversation is being found." in text
    assert "/reply" not in text


def test_notes_assignment_and_state_show_on_the_page_and_in_its_timeline(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    desk.post(f"/cases/{case.number}/notes", text="Called the <office>.")
    desk.post(f"/cases/{case.number}/assign", account=desk.account.id)
    desk.post(f"/cases/{case.number}/state", to="in_progress", why="started")
    text = desk.get(f"/cases/{case.number}").text
    assert "Called the &lt;office&gt;." in text
    for line in ("Dana Ortiz wrote a note", "Dana Ortiz took it on", "moved it to “in progress”"):
        assert line in text
    assert (desk.case(case).state, desk.case(case).assignee_id) == ("in_progress", desk.account.id)


def test_a_legal_hold_is_placed_shown_and_ended_on_the_case_page(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    page = f"/cases/{case.number}"
    assert "On hold since" not in desk.get(page).text
    assert desk.post(f"{page}/hold", reason="litigation").headers["location"] == f"{page}#holding"
    text = desk.get(page).text
    assert re.search(r"On hold since <time[^>]*>[^<]+</time>: nothing of it is destroyed\.", text)
    assert re.search(r"A lawsuit: Dana Ortiz, <time", text)
    assert "Dana Ortiz put it under a legal hold" in text
    assert 'id="hold-save"' not in text
    assert "If its time is over, it is destroyed within a day." in text
    assert desk.post(f"{page}/release").status_code == 303
    text = desk.get(page).text
    assert "On hold since" not in text
    assert "Dana Ortiz ended the legal hold" in text
    assert desk.world.events("case.held") + desk.world.events("case.released") == ["case.held", "case.released"]


def test_a_hold_without_a_reason_is_refused_in_plain_words(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    answer = desk.post(f"/cases/{case.number}/hold", reason="because")
    assert answer.status_code == 400
    assert "The reason is one of litigation" in answer.text
    assert "On hold since" not in desk.get(f"/cases/{case.number}").text


def test_a_move_that_does_not_exist_is_refused_in_plain_words(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    answer = desk.post(f"/cases/{case.number}/state", to="resolved", why="because")
    assert answer.status_code == 400
    assert "There is no such state or reason." in answer.text


def test_a_question_fills_the_box_in_the_reporters_language_without_script(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    with desk.world.database.write() as session:
        session.get_one(Thread, desk.thread_of(case).id).language = "es"
    assert "¿Dónde está pasando esto?</textarea>" in desk.get(f"/cases/{case.number}?ask=where").text
    assert desk.get(f"/cases/{case.number}?ask=<x>").status_code == 200


def test_a_joined_case_points_to_the_other(desk: Desk) -> None:
    case, other = desk.tip("he has a gun"), desk.tip("a gun", sender="+13035550177")
    with desk.world.database.write() as session:
        mine = cases.by_number(session, desk.world.district_id, case.number)
        assert mine is not None
        mine.joined_into_id = other.id
    assert f'<a href="/cases/{other.number}">case {other.number}</a>' in desk.get(f"/cases/{case.number}").text


def test_two_clicks_at_one_moment_text_the_reporter_once(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    thread, csrf, at_once = desk.thread_of(case), desk.csrf(), Barrier(4)

    def click(_number: int) -> int:
        at_once.wait()
        form = {"csrf": csrf, "text": "Where are you?"}
        path = f"/cases/{case.number}/threads/{thread.id}/reply"
        return desk.client.post(path, data=form, headers=HTML, follow_redirects=False).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(click, range(4))) == {303}
    desk.world.courier.send_all()
    assert desk.world.carrier.texts.count("Where are you?") == 1
