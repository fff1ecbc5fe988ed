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
    take, away = cases.take_message, [Unavailable("locked")]

    def taking(*given: Any) -> cases.Taken:
        desk.world.clock.forward(seconds=0.2)
        if away:
            raise away.pop()
        return take(*given)

    monkeypatch.setattr(cases, "take_message", taking)
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
