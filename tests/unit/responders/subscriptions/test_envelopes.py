"""Envelopes in GraphQL are made a page of events at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from exports import cloud_events
from responders.subscriptions import places, schema


def test_envelopes_of_pages_that_come_and_go_are_not_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[Any, Any] = {}

    def once(key: Any, load: Callable[[], Any]) -> Any:
        return known[key] if key in known else known.setdefault(key, load())

    monkeypatch.setattr(places, "snapshots", lambda _session, page, _minutes: list(page))
    monkeypatch.setattr(cloud_events, "envelope", lambda made, _origin: {"id": made.id})
    context: Any = SimpleNamespace(session=None, policy=SimpleNamespace(report_minutes=15), origin="", once=once)
    info: Any = SimpleNamespace(context=context)
    for number in range(100):  # Each page is gone before the next one comes, which may be given its place.
        root: Any = SimpleNamespace(id=number, page=[SimpleNamespace(id=number)])
        made: Any = schema.cloud_event_of(info, root)
        assert made == {"id": number}
