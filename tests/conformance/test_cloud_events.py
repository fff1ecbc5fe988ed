"""The CloudEvents project's own SDK for JavaScript reads what we write; `test_cloud_events_run` has a whole run."""

from datetime import UTC, datetime

import pytest

from exports import cloud_events
from exports.snapshot import EventSnapshot
from tests.conformance.conftest import ask_node

pytestmark = pytest.mark.conformance

Data = dict[str, str | int | bool | list[str] | None]
KINDS: list[tuple[str, str | None, str, Data]] = [
    ("message.received", None, "reporter", {"quarantine": "unknown_line", "media": 0, "keyword": None}),
    ("case.acknowledged", "d" * 32, "account:" + "a" * 32, {"why": "on_call", "life_safety": True}),
    ("page.sent", "d" * 32, "process:worker", {"cases": ["c" * 32, "e" * 32]}),
]
EVENTS = [
    EventSnapshot(
        id=f"{number:032x}",
        sequence=number,
        district_id=district,
        type=f"org.tipline.{kind}",
        subject=f"{kind.split('.')[0]}/{number:032x}",
        actor=actor,
        at=datetime(2026, 11, 21, 8, 15, number, 120_000, tzinfo=UTC),
        data=data,
    )
    for number, (kind, district, actor, data) in enumerate(KINDS, start=1)
]


def test_the_sdk_reads_every_envelope() -> None:
    lines = [cloud_events.render(event, "https://tips.example.org").decode() for event in EVENTS]
    assert all("\n" not in line for line in lines)
    answer = ask_node("cloudevents_check.mjs", lines=lines)
    assert answer == {"total": 3, "ids": [event.id for event in EVENTS], "refused": []}


def test_the_sdk_refuses_what_is_no_event() -> None:
    answer = ask_node("cloudevents_check.mjs", lines=['{"specversion":"1.0","id":"a","type":"t"}'])
    assert answer["ids"] == []
    assert "source" in str(answer["refused"])
