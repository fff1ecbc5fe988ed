"""A flood on the web: in one thread, about one school, without proof of work. All is taken; danger is paged at once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from gateway.core import filing, receipts
from gateway.core.filing import Place, Said
from gateway.core.records import Copy, District, Message, School, Thread
from responders.floods import service as floods
from tests.integration.responders.conftest import Desk


def limit(desk: Desk, *, thread: int = 0, school: int = 0) -> None:
    """Let so many calm reports through in a minute; 0 for any number."""
    with desk.world.database.write() as session:
        district = session.get_one(District, desk.world.district_id)
        district.thread_reports_per_minute, district.reports_per_minute = thread, school


def report(desk: Desk, *texts: str, **parts: object) -> list[str]:
    """Report each in a thread of its own, and have it taken, pages and all."""
    ids = []
    for text in texts:
        desk.world.clock.forward(seconds=0.01)
        ids.append(desk.world.report(text, **parts).message_id)
    desk.worker.run()
    return ids


def answer(desk: Desk, receipt: receipts.Receipt, *texts: str) -> list[str]:
    """Write more on one thread, and have it taken."""
    ids = []
    for text in texts:
        desk.world.clock.forward(seconds=0.01)
        ids.append(desk.world.answer(receipt, text))
    desk.worker.run()
    return ids


def held(desk: Desk) -> dict[str, str | None]:
    """Map what is held to the limit that it was over."""
    with desk.world.database.read() as session:
        found = session.execute(select(Message.id, Message.flooded).where(Message.held_at.is_not(None)))
        return dict(found.all())


def answers_at_once(desk: Desk, receipt: receipts.Receipt, texts: list[str]) -> None:
    """Write many answers as the desk does, but in one commit."""
    keys = desk.world.keys["intake"]
    with desk.world.of("intake").write() as session:
        query = select(Thread.id).where(Thread.receipt_lookup == receipt.lookup_id)
        thread_id = session.scalars(query).one()
        place = Place(desk.world.district_id, "demo", desk.world.school_id)
        said = [Said(text, filing.mark(receipt, receipts.new_seed(), text, ()), "en", desk.now) for text in texts]
        filing.store(session, [filing.add(keys, place, thread_id, receipt, one) for one in said])


def test_a_thousand_in_one_web_thread_are_all_taken_and_the_one_of_danger_is_paged_at_once(desk: Desk) -> None:
    filed = desk.world.report("low number 0")
    answers_at_once(desk, filed.receipt, [f"low number {n}" for n in range(1, 999)])
    desk.worker.run()
    assert desk.calls() == []
    (danger,) = answer(desk, filed.receipt, "critical he has a gun")
    assert "Ana" in desk.calls()
    assert len(desk.world.come_back(filed.receipt).entries) == 1000, "its reporter reads all of it"
    with desk.world.database.read() as session:
        stored = session.scalar(select(func.count(Message.id)).where(Message.direction == "in"))
        waiting = session.scalar(select(func.count(Message.id)).where(Message.dispatched_at.is_(None)))
        over = session.scalar(select(func.count(Message.id)).where(Message.flooded == "thread"))
    assert (stored, waiting, over, len(held(desk))) == (1000, 0, 970, 969)
    case = desk.case_of(danger)
    assert case is not None
    assert (case.severity, case.life_safety) == ("critical", True)
    assert len(desk.engine.contexts) >= 1000, "what is held has been judged too"


def test_over_the_limit_of_its_school_a_calm_report_is_held_and_danger_is_not(desk: Desk) -> None:
    limit(desk, school=2)
    first, second, third = report(desk, "low one", "low two", "low three")
    assert held(desk) == {third: "school"}
    (elsewhere,) = report(desk, "low one", school_id=desk.world.second_school_id)
    assert elsewhere not in held(desk), "another school has its own"
    assert desk.calls() == []
    (danger,) = report(desk, "critical he has a gun")
    assert desk.message(danger).flooded == "school"
    assert "Ana" in desk.calls()
    assert None not in [desk.case_of(one) for one in (first, second, elsewhere, danger)]


def test_a_report_to_the_whole_district_counts_for_no_school(desk: Desk) -> None:
    limit(desk, school=1)
    report(desk, "low one")
    _, over = report(desk, "low two", "low three", school_id=None)
    assert held(desk) == {over: "school"}


def test_reports_without_proof_of_work_share_what_one_conversation_may_say(desk: Desk) -> None:
    limit(desk, thread=2)
    *few, over = report(desk, "low one", "low two", "low three", proved=False)
    assert held(desk) == {over: "proof"}
    assert None not in [desk.case_of(one) for one in few], "a page that is too old, or no script, harms nobody"
    proved = report(desk, "low four", "low five", "low six")
    assert None not in [desk.case_of(one) for one in proved]
    (elsewhere,) = report(desk, "low one", proved=False, school_id=desk.world.second_school_id)
    assert desk.case_of(elsewhere) is not None


@pytest.mark.parametrize("words", ["high he has pills", "k", "boom", "critical now"])
@pytest.mark.parametrize("proved", [True, False], ids=["proved", "unproven"])
def test_whatever_would_page_is_never_held(desk: Desk, words: str, proved: bool) -> None:
    limit(desk, thread=1, school=1)
    report(desk, "low one", proved=proved)
    (over,) = report(desk, words, proved=proved)
    assert desk.case_of(over) is not None
    assert held(desk) == {}
    assert desk.message(over).flooded == ("school" if proved else "proof")
    assert "Ana" in desk.calls()


def test_what_is_held_comes_in_when_let_through_and_is_not_held_again(desk: Desk) -> None:
    limit(desk, thread=1, school=1)
    report(desk, "low one", proved=False)
    (over,) = report(desk, "low two", proved=False)
    assert desk.case_of(over) is None
    with desk.world.of("console").write() as session:
        thread = session.get_one(Thread, desk.message(over).thread_id)
        assert floods.release(session, thread, "account:1", desk.now) == 1
    desk.worker.run()
    assert desk.case_of(over) is not None
    assert held(desk) == {}
    assert desk.message(over).flooded == "proof", "the mark stays"


def test_no_limit_holds_nothing_and_the_next_minute_is_taken_again(desk: Desk) -> None:
    limit(desk)
    report(desk, *(f"low {n}" for n in range(40)), proved=False)
    assert held(desk) == {}
    limit(desk, school=1)
    desk.world.clock.forward(minutes=1)
    _, over = report(desk, "low one", "low two")
    desk.world.clock.forward(minutes=1)
    report(desk, "low three")
    assert held(desk) == {over: "school"}


def test_the_same_words_again_on_a_thread_repeat_the_first_and_another_thread_is_another_person(desk: Desk) -> None:
    filed = desk.world.report("low bikes are stolen")
    again = answer(desk, filed.receipt, "low bikes are stolen", "low  Bikes are stolen")
    (other,) = report(desk, "low bikes are stolen")
    assert [desk.message(one).repeats_id for one in (filed.message_id, *again, other)] == [
        None, filed.message_id, filed.message_id, None,
    ]  # fmt: skip
    cases = [desk.case_of(one) for one in (filed.message_id, *again)]
    assert len({case.id for case in cases if case}) == 1


def test_the_same_form_again_joins_its_thread_and_is_stored_once(desk: Desk) -> None:
    once = receipts.new_seed()
    first, again = (desk.world.report("low bikes are stolen", once=once) for _ in range(2))
    assert (again.repeated, again.message_id, again.thread_id) == (True, first.message_id, first.thread_id)
    assert (desk.world.count(Message), desk.world.count(Copy)) == (1, 1)


def test_held_is_read_school_by_school_after_the_lines(desk: Desk) -> None:
    limit(desk, school=1)
    for school_id in (desk.world.second_school_id, desk.world.school_id, None):
        report(desk, "low one", "low two", "low three", school_id=school_id)
    with desk.world.of("console").read() as session:
        places = floods.held(session, desk.world.district_id)
        lincoln, cedar = (session.get_one(School, one) for one in (desk.world.school_id, desk.world.second_school_id))
        assert [place.school for place in places] == [None, cedar, lincoln]
        assert {place.line for place in places} == {None}
    assert [(place.count, [talk.count for talk in place.threads]) for place in places] == [(2, [1, 1])] * 3
