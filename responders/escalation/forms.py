"""The form of an alert: a draft as fields, and fields as a draft. Wherever a field is not there it is empty."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from starlette.datastructures import FormData

from exports import cap
from gateway.core.errors import BadInput
from responders.accounts.gate import field_of
from responders.escalation.drafts import LANGUAGES, LENGTHS, Draft, Texts

CHOICES = {
    "status": tuple(cap.Status),
    "scope": tuple(cap.Scope),
    "category": tuple(cap.Category),
    "response": tuple(cap.ResponseType),
    "urgency": tuple(cap.Urgency),
    "severity": tuple(cap.Severity),
    "certainty": tuple(cap.Certainty),
}
"""What the codes may be, by field."""
EVENT_CODES = cap.ipaws.EVENTS
_CODES = ("scenario", *CHOICES, "event_code")
_LINES = ("restriction", "addresses", "note", "area", "polygons", "circles", "geocodes", "contact", "web")


def read(form: FormData, zone: tzinfo) -> Draft:
    """Read a draft from the fields of a form; times are in the district's zone. Raises: BadInput naming the element."""
    minutes = field_of(form, "lasts_minutes").strip()
    return Draft(
        **{name: field_of(form, name).strip() for name in (*_CODES, *_LINES)},
        lasts_minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 7 else 0,
        starts_at=_moment(field_of(form, "starts_at").strip(), zone),
        texts={language: _texts(form, language) for language in LANGUAGES},
    )


def local(moment: datetime | None, zone: tzinfo) -> str:
    """Write a time as a browser's field for times has it; empty for none."""
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _texts(form: FormData, language: str) -> Texts:
    return Texts(**{name: " ".join(field_of(form, f"{name}.{language}").split()) for name in LENGTHS})


def _moment(given: str, zone: tzinfo) -> datetime | None:
    if not given:
        return None
    try:
        return datetime.strptime(given, "%Y-%m-%dT%H:%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput("sent: that is not a day and time.") from None
