"""CloudEvents 1.0.2: an event of the log as a structured-mode JSON envelope.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

import json
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from exports.snapshot import EventSnapshot

CONTENT_TYPE = JSONFormat.CONTENT_TYPE
_SEQUENCE_DIGITS = 20


def envelope(event: EventSnapshot, origin: str) -> dict[str, Any]:
    """Put an event into its envelope, ready for JSON.

    `origin` is the deployment's own URL without a slash at its end; the source is the district below it, so that
    source and id together name one event everywhere. `actor` and `sequence` are extension attributes, both strings.
    Source: CloudEvents 1.0.2 §3.1, and its Sequence extension (sortable as text, so padded with zeros).
    """
    parsed: dict[str, Any] = json.loads(render(event, origin))
    return parsed


def render(event: EventSnapshot, origin: str) -> bytes:
    """Write an event as `application/cloudevents+json`, UTF-8; see `envelope`."""
    source = f"{origin}/districts/{event.district_id}" if event.district_id else origin
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": event.at,
        "datacontenttype": "application/json",
        "actor": event.actor,
        "sequence": str(event.sequence).zfill(_SEQUENCE_DIGITS),
    }
    return JSONFormat().write(CloudEvent(attributes, dict(event.data)))
