"""The case page hides where a reporter names themselves; a form without any script shows one span, with a reason."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from gateway.core.records import Message
from responders.accounts import service as accounts
from responders.cases import holds, masks, words
from responders.cases.records import Case, Unmasking
from tests.integration.console.conftest import PASSWORD, Desk

TIP = "my name is Sarah Jones and Tyler has a gun. my insta is @sarah_xo"


def page_of(desk: Desk, case: Case) -> str:
    return desk.get(f"/cases/{case.number}").text


def forms_of(page: str) -> list[tuple[str, dict[str, str]]]:
    """Read the forms as a browser without scripts would send them."""
    found = re.findall(r'<form method="post" action="(/cases/[^"]+/unmask)".*?</form>', page, re.DOTALL)
    bodies = re.findall(r'<form method="post" action="/cases/[^"]+/unmask".*?</form>', page, re.DOTALL)
    fields = [
        dict(re.findall(r'<input type="hidden" name="(span|kind|rules)" value="([^"]*)"', body)) for body in bodies
    ]
    return list(zip(found, fields, strict=True))


def test_case_page_hides_the_reporter_and_shows_whom_the_tip_is_about(desk: Desk) -> None:
    page = page_of(desk, desk.tip(TIP, signs={"weapon_seen": "a gun"}))
    assert "Sarah" not in page
    assert "sarah_xo" not in page
    assert '<span class="hidden-part">[name hidden]</span> and Tyler has ' in page
    assert page.count("[name hidden]") == page.count("[handle hidden]") == 2, "on top and in the conversation"
    assert re.search(r'<mark class="sign" title="a weapon was seen">a gun<', page)


def test_a_sign_that_touches_a_mask_is_told_without_the_words(desk: Desk) -> None:
    page = page_of(desk, desk.tip(TIP, signs={"person": "is Sarah"}))
    assert "Sarah" not in page
    assert "Jones" not in page
    assert re.search(r'<mark class="sign[^"]*" title="person">\[name hidden\]<', page)


def test_a_form_shows_one_span_to_everybody_with_who_and_why(desk: Desk) -> None:
    case = desk.tip(TIP)
    action, fields = forms_of(page_of(desk, case))[0]
    answer = desk.post(action, **fields, reason="contact", note="She asked <b>us</b> to")
    assert answer.status_code == 303
    page = page_of(desk, case)
    assert "my name is Sarah Jones and Tyler" in page
    assert "sarah_xo" not in page
    assert "Name shown by Dana Ortiz" in page
    assert "They want to be reached this way. “She asked &lt;b&gt;us&lt;/b&gt; to”" in page
    assert "Dana Ortiz made a hidden name readable: they want to be reached this way" in page
    with desk.world.database.write() as session:
        accounts.create(session, desk.world.district_id, "lee", "Lee", "officer", PASSWORD, desk.world.clock())
    desk.client.cookies.clear()
    desk.sign_in("lee")
    assert "my name is Sarah Jones" in page_of(desk, case)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"reason": ""}, id="no reason"),
        pytest.param({"reason": "curious"}, id="a reason that is none"),
        pytest.param({"span": "9"}, id="no such span"),
        pytest.param({"span": "²"}, id="no number"),
        pytest.param({"span": "-1"}, id="below zero"),
        pytest.param({"rules": "0/0"}, id="seen under other rules"),
        pytest.param({"csrf": "x"}, id="from another page"),
    ],
)
def test_nothing_is_shown_without_a_reason_and_the_span_that_was_seen(desk: Desk, changed: dict[str, str]) -> None:
    case = desk.tip(TIP)
    action, fields = forms_of(page_of(desk, case))[0]
    answer = desk.post(action, **(fields | {"reason": "danger"} | changed))
    assert 400 <= answer.status_code < 500
    assert "Sarah" not in page_of(desk, case)


def test_a_message_of_another_case_is_not_shown_by_way_of_this_one(desk: Desk) -> None:
    case, other = desk.tip(TIP), desk.tip("he has a gun", sender="+13035550144")
    action, fields = forms_of(page_of(desk, case))[0]
    assert desk.post(action.replace(case.number, other.number), **fields, reason="danger").status_code == 404
    with desk.world.database.read() as session:
        assert session.scalars(select(Unmasking)).all() == []


def test_replies_of_ours_are_not_masked(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    thread = desk.thread_of(case)
    desk.post(f"/cases/{case.number}/threads/{thread.id}/reply", text="my name is Dana, call me at 720-555-0188")
    assert "my name is Dana, call me at 720-555-0188" in page_of(desk, case)


def test_a_text_of_staff_is_not_masked(desk: Desk) -> None:
    message = Message(id="0" * 32, direction="in", contact_id="1" * 32)
    assert masks.of(message, TIP, "US") == ()
    message.contact_id = None
    assert len(masks.of(message, TIP, "US")) == 2


def test_every_kind_and_reason_has_words() -> None:
    assert set(words.UNMASK) == set(masks.REASONS)
    assert set(words.HOLD) == set(holds.REASONS)
