"""The worker's parts, put together as its process does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.core.database import Database
from gateway.front import environment
from gateway.front.duties import Duty
from gateway.front.places import Var
from gateway.front.wiring import worker
from responders.dispatch import Dispatcher
from tests.support.world import RecordingSender


def test_worker_rings_for_pages_and_for_sending_as_soon_as_there_are_some(
    var: Var, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Dispatcher] = []
    rung: list[str] = []

    def keep(*parts: object) -> Dispatcher:
        made.append(Dispatcher(*parts))  # type: ignore[arg-type]  # whatever the wiring hands over
        return made[-1]

    ring: Callable[[Duty], None] = lambda duty: rung.append(duty.name)  # noqa: E731 - it stands in for a method
    monkeypatch.setattr(worker, "Dispatcher", keep)
    monkeypatch.setattr(Duty, "ring", ring)
    database = Database(f"sqlite:///{var.database}")
    duties = worker.make(environment.load("worker", var, {}), database, RecordingSender())
    judge, pager = made
    assert judge.on_called is not None
    judge.on_called()
    judge.on_texts()
    pager.on_texts()
    assert rung == ["page", "send", "send"]
    assert {duty.name: duty.on_call for duty in duties} == {
        "dispatch": True,
        "page": False,
        "send": False,
        "link": False,
    }
    database.close()
