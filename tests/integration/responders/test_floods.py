"""A flood in one conversation: every text is kept and judged, calm ones wait aside, danger is paged at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.core import intake
from gateway.core.messages import Inbound
from gateway.core.records import Event, Line, Message, Thread
from gateway.front import vitals
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage
from responders.floods import service as floods
from responders.floods.windows import Windows
from tests.integration.responders.conftest import Desk
from tests.support.world import REPORTS, STUDENT


def limit(desk: Desk, texts: int) -> None:
    """Let so many texts of a conversation through in a minute."""
    with desk.world.database.write() as session:
        for line in session.scalars(select(Line)):
            line.thread_texts_per_minute = texts


def send(desk: Desk, *texts: str, sender: str = STUDENT) -> list[str]:
    """Text, have it threaded and taken, pages and all."""
    ids = []
    for text in texts:
        desk.world.clock.forward(seconds=0.01)
        ids.append(desk.world.text(text, sender=sender))
    desk.world.courier.thread_all()
    desk.worker.run()
    return ids


def held(desk: Desk) -> list[Message]:
    with desk.world.database.read() as session:
        return list(session.scalars(select(Message).where(Message.held_at.is_not(None)).order_by(Message.at)))


def shown(desk: Desk, case: Case) -> set[str]:
    """Read which messages that came in the case shows."""
    with desk.world.database.read() as session:
        return {m.id for m in cases.messages(session, session.get_one(Case, case.id)) if m.direction == "in"}


def let_through(desk: Desk) -> int:
    with desk.world.of("console").write() as session:
        thread = session.scalars(select(Thread)).one()
        return floods.release(session, thread, "account:1", desk.now)


def test_a_thousand_texts_in_one_thread_are_all_taken_and_the_one_of_danger_is_paged_at_once(desk: Desk) -> None:
    at = desk.now
    calm = [Inbound("sms", f"SM{n:032x}", STUDENT, REPORTS, f"low number {n}", at) for n in range(10_000, 10_999)]
    intake.receive_all(desk.world.of("intake"), desk.world.keys["intake"], calm)
    desk.world.courier.thread_all()
    desk.worker.run()
    assert desk.calls() == []
    (danger,) = send(desk, "critical he has a gun")
    assert "Ana" in desk.calls()
    with desk.world.database.read() as session:
        stored = session.scalar(select(func.count(Message.id)).where(Message.direction == "in"))
        waiting = session.scalar(select(func.count(Message.id)).where(Message.dispatched_at.is_(None)))
        over = session.scalar(select(func.count(Message.id)).where(Message.flooded == "thread"))
    assert (stored, waiting, over, len(held(desk))) == (1000, 0, 970, 969)
    case = desk.case_of(danger)
    assert case is not None
    assert (case.severity, case.life_safety) == ("critical", True)
    assert len(shown(desk, case)) == 31
    assert danger in shown(desk, case)
    assert len(desk.engine.contexts) >= 1000, "what is held has been judged too"


def test_danger_over_the_limit_is_marked_joins_its_case_and_pages(desk: Desk) -> None:
    limit(desk, 2)
    first, _, waits = send(desk, "low one", "low two", "low three")
    assert [one.id for one in held(desk)] == [waits]
    assert desk.calls() == []
    (danger,) = send(desk, "critical he has a gun")
    case = desk.case_of(first)
    assert case is not None
    joined = desk.case_of(danger)
    assert joined is not None
    assert (joined.id, joined.severity) == (case.id, "critical")
    assert "Ana" in desk.calls()
    message = desk.message(danger)
    assert (message.flooded, message.held_at) == ("thread", None)


@pytest.mark.parametrize("words", ["high he has pills", "k", "boom", "critical now"])
def test_whatever_would_page_is_never_held(desk: Desk, words: str) -> None:
    limit(desk, 1)
    send(desk, "low one")
    (over,) = send(desk, words)
    assert desk.case_of(over) is not None
    assert held(desk) == []
    assert "Ana" in desk.calls()


def test_held_texts_wait_in_no_case_and_come_in_when_let_through(desk: Desk) -> None:
    limit(desk, 1)
    first, *waiting = send(desk, "low one", "low two", "moderate three")
    case = desk.case_of(first)
    assert case is not None
    assert shown(desk, case) == {first}
    assert [desk.case_of(one) for one in waiting] == [None, None]
    assert let_through(desk) == 2
    assert let_through(desk) == 0
    desk.worker.run()
    assert held(desk) == []
    assert shown(desk, case) == {first, *waiting}
    assert desk.case(case).severity == "moderate"
    assert {desk.message(one).flooded for one in waiting} == {"thread"}, "the mark stays"
    (event,) = desk.events("thread.let_through")
    assert (event.actor, event.data) == ("account:1", {"messages": 2})


def test_letting_old_texts_through_is_no_alarm_and_a_text_that_nobody_judged_is_one(desk: Desk) -> None:
    limit(desk, 1)
    send(desk, "low one", "low two")
    desk.world.clock.forward(hours=1)
    let_through(desk)
    with desk.world.of("clock").read() as session:
        assert not vitals.unjudged(session, desk.now)
    desk.world.text("low three")
    desk.world.clock.forward(hours=1)
    with desk.world.of("clock").read() as session:
        assert vitals.unjudged(session, desk.now)


def test_what_is_held_is_an_event_of_ids_and_codes(desk: Desk) -> None:
    limit(desk, 1)
    send(desk, "low one", "low two")
    (event,) = desk.events("message.held")
    (message,) = held(desk)
    assert event.subject == f"message/{message.id}"
    assert event.data == {
        "thread": message.thread_id, "line": message.line_id, "why": "thread", "severity": "low", "rules": "test-1",
    }  # fmt: skip


def test_held_is_read_line_by_line_with_counts_and_the_newest(desk: Desk) -> None:
    limit(desk, 1)
    for n in range(6):
        send(desk, f"low {n}")
        desk.world.clock.forward(seconds=1)
    with desk.world.of("console").read() as session:
        (line,) = floods.held(session, desk.world.district_id)
        assert floods.held(session, "0" * 32) == []
    (talk,) = line.threads
    assert (line.count, talk.count, len(talk.newest)) == (5, 5, floods.NEWEST)
    assert talk.newest[0].at == desk.now - timedelta(seconds=1)


def test_a_limit_that_cannot_be_looked_up_holds_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(desk, 1)

    def broken(*_given: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(Windows, "_over", broken)
    ids = send(desk, "low one", "low two", "low three")
    assert held(desk) == []
    assert None not in [desk.case_of(one) for one in ids]


def test_the_next_minute_is_taken_again(desk: Desk) -> None:
    limit(desk, 1)
    send(desk, "low one", "low two")
    desk.world.clock.forward(minutes=1)
    (later,) = send(desk, "low three")
    assert desk.case_of(later) is not None
    assert len(held(desk)) == 1


def test_the_same_words_again_join_as_repeats_of_the_first(desk: Desk) -> None:
    first, *again = send(desk, "low bikes are stolen", "low bikes are stolen", "low  Bikes are stolen")
    assert [desk.message(one).repeats_id for one in (first, *again)] == [None, first, first]
    case = desk.case_of(first)
    assert case is not None
    assert shown(desk, case) == {first, *again}
    with desk.world.database.read() as session:
        assert session.scalar(select(func.count(CaseMessage.message_id))) == 3


def test_a_repeat_of_danger_pages_when_nobody_attends_the_case_any_more(desk: Desk) -> None:
    (first,) = send(desk, "critical he has a gun")
    case = desk.case_of(first)
    assert case is not None
    desk.move(case, "closed")
    desk.calls()
    desk.world.clock.forward(minutes=5)
    send(desk, "critical he has a gun")
    assert "Ana" in desk.calls()


def test_nothing_that_is_stored_tells_which_words_are_alike_but_the_messages_of_one_thread(desk: Desk) -> None:
    one, two = (send(desk, "low the same words", sender=number)[0] for number in ("+13035550801", "+13035550802"))
    assert (desk.message(one).repeats_id, desk.message(two).repeats_id) == (None, None)
    with desk.world.database.read() as session:
        data = [event.data for event in session.scalars(select(Event))]
    assert not any("same" in str(one) or "hash" in str(one) for one in data)
