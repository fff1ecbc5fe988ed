"""CloudEvents 1.0.2 over HTTP: an event of the log in structured, binary or batched mode.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md and
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudevents.core.bindings.http import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from exports import event_catalogue
from exports.snapshot import EventSnapshot

CONTENT_TYPE = JSONFormat.CONTENT_TYPE
BATCH_TYPE = "application/cloudevents-batch+json"
SCHEMAS_PATH = "/schemas/events"
"""Where below the deployment's own URL the schema of each type is served, as `<type>.json`."""
_SEQUENCE_DIGITS = 20


@dataclass(frozen=True)
class Rendered:
    """A message's headers, `Content-Type` among them, and its body."""

    headers: Mapping[str, str]
    body: bytes


def envelope(event: EventSnapshot, origin: str) -> dict[str, Any]:
    """Put an event into its envelope, ready for JSON; see `render`."""
    parsed: dict[str, Any] = json.loads(render(event, origin))
    return parsed


def render(event: EventSnapshot, origin: str) -> bytes:
    """Write an event as `application/cloudevents+json`, UTF-8.

    `origin` is the deployment's own URL without a slash at its end; the source is the district below it, so that
    source and id together name one event everywhere. `actor`, `sequence`, and where an event belongs to a case
    `caseid`, `school` and `severity`, are extension attributes, all strings.
    Source: CloudEvents 1.0.2 §3.1, and its Sequence extension (sortable as text, so padded with zeros).
    """
    return JSONFormat().write(_event(event, origin))


def structured(event: EventSnapshot, origin: str) -> Rendered:
    """Render one event, attributes and data together in the body."""
    return Rendered({"Content-Type": CONTENT_TYPE}, render(event, origin))


def binary(event: EventSnapshot, origin: str) -> Rendered:
    """Render one event with its attributes in headers and its data as the body."""
    message = to_binary(_event(event, origin), JSONFormat())
    headers = dict(message.headers)
    return Rendered({"Content-Type": headers.pop("content-type"), **headers}, message.body)


def batched(events: Sequence[EventSnapshot], origin: str) -> Rendered:
    """Render several events as one array. Source: JSON Event Format 1.0.2 §4."""
    body = b"[" + b",".join(render(event, origin) for event in events) + b"]"
    return Rendered({"Content-Type": BATCH_TYPE}, body)


def attributes(event: EventSnapshot, origin: str) -> dict[str, Any]:
    """List an event's context attributes, as filters see them."""
    source = f"{origin}/districts/{event.district_id}" if event.district_id else origin
    type_name = event_catalogue.type_of(event.type)
    extensions = {"caseid": event.case_id, "school": event.school, "severity": event.severity}
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": type_name,
        "subject": event.subject,
        "time": event.at,
        "datacontenttype": "application/json",
        "dataschema": f"{origin}{SCHEMAS_PATH}/{type_name}.json",
        "actor": event.actor,
        "sequence": str(event.sequence).zfill(_SEQUENCE_DIGITS),
        **{name: value for name, value in extensions.items() if value},
    }


def _event(event: EventSnapshot, origin: str) -> CloudEvent:
    return CloudEvent(attributes(event, origin), dict(event.data))
