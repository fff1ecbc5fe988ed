import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from exports import cloud_events
from exports.snapshot import EventSnapshot

EVENT = EventSnapshot(
    id="0f" * 16,
    sequence=42,
    type="org.tipline.message.assessed",
    subject="case/" + "1a" * 16,
    actor="account:" + "2b" * 16,
    at=datetime(2026, 11, 21, 8, 15, tzinfo=UTC),
    district_id="3c" * 16,
    data={"case": "1a" * 16, "life_safety": True, "reason": None, "categories": ["weapon", "test"]},
)
ORIGIN = "https://tips.example.org"


def test_envelope_names_what_happened_where_and_when() -> None:
    assert cloud_events.envelope(EVENT, ORIGIN) == {
        "specversion": "1.0",
        "id": EVENT.id,
        "source": f"{ORIGIN}/districts/{EVENT.district_id}",
        "type": "org.tipline.message.assessed.v1",
        "subject": EVENT.subject,
        "time": "2026-11-21T08:15:00Z",
        "datacontenttype": "application/json",
        "dataschema": f"{ORIGIN}/schemas/events/org.tipline.message.assessed.v1.json",
        "actor": EVENT.actor,
        "sequence": "00000000000000000042",
        "data": dict(EVENT.data),
    }


def test_envelope_names_the_case_where_there_is_one() -> None:
    placed = replace(EVENT, case_id="4d" * 16, school="lincoln", severity="high")
    found = cloud_events.envelope(placed, ORIGIN)
    assert (found["caseid"], found["school"], found["severity"]) == ("4d" * 16, "lincoln", "high")
    assert not {"caseid", "school", "severity"} & set(cloud_events.envelope(EVENT, ORIGIN))


def test_binary_mode_says_the_same_in_headers() -> None:
    rendered = cloud_events.binary(EVENT, ORIGIN)
    told = {name.removeprefix("ce-"): value for name, value in rendered.headers.items() if name.startswith("ce-")}
    envelope = cloud_events.envelope(EVENT, ORIGIN)
    assert json.loads(rendered.body) == envelope.pop("data")
    assert rendered.headers["Content-Type"] == envelope.pop("datacontenttype")
    assert told == envelope


def test_batched_mode_is_an_array_of_envelopes() -> None:
    rendered = cloud_events.batched([EVENT, replace(EVENT, id="5e" * 16)], ORIGIN)
    assert rendered.headers == {"Content-Type": "application/cloudevents-batch+json"}
    assert [one["id"] for one in json.loads(rendered.body)] == [EVENT.id, "5e" * 16]
    assert json.loads(rendered.body)[0] == cloud_events.envelope(EVENT, ORIGIN)


def test_envelope_without_district_has_the_deployment_as_source() -> None:
    assert cloud_events.envelope(replace(EVENT, district_id=None), ORIGIN)["source"] == ORIGIN


def test_envelope_keeps_the_instant_of_another_zone() -> None:
    elsewhere = EVENT.at.astimezone(timezone(timedelta(hours=-7)))
    time = cloud_events.envelope(replace(EVENT, at=elsewhere), ORIGIN)["time"]
    assert datetime.fromisoformat(time) == EVENT.at


def test_sequence_sorts_as_text() -> None:
    written = [cloud_events.envelope(replace(EVENT, sequence=n), ORIGIN)["sequence"] for n in (9, 10, 2_000_000_000)]
    assert written == sorted(written)


def test_render_is_the_envelope_in_utf8() -> None:
    event = replace(EVENT, school="señal")
    assert json.loads(cloud_events.render(event, ORIGIN).decode()) == cloud_events.envelope(event, ORIGIN)


@pytest.mark.parametrize("word", ["address", "number", "token", "phone", "text", "words", "name"])
def test_snapshot_has_no_field_for_what_must_not_leave(word: str) -> None:
    assert not [field.name for field in fields(EventSnapshot) if word in field.name]
