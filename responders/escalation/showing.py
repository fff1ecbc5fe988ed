"""What the pages of alerts show: how people read one, who did what, where it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports import cap
from gateway.core.events import TYPE_PREFIX
from gateway.core.records import Event
from responders.accounts.gate import Visit
from responders.cases import people
from responders.cases.people import People
from responders.cases.records import Case
from responders.escalation import service
from responders.escalation.records import (
    APPROVED,
    DRAFT,
    ISSUED,
    PROPOSED,
    REFUSED,
    Alert,
    AlertDelivery,
    AlertTarget,
)

STATE = {
    "draft": "Draft",
    "proposed": "Waits for approval",
    "approved": "Approved",
    "issued": "Sent",
    "refused": "Did not go out",
    "discarded": "Discarded",
}
STATUS = {
    "Actual": "Actual: it is real",
    "Exercise": "Exercise: a drill",
    "System": "System: between machines",
    "Test": "Test: nobody acts on it",
    "Draft": "Draft: not for acting on",
}
SCENARIO = {
    "mistake": "Cancel",
    "hold": "Hold in rooms",
    "shelter": "Shelter in place",
    "timely_warning": "Clery timely warning",
    "emergency_notification": "Clery emergency notification",
}
KIND = {"update": "Update", "all_clear": "All clear", "cancel": "Cancel"}
LANGUAGE = {"en-US": "English", "es-US": "Spanish"}
WAY = {"folder": "Folder", "post": "Server", "mail": "E-mail"}
DELIVERY = {"queued": "on its way", "delivered": "arrived", "failed": "not delivered"}
REASON = {
    "too_late": "It was issued too late: what it said would already have been over.",
    "unreadable": "Its words do not open with the keys we have.",
    "references_none_standing": "references: everything it would follow was cancelled or has expired.",
}
_TOLD = {
    "alert.drafted": "{who} drafted it",
    "alert.revised": "{who} changed it",
    "alert.proposed": "{who} asked for its approval",
    "alert.approved": "{who} approved it",
    "alert.handed_back": "{who} took it back",
    "alert.discarded": "{who} discarded it",
    "alert.issued": "It went out",
    "alert.refused": "It did not go out ({code})",
    "alert.expired": "It expired",
    "alert.delivered": "It arrived: {way} ({code})",
    "alert.retried": "Not arrived yet: {way} ({code})",
    "alert.sent_again": "{who} had it sent again",
    "alert.failed": "Given up: {way} ({code})",
}


@dataclass(frozen=True)
class Reading:
    """One language of an alert as people read it."""

    language: str
    tag: str
    event: str
    headline: str
    description: str
    instruction: str
    area: str
    until: datetime | None
    contact: str


@dataclass(frozen=True)
class Line:
    """One line of an alert's log."""

    at: datetime
    text: str


@dataclass(frozen=True)
class AlertPage:
    """The page of one alert."""

    alert: Alert
    case: Case | None
    preview: service.Preview
    readings: list[Reading]
    xml: str
    people: People
    deliveries: Sequence[tuple[AlertDelivery, AlertTarget | None]]
    log: list[Line]
    incident: list[Alert]
    second_person: bool
    may_approve: bool
    may_follow: bool
    may_send_again: bool


def page(session: Session, visit: Visit, row: Alert) -> AlertPage:
    """Read the page of an alert of the visitor's district."""
    shown = service.preview(session, visit.console.keys, row, visit.now)
    names = people.read(session, row.district_id)
    two = service.rules_of(session, row.district_id).second_person
    return AlertPage(
        alert=row,
        case=session.get(Case, row.case_id) if row.case_id else None,
        preview=shown,
        readings=readings(shown.alert),
        xml=cap.pretty(shown.document) if shown.document else "",
        people=names,
        deliveries=service.deliveries(session, row),
        log=_log(session, row, names),
        incident=service.of_incident(session, row.incident),
        second_person=two,
        may_approve=row.state == PROPOSED and row.author != visit.actor if two else row.state in {DRAFT, PROPOSED},
        may_follow=row.state == ISSUED and _is_open(session, row, visit.now),
        may_send_again=bool(service.given_up(session, row, visit.now)),
    )


def readings(alert: cap.Alert | None) -> list[Reading]:
    """Put an alert as people read it, a language each."""
    return [
        Reading(
            language=LANGUAGE.get(info.language or "", info.language or ""),
            tag=info.language or "en",
            event=info.event,
            headline=info.headline or "",
            description=info.description or "",
            instruction=info.instruction or "",
            area=", ".join(area.area_desc for area in info.areas),
            until=info.expires,
            contact=info.contact or "",
        )
        for info in (alert.infos if alert else ())
    ]


def scenario(code: str) -> str:
    """Name a scenario for staff."""
    return SCENARIO.get(code) or code.replace("_", " ").capitalize()


def standing(row: Alert, now: datetime) -> str:
    """Say how an alert stands, for lists."""
    if row.state == REFUSED:
        return STATE[REFUSED]
    if row.state == APPROVED and row.starts_at is not None:
        return "Approved, waits for its time"
    if row.state != ISSUED:
        return STATE[row.state]
    if row.cancelled_by_id:
        return "Sent, then cancelled"
    return "Sent, expired" if row.expires_at is not None and row.expires_at <= now else "Sent, stands"


def _is_open(session: Session, row: Alert, now: datetime) -> bool:
    sent = [one for one in service.of_incident(session, row.incident) if one.state == ISSUED]
    over = any(one.msg_type == "Cancel" for one in sent)
    return not over and any(one.expires_at is not None and one.expires_at > now for one in sent)


def _log(session: Session, row: Alert, names: People) -> list[Line]:
    query = select(Event).where(Event.subject == f"alert/{row.id}").order_by(Event.seq)
    found = []
    for event in session.scalars(query):
        told = _TOLD.get(event.type.removeprefix(TYPE_PREFIX))
        if told is not None:
            way = WAY.get(str(event.data.get("way")), "")
            code = event.data.get("code") or "no code"
            found.append(Line(event.at, told.format(who=names.name(event.actor), code=code, way=way)))
    return found
