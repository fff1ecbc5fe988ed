"""What an alert is: CAP 1.2 as frozen values. Field order, names and meanings are those of the standard.

An attribute is its element's name in snake case, in the plural where the element may repeat (`infos` for `<info>`).
`None` and an empty tuple mean that the element is absent. Texts are written by staff or come from a template: no field
is meant for what a reporter wrote, and `privacy.check` looks whether one slipped in.
Source: OASIS Common Alerting Protocol 1.2 §3.2, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CONTENT_TYPE = "application/cap+xml"
DEFAULT_LANGUAGE = "en-US"
"""What an `<info>` without `<language>` is in."""


class Status(StrEnum):
    """How an alert is to be handled. `Draft` is not for acting on; `Exercise` says which in `note`."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """What an alert does to those before it: `Update` and `Cancel` name all that they replace in `references`."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Scope(StrEnum):
    """Who may read it: `Restricted` wants a `restriction`, `Private` wants `addresses`."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Category(StrEnum):
    """What kind of event it is about."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class ResponseType(StrEnum):
    """What whoever reads it should do."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(StrEnum):
    """How soon to act."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How grave the threat to life or property is."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure it is."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on WGS 84, in degrees; decimals, so that what was read is written with the same digits."""

    latitude: Decimal
    longitude: Decimal


Polygon = tuple[Point, ...]
"""A closed line: at least four points, the last of them the first again."""


@dataclass(frozen=True, slots=True)
class Circle:
    """All within `radius` kilometres of a point; 0 is the point itself."""

    center: Point
    radius: Decimal


@dataclass(frozen=True, slots=True)
class Named:
    """A `<valueName>` and its `<value>`: an `<eventCode>`, a `<parameter>` or a `<geocode>`."""

    value_name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A file that goes with an `<info>`: at a URL or, for one-way links, in the alert itself.

    `size` in bytes; `deref_uri` is the file in base64; `digest` its SHA-1 as 40 hexadecimal digits.
    """

    resource_desc: str
    mime_type: str
    size: int | None = None
    uri: str | None = None
    deref_uri: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where it applies: all of its polygons, circles and geocodes together. Heights in feet above mean sea level."""

    area_desc: str
    polygons: tuple[Polygon, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """One event as told in one language, or to one audience. Times carry an offset and whole seconds."""

    language: str | None = None
    categories: tuple[Category, ...]
    event: str
    response_types: tuple[ResponseType, ...] = ()
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    audience: str | None = None
    event_codes: tuple[Named, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What names one alert for ever: `sender,identifier,sent`."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message. `addresses` are those of its recipients: e-mail addresses, group names, never a reporter's."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    source: str | None = None
    scope: Scope
    restriction: str | None = None
    addresses: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    note: str | None = None
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How a later message names this one."""
        return Reference(self.sender, self.identifier, self.sent)

    @property
    def expires(self) -> datetime | None:
        """When the last of its infos has expired; `None` where one of them never does, or none is there."""
        times = [info.expires for info in self.infos]
        known = [moment for moment in times if moment is not None]
        return max(known) if known and len(known) == len(times) else None


def moment(at: datetime, zone: str) -> datetime:
    """Give a UTC-aware time as an alert says it: with the offset of a zone, as `America/Denver`, and in whole seconds.

    The offset is that moment's own and stays: what is added to it is time that passes, also when clocks are changed.
    """
    local = at.astimezone(ZoneInfo(zone)).replace(microsecond=0)
    offset = local.utcoffset()
    return local.replace(tzinfo=timezone(offset), fold=0) if offset is not None else local
