"""The judge of stored events: each is in the catalogue, fits its schema, and is a CloudEvent by the official schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from sqlalchemy import select

from exports import cloud_events, event_catalogue
from gateway.core.database import Database
from gateway.core.records import Event
from responders.subscriptions import places

OFFICIAL = Path(__file__).parents[1] / "contract/data/cloudevents-1.0.2.schema.json"
ORIGIN = "https://console.example.org"


def envelopes(database: Database) -> list[bytes]:
    """Render every event that a database has stored."""
    with database.read() as session:
        events = list(session.scalars(select(Event).order_by(Event.seq)))
        lost = [f"{event.type}: {event.data}" for event in events if kept(event) != event.data]
        assert not lost, f"what the catalogue does not list would not leave: {lost}"
        snapshots = places.snapshots(session, events, 15)
        for event, one in zip(events, snapshots, strict=True):
            # Tests write `account:1` for somebody: of an actor, that its kind leaves is enough here.
            told = one.type, one.subject, one.actor.partition(":")[0]
            assert told == (event.type, event.subject, event.actor.partition(":")[0]), "it would leave as other"
    return [cloud_events.render(one, ORIGIN) for one in snapshots]


def kept(event: Event) -> dict[str, Any]:
    return event_catalogue.fitting(event.type, event.data)


def faults(written: Sequence[bytes], origin: str = ORIGIN) -> list[str]:
    """Say what is wrong with some envelopes of a deployment: nothing, if all is well."""
    return [f"{name}: {fault}" for one in written for name, fault in _faults(json.loads(one), len(one), origin)]


def _faults(envelope: dict[str, Any], size: int, origin: str) -> list[tuple[str, str]]:
    name = envelope["type"]
    if name not in event_catalogue.types():
        return [(name, "is not in the catalogue")]
    found = [*_official().iter_errors(envelope), *_of_type(name).iter_errors(envelope["data"])]
    told = [(name, f"{'.'.join(map(str, error.path))} {error.message}") for error in found]
    surplus = set(envelope["data"]) - set(_schema(name)["properties"])
    told += [(name, f"{field} is not in its schema") for field in surplus]
    if size >= 64 * 1024:
        told.append((name, "is 64 KB or more"))
    if envelope["datacontenttype"] != "application/json" or not envelope["dataschema"].startswith(f"{origin}/schemas/"):
        told.append((name, "lacks its content type or the absolute address of its schema"))
    return told


def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event_catalogue.schema(name) or "")
    return found


@cache
def _of_type(name: str) -> Draft202012Validator:
    return Draft202012Validator(_schema(name))


@cache
def _official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text("utf-8")), format_checker=Draft7Validator.FORMAT_CHECKER)
