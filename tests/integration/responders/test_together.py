"""Several at once: messages that wait together are taken up in one transaction, and none of them pays for another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select

from gateway.core.errors import Unavailable
from gateway.core.keys import KeySet
from gateway.core.records import Message, Thread
from gateway.core.threads import Threading
from responders.cases import service as cases
from responders.cases.records import Case, CaseAssessment, CaseMessage
from responders.paging import rounds
from responders.paging import service as paging
from responders.paging.records import Callout, Page
from tests.integration.responders.conftest import Desk
from tests.support.world import SECOND
from triage.model import Assessment

CRITICAL, CALM = "critical knife", "moderate thing"


def test_eight_strangers_texts_are_threaded_in_one_transaction(desk: Desk) -> None:
    for place in range(8):
        desk.world.text(CALM, sender=_number(place))
    with _commits(desk) as commits:
        assert desk.world.courier.thread_some() == 8
    assert len(commits) == 1
    with desk.world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Thread)) == 8
    assert len(desk.events("message.receipt_queued")) == 8


def test_two_texts_of_one_stranger_in_one_transaction_are_one_thread_with_one_receipt(desk: Desk) -> None:
    ids = [desk.world.text(words, sender=_number(1)) for words in (CALM, "moderate too", CALM)]
    other = desk.world.text(CALM, sender=_number(1), to=SECOND)
    assert desk.world.courier.thread_some() == 4
    threads = {desk.world.message(one).thread_id for one in ids}
    assert len(threads) == 1
    assert desk.world.message(other).thread_id not in threads
    assert len(desk.events("message.receipt_queued")) == 2


def test_a_text_that_cannot_be_threaded_holds_up_none_of_those_beside_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [desk.world.text(CALM, sender=_number(place)) for place in range(6)]
    run = Threading.run

    def failing(self: Threading, messages: list[Message]) -> None:
        if any(message.id == ids[2] for message in messages):
            raise ValueError("cannot")
        run(self, messages)

    monkeypatch.setattr(Threading, "run", failing)
    desk.world.courier.thread_all()
    assert [desk.world.message(one).threaded_at is None for one in ids] == [one == ids[2] for one in ids]


def test_eight_messages_are_taken_up_in_one_transaction(desk: Desk) -> None:
    _threaded(desk, *[CALM] * 7, CRITICAL)
    with _commits(desk) as commits:
        assert desk.worker.take_all() == 8
    assert len(commits) == 1
    assert _count(desk, Case) == _count(desk, CaseMessage) == _count(desk, CaseAssessment) == 8
    assert _count(desk, Callout) == 1


def test_what_a_thread_says_next_is_judged_by_what_it_said_before(desk: Desk) -> None:
    first = desk.world.text(CRITICAL, sender=_number(1))
    desk.world.clock.forward(seconds=1)
    second = desk.world.text(CALM, sender=_number(1))
    desk.world.courier.thread_all()
    assert desk.worker.take_all() == 2
    assert [context.earlier for context in desk.engine.contexts][:2] == [(), (CRITICAL,)]
    assert desk.case_of(first) is not None
    assert desk.case_of(second) is not None
    assert _count(desk, Case) == 1


def test_a_message_that_cannot_be_taken_holds_up_none_of_those_beside_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = _threaded(desk, *[CALM] * 5, CRITICAL)
    take = cases.take_messages

    def failing(session: Any, keys: KeySet, judged: list[tuple[Message, Assessment]], now: datetime) -> Any:
        if any(message.id == ids[2] for message, _ in judged):
            raise ValueError("cannot")
        return take(session, keys, judged, now)

    monkeypatch.setattr(cases, "take_messages", failing)
    assert desk.worker.take_all() == 5
    assert [desk.case_of(one) is None for one in ids] == [one == ids[2] for one in ids]
    assert _count(desk, Callout) == 1
    monkeypatch.undo()
    desk.wait(seconds=16)
    assert desk.case_of(ids[2]) is not None


def test_rounds_of_several_schools_are_written_in_one_transaction(desk: Desk) -> None:
    _two_schools_called(desk)
    with _commits(desk) as commits:
        assert desk.worker.page_all() == 3
    assert len(commits) == 1
    assert sorted(to for to, _ in _pages(desk)) == ["Ana", "Ben", "Dee"]


def test_a_round_that_cannot_be_written_holds_up_none_beside_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _two_schools_called(desk)
    page = rounds._page

    def failing(session: Any, keys: KeySet, callout: Callout, *rest: Any) -> Any:
        if callout.school_id == desk.world.school_id:
            raise ValueError("cannot")
        return page(session, keys, callout, *rest)

    monkeypatch.setattr(rounds, "_page", failing)
    assert desk.worker.page_all() == 1
    assert [to for to, _ in _pages(desk)] == ["Dee"]
    monkeypatch.undo()
    desk.wait(seconds=16)
    assert sorted(to for to, _ in _pages(desk)) == ["Ana", "Ben", "Dee"]


def test_a_database_that_is_away_takes_no_message_for_good(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = _threaded(desk, CALM, CRITICAL)

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("locked")

    monkeypatch.setattr(cases, "take_messages", away)
    assert desk.worker.take_all() == 0
    monkeypatch.undo()
    assert desk.worker.take_all() == 2
    assert all(desk.case_of(one) for one in ids)


def test_nobody_is_called_later_for_a_case_that_was_rolled_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = _threaded(desk, CRITICAL)

    def failing(*_: Any, **__: Any) -> Any:
        raise ValueError("cannot")

    monkeypatch.setattr(paging, "call_out", failing)
    monkeypatch.setattr(paging, "note_uncalled", failing)
    assert desk.worker.take_all() == 0
    assert desk.worker._uncalled == {}
    monkeypatch.undo()
    desk.wait(seconds=16)
    assert desk.case_of(one) is not None
    assert _count(desk, Callout) == 1


def test_calm_messages_wait_a_little_for_pages_and_urgent_ones_do_not(desk: Desk) -> None:
    asked: list[int] = []

    def waits() -> bool:
        asked.append(_count(desk, Case))
        return len(asked) < 4

    desk.worker.pages_wait = waits
    _threaded(desk, "moderate but theres a kid with a gun")
    assert desk.worker.take_all() == 1
    assert asked == [0], "it was asked once, and did not matter"
    asked.clear()
    _threaded(desk, "moderate, about the lunch menu")
    assert desk.worker.take_all() == 1
    assert asked == [1, 1, 1, 1]


def test_calm_messages_do_not_wait_for_ever(desk: Desk) -> None:
    desk.worker.pages_wait = lambda: True
    _threaded(desk, "moderate, about the lunch menu")
    assert desk.worker.take_all() == 1


def _threaded(desk: Desk, *words: str) -> list[str]:
    ids = [desk.world.text(one, sender=_number(place)) for place, one in enumerate(words)]
    desk.world.courier.thread_all()
    return ids


def _two_schools_called(desk: Desk) -> None:
    desk.world.text(CRITICAL, sender=_number(1))
    desk.world.text(CRITICAL, sender=_number(2), to=SECOND)
    desk.world.courier.thread_all()
    assert desk.worker.take_all() == 2


def _pages(desk: Desk) -> list[tuple[str, str]]:
    names = {one: name for name, one in desk.ids.items()}
    with desk.world.database.read() as session:
        return [(names[page.responder_id], page.callout_id) for page in session.scalars(select(Page))]


def _count(desk: Desk, table: type[Any]) -> int:
    with desk.world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _number(place: int) -> str:
    return f"+1303555{4000 + place}"


@contextmanager
def _commits(desk: Desk) -> Iterator[list[str]]:
    """Count the transactions that courier and worker commit meanwhile, those that only read left out."""
    seen: list[str] = []
    engines = {desk.world.of(process).engine for process in ("courier", "worker")}

    def note(_connection: object) -> None:
        seen.append("commit")

    for engine in engines:
        event.listen(engine, "commit", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "commit", note)
