"""Answers to pages: what a responder's text acknowledges, what it does not, and what they are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.records import Contact, Message
from responders.cases import service as cases
from responders.paging import service as paging
from tests.integration.responders.conftest import PEOPLE, Desk
from tests.support.world import PAGING, SECOND
from triage.model import Assessment, Context

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
    assert sorted(desk.phones.texts) == ["Acknowledged: case 2026-0001. Thank you.", "Ana has case 2026-0001."]
    assert desk.paged() == ["Ana", "Ben"]
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


def test_answer_does_not_cover_what_a_page_tells_that_still_waits_to_leave(desk: Desk) -> None:
    first = desk.tip("critical knife")
    code = desk.code()
    desk.wait(seconds=59)
    second = desk.tip("critical other", sender=OTHER)
    desk.world.clock.forward(seconds=1)
    assert desk.worker.page_all() == 2
    desk.reply("Ana", code)
    assert [desk.case(first).state, desk.case(second).state] == ["acknowledged", "new"]
    assert desk.code() != code


def test_answer_of_a_colleague_who_was_not_paged_counts_for_the_first_page(desk: Desk) -> None:
    first = desk.tip("high thing")
    desk.wait(seconds=1)
    second = desk.tip("high other", sender=OTHER)
    desk.reply("Cy", desk.code())
    assert [desk.case(first).state, desk.case(second).state] == ["acknowledged", "new"]


def test_answer_to_two_codes_at_once(desk: Desk) -> None:
    found = [desk.tip("high thing"), desk.tip("high other", sender=OTHER, to=SECOND)]
    codes = [callout.code for callout in desk.callouts()]
    desk.paged()
    desk.reply("Ana", " and ".join(codes))
    assert [desk.case(case).state for case in found] == ["acknowledged", "acknowledged"]
    expected = ["Acknowledged: case 2026-0001 (+1 more). Thank you.", "Ana has case 2026-0002."]
    assert sorted(desk.phones.texts) == expected


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


TELLS = "high there is a man at the east door"
LONG = "what could this be I am not so sure"


@pytest.mark.parametrize("words", [TELLS, LONG], ids=["life-safety", "unsure"])
def test_words_of_staff_that_tell_of_danger_open_a_case_and_page(desk: Desk, words: str) -> None:
    message_id = desk.reply("Ana", words)
    case = desk.case_of(message_id)
    assert case is not None
    assert (case.state, case.school_id) == ("new", None)
    (opened,) = desk.events("case.opened")
    assert opened.actor == f"contact:{desk.message(message_id).contact_id}"
    assert sum("Your text is now case 2026-0001." in text for text in desk.phones.texts) == 1
    assert desk.paged() == ["Ana", "Dee"]
    assert desk.events("page.answer_unclear") == []
    with desk.world.database.read() as session:
        assert [message.id for message in cases.messages(session, case)] == [message_id]
        assert cases.threads(session, case) == []


@pytest.mark.parametrize("words", ["what", "moderate thing but nobody is in danger of any kind", "none on my way"])
def test_other_words_of_staff_open_no_case(desk: Desk, words: str) -> None:
    message_id = desk.reply("Ana", words)
    assert desk.case_of(message_id) is None
    assert desk.last_text().startswith("Reply with the 4-digit code")
    assert desk.paged() == ["Ana"]


@pytest.mark.parametrize("form", ["{} the gym", "{} the gym {code}"], ids=["few words", "with a code"])
@pytest.mark.parametrize(("word", "reason"), [("boom", "engine_error"), ("hang", "timeout")])
def test_words_of_staff_that_the_engine_fails_on_open_a_case_and_page(
    desk: Desk, word: str, reason: str, form: str
) -> None:
    first = desk.tip("critical knife")
    desk.paged()
    desk.worker.engine_seconds = 0.05
    told = desk.case_of(desk.reply("Ana", form.format(word, code=desk.code())))
    assert told is not None
    assert (told.unsure, told.unsure_reason) == (True, reason)
    assert len(desk.callouts()) == 1 + (desk.case(first).state == "new")
    assert "Dee" in desk.paged()


@pytest.mark.parametrize("sealed", [b"not an envelope", b""], ids=["garbled", "empty"])
def test_a_text_of_staff_that_does_not_open_becomes_a_case_and_pages(desk: Desk, sealed: bytes) -> None:
    message_id = desk.world.text("gun in the gym", sender=PEOPLE["Ana"], to=PAGING)
    with desk.world.database.write() as session:
        session.get_one(Message, message_id).words_sealed = sealed
    desk.world.courier.thread_all()
    desk.worker.run()
    told = desk.case_of(message_id)
    assert told is not None
    assert (told.unsure, told.unsure_reason) == (True, "unreadable")
    assert desk.paged() == ["Ana", "Dee"]


def test_an_answer_whose_assessment_cannot_be_kept_still_opens_a_case(desk: Desk) -> None:
    judge = desk.engine

    def odd(text: str, context: Context) -> Assessment:
        return replace(judge(text, context), indicators=("not an indicator",))  # type: ignore[arg-type]

    desk.worker.assess = odd
    message_id = desk.reply("Ana", TELLS)
    desk.wait(seconds=16)
    told = desk.case_of(message_id)
    assert told is not None
    assert (told.unsure, told.unsure_reason) == (True, "engine_error")
    assert "Dee" in desk.paged()


@pytest.mark.parametrize(
    ("words", "opens"),
    [("critical kid hurt in the gym {}", True), (LONG + " {}", False), ("ok {} thanks", False)],
    ids=["life-safety", "unsure", "code"],
)
def test_a_code_with_words_acknowledges_and_opens_a_case_when_they_tell_of_danger(
    desk: Desk, words: str, *, opens: bool
) -> None:
    case = desk.tip("critical knife")
    desk.paged()
    message_id = desk.reply("Ana", words.format(desk.code()))
    assert desk.case(case).state == "acknowledged"
    assert any(text.startswith("Acknowledged: case 2026-0001.") for text in desk.phones.texts)
    assert (desk.case_of(message_id) is not None) == opens
    assert len(desk.callouts()) == opens


def test_a_page_that_a_phone_quotes_opens_no_case(desk: Desk) -> None:
    case = desk.tip("critical knife")
    seen: list[str] = []
    judge = desk.engine

    def note(text: str, context: Context) -> Assessment:
        seen.append(text)
        return judge(text, context)

    desk.worker.assess = note
    desk.reply("Ana", f"Liked “{desk.last_text()}”")
    assert desk.case(case).state == "acknowledged"
    assert len(desk.events("case.opened")) == 1
    assert not any("CRITICAL" in text for text in seen)


def test_more_words_of_the_same_member_of_staff_join_their_case(desk: Desk) -> None:
    first = desk.case_of(desk.reply("Ana", TELLS))
    desk.paged()
    desk.wait(seconds=20)
    second = desk.case_of(desk.reply("Ana", TELLS))
    assert first is not None
    assert second is not None
    assert second.id == first.id
    assert desk.paged() == []
    other = desk.case_of(desk.reply("Ben", TELLS))
    assert other is not None
    assert other.id != first.id


def test_more_words_of_staff_call_out_again_though_somebody_is_on_it(desk: Desk) -> None:
    first = desk.case_of(desk.reply("Ana", TELLS))
    assert first is not None
    desk.reply("Dee", desk.code())
    assert desk.case(first).state == "acknowledged"
    desk.paged()
    desk.wait(minutes=1)
    desk.reply("Ana", TELLS)
    assert desk.paged() == ["Dee"]


def test_an_answer_is_taken_though_calling_out_for_its_words_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case = desk.tip("critical knife")
    code = desk.code()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(paging, "call_out", fail)
    message_id = desk.reply("Ana", f"critical kid hurt {code}")
    desk.wait(seconds=16)
    assert desk.case(case).state == "acknowledged"
    told = desk.case_of(message_id)
    assert told is not None
    assert told.unsure_reason == "not_paged"
