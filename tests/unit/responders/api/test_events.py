"""Events as GraphQL shows them: of what was stored once, what their type lists today."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.core import records
from responders.api.schema import Event
from responders.subscriptions import places
from responders.subscriptions.places import Place

NOBODY = Place(None, None, None, "page/" + "a" * 32)


def test_a_page_stored_with_the_number_of_its_round_is_shown_and_sent_without() -> None:
    one = "b" * 32
    told: dict[str, Any] = {"callout": one, "send": one, "responder": one, "case": one, "cases": [one], "count": 1}
    stored = records.Event(
        id="a" * 32, seq=1, type="org.tipline.page.written", subject="page/" + "a" * 32, actor="process:worker",
        at=datetime(2026, 11, 30, 12, 7, tzinfo=UTC), district_id=one, data={**told, "step": 3},
    )  # fmt: skip
    shown: Any = Event.of(stored).data
    assert shown == told
    assert places.snapshot(stored, NOBODY, 15).data == told
