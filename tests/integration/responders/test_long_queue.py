"""A long queue is one run of the worker: what failed at its beginning does not wait for its end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from gateway.core.errors import Unavailable
from gateway.core.records import Message
from responders.cases import service as cases
from tests.integration.responders.conftest import Desk

GUN, CALM = "critical knife, hes bleeding", "moderate thing, about the homework for next week in school"


def test_what_failed_while_the_database_was_away_has_its_turn_again_within_the_same_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    urgent = desk.world.text(GUN)
    for place in range(20):
        desk.world.text(CALM, sender=f"+130355520{place:02}")
    desk.world.courier.thread_all()
    take, away = cases.take_messages, [Unavailable("locked")]

    def taking(*given: Any) -> list[cases.Taken]:
        desk.world.clock.forward(seconds=0.2)
        if away:
            raise away.pop()
        return take(*given)

    monkeypatch.setattr(cases, "take_messages", taking)
    desk.worker.take_all()
    with desk.world.database.read() as session:
        order = list(
            session.scalars(
                select(Message.id)
                .where(Message.direction == "in", Message.dispatched_at.is_not(None))
                .order_by(Message.dispatched_at)
            )
        )
    assert len(order) == 21
    assert order.index(urgent) < 12
    assert not away


def test_who_pages_beside_is_rung_for_as_soon_as_people_are_called_out(desk: Desk) -> None:
    rung: list[int] = []
    desk.worker.on_called = lambda: rung.append(len(desk.callouts()))
    for place, words in enumerate([CALM, GUN, CALM]):
        desk.world.text(words, sender=f"+130355521{place:02}")
    desk.world.courier.thread_all()
    desk.worker.take_all()
    assert rung == [1], "once, when the callout is there for others to see"
    assert desk.events("page.written") == []
    beside = desk.another_worker()
    beside.page_all()
    assert desk.events("page.written")


@pytest.mark.parametrize("beside", [True, False], ids=["two processes", "one process"])
def test_who_stayed_silent_is_called_for_in_the_middle_of_a_long_queue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, beside: bool
) -> None:
    desk.tip("hm")
    desk.world.clock.forward(seconds=181)
    for place in range(12):
        desk.world.text(CALM, sender=f"+130355522{place:02}")
    desk.world.courier.thread_all()
    take, waiting = cases.take_messages, list[int]()

    def taking(*given: Any) -> list[cases.Taken]:
        desk.world.clock.forward(seconds=0.3)
        if not desk.callouts():
            waiting.append(len(given[2]))
        return take(*given)

    another = desk.another_worker()

    def ring() -> None:
        another.page_all()

    if beside:
        desk.worker.on_called = ring
    monkeypatch.setattr(cases, "take_messages", taking)
    desk.worker.take_all()
    assert len(desk.callouts()) == 1
    assert 0 < sum(waiting) < 12
