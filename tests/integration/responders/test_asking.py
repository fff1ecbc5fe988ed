"""Where a tip says too little, the line asks back; a person is woken when no answer settles it."""

import pytest
from sqlalchemy import select, update

from gateway.core import conversation, wording
from gateway.core.records import Message, Send, Thread
from responders.asking.records import Question
from responders.cases import service as cases
from responders.cases.records import Case
from tests.integration.responders.conftest import Desk, acknowledge


def asked(desk: Desk) -> list[str]:
    """Read what the line has asked by itself."""
    with desk.world.database.read() as session:
        found = session.scalars(select(Message).where(Message.kind == "question").order_by(Message.at))
        return [conversation.words(desk.world.keys["worker"], message) for message in found]


def ends(desk: Desk) -> list[str | None]:
    """Read how the questions ended."""
    with desk.world.database.read() as session:
        return [one.ended for one in session.scalars(select(Question).order_by(Question.asked_at))]


def test_who_says_too_little_is_asked_and_nobody_is_woken_yet(desk: Desk) -> None:
    case = desk.tip("hm")
    assert desk.calls() == []
    assert len(asked(desk)) == 1
    assert not case.unsure
    with desk.world.database.read() as session:
        sends = session.scalars(select(Send).where(Send.account == "reporters")).all()
        assert len(sends) == 2  # our first answer, and the question


def test_the_question_is_in_the_language_of_the_thread(desk: Desk) -> None:
    desk.tip("hm")
    assert "988" in asked(desk)[0]
    assert "¿Qué pasa?" in asked(desk)[0]  # It could not be told, so both.


def test_silence_wakes_a_person_on_the_high_clock(desk: Desk) -> None:
    case = desk.tip("hm")
    desk.wait(seconds=179)
    assert desk.calls() == []
    desk.wait(seconds=2)
    assert desk.calls() == ["Ana"]
    again = desk.case(case)
    assert (again.unsure, again.unsure_reason, again.urgency_rank) == (True, "no_answer", 3)
    assert ends(desk) == ["called"]
    desk.wait(seconds=300)
    assert desk.calls() == ["Ben"]  # like any other page: on until somebody acknowledges


def test_a_calm_answer_settles_it(desk: Desk) -> None:
    case = desk.tip("hm")
    desk.tip("low the soap in the bathroom is empty")
    desk.wait(minutes=10)
    assert desk.calls() == []
    assert ends(desk) == ["answered"]
    again = desk.case(case)
    assert (again.severity, again.unsure) == ("low", False)
    assert len(asked(desk)) == 1


def test_a_grave_answer_pages_at_once(desk: Desk) -> None:
    desk.tip("hm")
    desk.tip("critical she took pills")
    assert desk.calls() == ["Ana", "Ben"]
    assert ends(desk) == ["answered"]


def test_an_answer_that_says_too_little_again_wakes_a_person(desk: Desk) -> None:
    desk.tip("hm")
    desk.tip("hm ok")
    assert desk.calls() == ["Ana"]
    assert len(asked(desk)) == 1
    assert ends(desk) == ["called"]


@pytest.mark.parametrize(
    ("words", "keyword"),
    [("none", None), ("none yes ok", None), ("low", "stop"), ("none of that is so", "start")],
    ids=["a word", "three words", "STOP", "START"],
)
def test_an_answer_that_says_nothing_leaves_the_question_standing(desk: Desk, words: str, keyword: str | None) -> None:
    case = desk.tip("hm")
    desk.tip(words, keyword=keyword)
    assert ends(desk) == [None]
    assert desk.calls() == []
    desk.wait(seconds=181)
    assert desk.calls() == ["Ana"]
    assert ends(desk) == ["called"]
    assert desk.case(case).unsure_reason == "no_answer"


def test_four_calm_words_settle_it(desk: Desk) -> None:
    desk.tip("hm")
    desk.tip("none wrong number sorry")
    desk.wait(minutes=10)
    assert desk.calls() == []
    assert ends(desk) == ["answered"]


def test_an_answer_without_its_thread_leaves_the_question_standing(desk: Desk) -> None:
    desk.tip("hm")
    desk.tip("low the soap is empty", threaded=False)
    assert ends(desk) == [None]  # The courier has not found yet whose answer it is.
    desk.wait(seconds=181)
    assert desk.calls() == ["Ana"]
    assert ends(desk) == ["called"]


def test_what_has_no_thread_cannot_be_asked_back(desk: Desk) -> None:
    desk.tip("hm", threaded=False)
    assert desk.calls() == ["Ana"]
    assert asked(desk) == []


def test_whoever_wants_no_texts_gets_a_person_at_once(desk: Desk) -> None:
    desk.tip("low")
    with desk.world.database.write() as session:
        session.execute(update(Thread).values(opted_out_at=desk.now))
    desk.tip("hm")
    assert asked(desk) == []
    assert desk.calls() == ["Ana"]


def test_who_already_has_the_case_is_not_called_again(desk: Desk) -> None:
    case = desk.tip("hm")
    assert acknowledge(desk, case)
    desk.wait(minutes=4)
    assert desk.calls() == []
    assert ends(desk) == ["attended"]


@pytest.mark.parametrize(
    ("act", "called", "ended"),
    [(None, ["Ana"], "called"), ("note", [], "attended"), ("close", [], "attended")],
    ids=["nobody looks", "somebody looks", "it is over"],
)
def test_who_writes_again_to_a_case_that_lies_quiet_is_not_left_alone(
    desk: Desk, act: str | None, called: list[str], ended: str
) -> None:
    case = desk.tip("low the soap is empty")
    assert acknowledge(desk, case)
    desk.wait(minutes=11)
    desk.tip("hm")
    assert len(asked(desk)) == 1
    if act == "note":
        with desk.world.of("console").write() as session:
            found, keys = session.get_one(Case, case.id), desk.world.keys["console"]
            cases.add_note(session, keys, found, "calling them", "account:1", desk.now)
    elif act == "close":
        desk.move(case, "resolved")
    desk.wait(seconds=181)
    assert desk.calls() == called
    assert ends(desk) == [ended]


def test_a_worker_that_died_after_asking_is_replaced_by_one_that_wakes(desk: Desk) -> None:
    desk.tip("hm")
    desk.world.clock.forward(minutes=4)
    another = desk.another_worker()
    another.run()
    desk.worker.run()
    assert desk.calls() == ["Ana"]
    assert ends(desk) == ["called"]


@pytest.mark.parametrize("language", ["en", "es", "und"])
def test_the_question_fits_one_text_or_two(language: str) -> None:
    words = wording.question(language)
    assert len(words) <= (160 if language != "und" else 306)
    assert "988" in words
