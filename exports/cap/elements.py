"""The elements of CAP 1.2 in the schema's order, and how each is written and read: one table for both ways.

Source: CAP 1.2 §3.2 and its schema, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.xsd
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exports.cap import geometry, model
from exports.cap.findings import Unreadable

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"
_MOMENT = re.compile(_TIME, re.ASCII)
_REFERENCE = re.compile(rf"([^\s,<&]+),([^\s,<&]+),({_TIME})", re.ASCII)
_QUOTED = re.compile(r'"([^"]*)"|([^\s"]+)')
_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,6}(?:\.\d{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands in an element: text both ways. `read` raises `Unreadable`, with the element's bare name or none."""

    name: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """What stands in an element: other elements, in order, and the class that holds them."""

    make: type
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its name, the attribute that holds it, what it may hold, and how often."""

    name: str
    attribute: str
    kind: Kind | Group
    many: bool = False
    required: bool = False


def write_moment(moment: datetime) -> str:
    """Write a time with its offset, as `2026-11-21T08:15:00-07:00`; UTC is `-00:00`, never `Z`.

    Source: CAP 1.2 §3.3.2.
    """
    written = moment.isoformat(timespec="seconds")
    return f"{written[:-6]}-00:00" if moment.utcoffset() == timedelta() else written


def read_moment(text: str) -> datetime:
    """Read a time in the one form that CAP has.

    Raises: Unreadable.
    """
    if not _MOMENT.fullmatch(text):
        says = "is not a time with its offset, as 2026-11-21T08:15:00-07:00 (no Z, no fractions of a second)"
        raise Unreadable("", "time_malformed", says)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("", "time_malformed", "is not a time that exists") from None


def write_list(items: tuple[str, ...]) -> str:
    """Write names between blanks; those that hold a blank stand in double quotes."""
    return " ".join(f'"{item}"' if re.search(r"\s", item) else item for item in items)


def read_list(text: str) -> tuple[str, ...]:
    """Read names between blanks.

    Raises: Unreadable for a quote that does not end.
    """
    if _QUOTED.sub("", text).strip():
        raise Unreadable("", "quote_open", "has a double quote without its other half")
    return tuple(quoted or plain for quoted, plain in _QUOTED.findall(text))


def write_references(references: tuple[model.Reference, ...]) -> str:
    """Write `sender,identifier,sent` between blanks."""
    return " ".join(f"{one.sender},{one.identifier},{write_moment(one.sent)}" for one in references)


def read_references(text: str) -> tuple[model.Reference, ...]:
    """Read `sender,identifier,sent` between blanks.

    Raises: Unreadable for anything else.
    """
    found = [_REFERENCE.fullmatch(one) for one in text.split()]
    if not all(found):
        raise Unreadable("", "references_malformed", "is not a list of sender,identifier,sent between blanks")
    return tuple(model.Reference(one[1], one[2], read_moment(one[3])) for one in found if one)


def _codes(codes: type[StrEnum]) -> Kind:
    allowed = tuple(codes)

    def read(text: str) -> StrEnum:
        if text not in allowed:
            raise Unreadable("", "code_unknown", f"is not one of {', '.join(allowed)}")
        return codes(text)

    return Kind("code", str, read, allowed)


def _number(pattern: re.Pattern[str], make: type[int] | type[Decimal], says: str) -> Kind:
    def read(text: str) -> int | Decimal:
        if not pattern.fullmatch(text.strip()):
            raise Unreadable("", "number_malformed", says)
        return make(text.strip())

    return Kind("number", lambda value: f"{value:f}" if isinstance(value, Decimal) else str(value), read)


TEXT = Kind("text", str, str)
MOMENT = Kind("moment", write_moment, read_moment)
LIST = Kind("list", write_list, read_list)
REFERENCES = Kind("references", write_references, read_references)
POLYGON = Kind("polygon", geometry.polygon_text, geometry.polygon)
CIRCLE = Kind("circle", geometry.circle_text, geometry.circle)
WHOLE = _number(_WHOLE, int, "is not a whole number")
DECIMAL = _number(_DECIMAL, Decimal, "is not a number")

NAMED = Group(
    model.Named,
    (Element("valueName", "value_name", TEXT, required=True), Element("value", "value", TEXT, required=True)),
)

RESOURCE = Group(
    model.Resource,
    (
        Element("resourceDesc", "resource_desc", TEXT, required=True),
        Element("mimeType", "mime_type", TEXT, required=True),
        Element("size", "size", WHOLE),
        Element("uri", "uri", TEXT),
        Element("derefUri", "deref_uri", TEXT),
        Element("digest", "digest", TEXT),
    ),
)

AREA = Group(
    model.Area,
    (
        Element("areaDesc", "area_desc", TEXT, required=True),
        Element("polygon", "polygons", POLYGON, many=True),
        Element("circle", "circles", CIRCLE, many=True),
        Element("geocode", "geocodes", NAMED, many=True),
        Element("altitude", "altitude", DECIMAL),
        Element("ceiling", "ceiling", DECIMAL),
    ),
)

INFO = Group(
    model.Info,
    (
        Element("language", "language", TEXT),
        Element("category", "categories", _codes(model.Category), many=True, required=True),
        Element("event", "event", TEXT, required=True),
        Element("responseType", "response_types", _codes(model.ResponseType), many=True),
        Element("urgency", "urgency", _codes(model.Urgency), required=True),
        Element("severity", "severity", _codes(model.Severity), required=True),
        Element("certainty", "certainty", _codes(model.Certainty), required=True),
        Element("audience", "audience", TEXT),
        Element("eventCode", "event_codes", NAMED, many=True),
        Element("effective", "effective", MOMENT),
        Element("onset", "onset", MOMENT),
        Element("expires", "expires", MOMENT),
        Element("senderName", "sender_name", TEXT),
        Element("headline", "headline", TEXT),
        Element("description", "description", TEXT),
        Element("instruction", "instruction", TEXT),
        Element("web", "web", TEXT),
        Element("contact", "contact", TEXT),
        Element("parameter", "parameters", NAMED, many=True),
        Element("resource", "resources", RESOURCE, many=True),
        Element("area", "areas", AREA, many=True),
    ),
)

ALERT = Group(
    model.Alert,
    (
        Element("identifier", "identifier", TEXT, required=True),
        Element("sender", "sender", TEXT, required=True),
        Element("sent", "sent", MOMENT, required=True),
        Element("status", "status", _codes(model.Status), required=True),
        Element("msgType", "msg_type", _codes(model.MsgType), required=True),
        Element("source", "source", TEXT),
        Element("scope", "scope", _codes(model.Scope), required=True),
        Element("restriction", "restriction", TEXT),
        Element("addresses", "addresses", LIST),
        Element("code", "codes", TEXT, many=True),
        Element("note", "note", TEXT),
        Element("references", "references", REFERENCES),
        Element("incidents", "incidents", LIST),
        Element("info", "infos", INFO, many=True),
    ),
)
