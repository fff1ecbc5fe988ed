"""The page of what is held aside in a flood, and letting it through."""

from __future__ import annotations

import re

from sqlalchemy import select

from gateway.core.records import Message, Thread
from responders.cases import service as cases
from responders.cases.records import Case
from responders.floods import service as floods
from tests.integration.console.conftest import Desk
from triage.engine import assess


def flood(desk: Desk, *texts: str, sender: str = "+13035550123") -> list[str]:
    """Text and have it held, as a worker does over a limit."""
    ids = [desk.world.text(text, sender=sender) for text in texts]
    desk.world.courier.thread_all()
    with desk.world.of("worker").write() as session:
        for one in ids:
            floods.hold(session, session.get_one(Message, one), assess("hi all"), "thread", desk.world.clock())
    return ids


def test_inbox_and_page_show_what_is_held_with_the_reporter_masked(desk: Desk) -> None:
    assert "held aside" not in desk.get("/").text
    assert "Nothing is held." in desk.get("/held").text
    flood(desk, "the food is <b>bad</b>", "my name is Sarah")
    assert re.search(r'href="/held"><strong>2 texts</strong> held aside', desk.get("/").text)
    page = desk.get("/held").text
    assert "2 texts held" in page
    assert "the food is &lt;b&gt;bad" in page
    assert "my name is <span" in page
    assert "Sarah" not in page


def test_case_page_says_that_texts_are_held_and_does_not_show_them(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    flood(desk, "the food is bad")
    page = desk.get(f"/cases/{case.number}").text
    assert "1 more text came too fast to read" in page
    assert "the food is bad" not in page
    assert f"case {case.number}</a>" in desk.get("/held").text


def test_letting_through_gives_the_texts_back_to_the_worker(desk: Desk) -> None:
    (held,) = flood(desk, "the food is bad")
    (action,) = re.findall(r'action="(/held/[^"]+/let-through)"', desk.get("/held").text)
    assert desk.post(action).status_code == 303
    message = desk.world.message(held)
    assert (message.held_at, message.dispatched_at, message.flooded) == (None, None, "thread")
    assert desk.waker.woken[-1] == "worker"
    assert "Nothing is held." in desk.get("/held").text


def test_reports_held_on_the_web_stand_under_their_school(desk: Desk) -> None:
    ids = [
        desk.world.report(words, school_id=school_id).message_id
        for words, school_id in (("the food is bad", desk.world.school_id), ("so is the bus", None))
    ]
    with desk.world.of("worker").write() as session:
        for one in ids:
            floods.hold(session, session.get_one(Message, one), assess("hi all"), "school", desk.world.clock())
    page = desk.get("/held").text
    for place, words in (("Lincoln High School", "the food is bad"), ("Cedar Valley School District", "so is the bus")):
        _, _, section = page.partition(f"{place} <small>on the web, 1 text held</small>")
        assert words in section.partition("</section>")[0]
    for action in re.findall(r'action="(/held/[^"]+/let-through)"', page):
        assert desk.post(action).status_code == 303
    assert {desk.world.message(one).held_at for one in ids} == {None}


def test_another_districts_held_texts_are_neither_shown_nor_let_through(desk: Desk, other_district: str) -> None:
    (held,) = flood(desk, "the food is bad")
    with desk.world.database.write() as session:
        thread = session.scalars(select(Thread)).one()
        thread.district_id = session.get_one(Message, held).district_id = other_district
    assert "Nothing is held." in desk.get("/held").text
    assert desk.post(f"/held/{thread.id}/let-through").status_code == 404
    assert desk.world.message(held).held_at is not None


def test_a_text_sent_again_and_again_is_shown_once_with_its_count(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    again = [desk.tip("he has a gun"), desk.tip("he has a gun")]
    assert {one.id for one in again} == {case.id}
    with desk.world.database.write() as session:
        first, *others = cases.messages(session, session.get_one(Case, case.id))
        for one in others:
            one.repeats_id = first.id if one.direction == "in" else None
    page = desk.get(f"/cases/{case.number}").text
    assert "Sent 3 times in the same words" in page
    assert page[page.index('id="talks"') :].count('<div class="bubble" dir="auto">he has a gun') == 1
    assert all(f'id="m-{one.id}"' in page for one in others)
