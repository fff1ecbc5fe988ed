"""Answers to pages: what a responder's text acknowledges, what it does not, and what they are told."""

from __future__ import annotations

import pytest

from gateway.core.records import Contact
from tests.integration.responders.conftest import PEOPLE, Desk
from tests.support.world import PAGING, SECOND

OTHER = "+13035550199"


@pytest.mark.parametrize("form", ["{}", "ack {}", "{}!", " Ok {} thanks, case 2026-0001", "Ack\n{}"])
def test_answer_finds_the_code_anywhere(desk: Desk, form: str) -> None:
    case = desk.tip("critical knife")
    desk.paged()
    desk.reply("Ana", form.format(desk.code()))
    after = desk.case(case)
    assert (after.state, after.acknowledged_at) == ("acknowledged", desk.now)
    assert str(after.acknowledged_by).startswith("contact:")
    assert desk.callouts() == []
    assert desk.last_text() == "Acknowledged: case 2026-0001. Thank you."
    assert desk.paged() == ["Ana"]
    desk.wait(minutes=10)
    assert desk.paged() == []


def test_answer_takes_digits_of_any_script(desk: Desk) -> None:
    case = desk.tip("critical knife")
    arabic = "".join(chr(0x0660 + int(digit)) for digit in desk.code())
    desk.reply("Ana", arabic)
    assert desk.case(case).state == "acknowledged"


def test_answer_acknowledges_only_what_the_responders_page_told_of(desk: Desk) -> None:
    first = desk.tip("critical knife")
    old = desk.code()
    desk.wait(seconds=5)
    second = desk.tip("critical other", sender=OTHER)
    desk.paged()
    desk.reply("Ana", old)
    assert [desk.case(first).state, desk.case(second).state] == ["acknowledged", "new"]
    texts = desk.phones.texts
    assert desk.code() != old
    assert any(text.startswith("Acknowledged: case 2026-0001. Thank you. More has come in") for text in texts)
    assert sum(f"Case 2026-0002. Reply {desk.code()}" in text for text in texts) == 2
    (_, followed) = desk.events("callout.opened")
    assert followed.data["follows"] == desk.events("callout.opened")[0].subject.split("/")[1]
    desk.paged()
    desk.reply("Ben", desk.code())
    assert desk.case(second).state == "acknowledged"
    assert desk.callouts() == []


def test_answer_to_the_old_code_still_counts_for_what_that_page_told_of(desk: Desk) -> None:
    first = desk.tip("high thing")
    old = desk.code()
    desk.wait(minutes=4)
    second = desk.tip("high other", sender=OTHER)
    desk.wait(minutes=1)
    desk.reply("Ana", old)
    assert [desk.case(first).state, desk.case(second).state] == ["acknowledged", "new"]
    desk.reply("Ben", old)
    assert desk.case(second).state == "acknowledged"
    assert desk.callouts() == []


def test_answer_sent_before_a_page_does_not_cover_what_that_page_tells(desk: Desk) -> None:
    first = desk.tip("critical knife")
    code = desk.code()
    desk.wait(seconds=59)
    second = desk.tip("critical other", sender=OTHER)
    answer = desk.world.text(code, sender=PEOPLE["Ana"], to=PAGING)
    desk.wait(seconds=1)
    assert "(+1 more)" in desk.last_text()
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.message(answer).dispatched_at == desk.now
    assert [desk.case(first).state, desk.case(second).state] == ["acknowledged", "new"]


def test_answer_of_a_colleague_who_was_not_paged_counts_for_the_first_page(desk: Desk) -> None:
    first = desk.tip("high thing")
    desk.wait(seconds=1)
    second = desk.tip("high other", sender=OTHER)
    desk.reply("Cy", desk.code())
    assert [desk.case(first).state, desk.case(second).state] == ["acknowledged", "new"]


def test_answer_to_two_codes_at_once(desk: Desk) -> None:
    found = [desk.tip("high thing"), desk.tip("high other", sender=OTHER, to=SECOND)]
    codes = [callout.code for callout in desk.callouts()]
    desk.reply("Ana", " and ".join(codes))
    assert [desk.case(case).state for case in found] == ["acknowledged", "acknowledged"]
    assert desk.last_text() == "Acknowledged: case 2026-0001 (+1 more). Thank you."


def test_answer_twice_says_that_it_is_acknowledged_already(desk: Desk) -> None:
    desk.tip("critical knife")
    code = desk.code()
    desk.reply("Ana", code)
    desk.reply("Ben", code)
    assert desk.last_text() == "Already acknowledged. Thank you."
    assert len(desk.events("case.acknowledged")) == 1
    assert len(desk.events("page.acknowledged")) == 2


@pytest.mark.parametrize(
    ("words", "why", "told"),
    [
        pytest.param("ok", "no_code", "Reply with the 4-digit code", id="ok"),
        pytest.param("ACK", "no_code", "Reply with the 4-digit code", id="ack"),
        pytest.param("yes, on my way to 2026-0001", "no_code", "Reply with the 4-digit code", id="a case number"),
        pytest.param("1999", "unknown_code", "That code is not open", id="wrong code"),
        pytest.param("48215", "no_code", "Reply with the 4-digit code", id="five digits"),
    ],
)
def test_answer_without_an_open_code_acknowledges_nothing_and_says_so(
    desk: Desk, words: str, why: str, told: str
) -> None:
    case = desk.tip("critical knife")
    message_id = desk.reply("Ana", words)
    assert desk.case(case).state == "new"
    assert desk.last_text().startswith(told)
    (unclear,) = desk.events("page.answer_unclear")
    assert (unclear.data["why"], unclear.data["message"]) == (why, message_id)
    desk.wait(seconds=60)
    assert "CRITICAL" in desk.last_text()


def test_answers_of_a_machine_are_not_answered_for_ever(desk: Desk) -> None:
    for _ in range(6):
        desk.reply("Ana", "I am driving.")
    assert desk.paged() == ["Ana"] * 3
    assert len(desk.events("page.answer_unclear")) == 6


def test_answer_to_stop_is_not_answered(desk: Desk) -> None:
    desk.reply("Ana", "STOP", keyword="stop")
    assert desk.paged() == []
    assert len(desk.events("page.answer_unclear")) == 1


def test_answer_of_a_contact_who_is_no_responder_is_not_accepted(desk: Desk) -> None:
    case = desk.tip("critical knife")
    with desk.world.database.write() as session:
        session.add(Contact(district_id=desk.world.district_id, address=OTHER))
    desk.paged()
    message_id = desk.world.text(desk.code(), sender=OTHER, to=PAGING)
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.case(case).state == "new"
    assert desk.message(message_id).dispatched_at == desk.now
    assert [event.data["why"] for event in desk.events("page.answer_unclear")] == ["not_a_responder"]
    assert desk.paged() == []


def test_texts_to_staff_are_plain_seven_bit(desk: Desk) -> None:
    desk.tip("critical knife")
    desk.reply("Ana", "ok")
    desk.reply("Ana", desk.code())
    assert all(text.isascii() and not set(text) & set("[]{}\\^~|`") for text in desk.phones.texts)
