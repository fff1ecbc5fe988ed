"""The official JSON schema of CloudEvents 1.0.2 judges our envelopes.

`data/cloudevents-1.0.2.schema.json` is the specification's own file (CloudEvents authors, Apache-2.0), unchanged.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jsonschema import Draft7Validator

from exports import cloud_events
from exports.snapshot import EventSnapshot

SCHEMA = Path(__file__).parent / "data/cloudevents-1.0.2.schema.json"
CORE = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"}

ids = some.text("0123456789abcdef", min_size=32, max_size=32)
codes = some.one_of(some.none(), some.booleans(), some.integers(), some.text(max_size=40), some.lists(some.text()))
events = some.builds(
    EventSnapshot,
    id=ids,
    sequence=some.integers(1, 2**63 - 1),
    type=some.from_regex(r"org\.tipline\.[a-z]+\.[a-z_]+", fullmatch=True),
    subject=some.from_regex(r"[a-z]+/[0-9a-f]{32}", fullmatch=True),
    actor=some.from_regex(r"(account|contact|token|process):[0-9a-z]{1,32}|reporter", fullmatch=True),
    at=some.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=some.just(UTC)),  # noqa: DTZ001 - bounds
    district_id=some.none() | ids,
    data=some.dictionaries(some.from_regex(r"[a-z_]+", fullmatch=True), codes, max_size=8),
)


def judge() -> Draft7Validator:
    return Draft7Validator(json.loads(SCHEMA.read_text("utf-8")), format_checker=Draft7Validator.FORMAT_CHECKER)


@given(event=events)
def test_envelope_is_valid_and_small(event: EventSnapshot) -> None:
    written = cloud_events.render(event, "https://tips.example.org")
    envelope = json.loads(written)
    judge().validate(envelope)
    assert len(written) < 64 * 1024
    for name in set(envelope) - CORE:
        assert re.fullmatch("[a-z0-9]{1,20}", name)
        assert isinstance(envelope[name], str | int)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"id": ""}, id="empty id"),
        pytest.param({"source": "not a uri"}, id="bad source"),
        pytest.param({"time": "yesterday"}, id="bad time"),
        pytest.param({"specversion": None}, id="no version"),
    ],
)
def test_the_judge_is_awake(fault: dict[str, Any]) -> None:
    good = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "time": "2026-11-21T08:15:00Z"}
    assert judge().is_valid(good)
    assert not judge().is_valid(good | fault)
