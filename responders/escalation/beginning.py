"""What a draft begins with: a scenario's template, the school's area, and the codes of the case's assessment.

Never a word of what a reporter wrote, nor of a note: an alert is read by everybody, the reporter's classmates first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from exports import cap
from gateway.core.errors import BadInput
from gateway.core.records import District, School
from responders.cases.records import Case
from responders.directory.records import SchoolArea
from responders.escalation.drafts import LANGUAGES, Draft, Texts
from responders.escalation.records import Alert

FIRST, ALL_CLEAR, CANCEL = "lockdown", "all_clear", "mistake"
_FOLLOWING = frozenset({ALL_CLEAR, CANCEL})
"""Scenarios that can only follow an alert."""
_CALM = frozenset({"hold", *_FOLLOWING})
"""Scenarios that are no graver for what was assessed."""
_SEVERITY = {
    "critical": cap.Severity.EXTREME,
    "high": cap.Severity.SEVERE,
    "moderate": cap.Severity.MODERATE,
    "low": cap.Severity.MINOR,
}
_RANKS = (cap.Severity.MINOR, cap.Severity.MODERATE, cap.Severity.SEVERE, cap.Severity.EXTREME)
_CATEGORY = {
    "medical_emergency": cap.Category.HEALTH,
    "planned_attack": cap.Category.SECURITY,
    "weapon": cap.Category.SECURITY,
    "physical_violence": cap.Category.SECURITY,
    "gang": cap.Category.SECURITY,
    "hate": cap.Category.SECURITY,
    "missing_runaway": cap.Category.RESCUE,
    "unsafe_conditions": cap.Category.SAFETY,
}
_SUGGESTED = {
    "planned_attack": "lockdown",
    "weapon": "lockdown",
    "physical_violence": "hold",
    "medical_emergency": "hold",
    "unsafe_conditions": "evacuate",
}


def scenarios() -> list[cap.Scenario]:
    """List what a first alert may be about, in the order to show them."""
    return [one for one in cap.scenarios.every() if one.code not in _FOLLOWING]


def suggested(case: Case) -> str:
    """Name the scenario to offer first, by what a case is about."""
    return next((_SUGGESTED[code] for code in case.categories if code in _SUGGESTED), FIRST)


def of_case(session: Session, case: Case, code: str, status: str, now: datetime) -> Draft:
    """Begin the first alert about a case. Raises: BadInput for an unknown scenario or status."""
    if code not in {one.code for one in scenarios()}:
        raise BadInput("event: there is no such scenario.")
    begun = _filled(session, case.district_id, case.school_id, code, status, now)
    if code in _CALM:
        return begun
    assessed = _SEVERITY.get(case.severity, cap.Severity.MINOR)
    return replace(
        begun,
        category=next((_CATEGORY[one] for one in case.categories if one in _CATEGORY), begun.category),
        severity=max(assessed, cap.Severity(begun.severity), key=_RANKS.index),
        # What was told is not what was seen: a tip makes nothing certain.
        certainty=cap.Certainty.POSSIBLE if case.unsure else cap.Certainty.LIKELY,
    )


def of_alert(session: Session, row: Alert, issued: cap.Alert, kind: str, now: datetime) -> Draft:
    """Begin what follows an issued alert: the same to change (`update`), or a template (`all_clear`, `cancel`).

    Where, to whom and with which status it is stays what it was.
    """
    before = _read(row, issued)
    if kind == "update":
        return before
    case = session.get(Case, row.case_id) if row.case_id else None
    code = ALL_CLEAR if kind == "all_clear" else CANCEL
    begun = _filled(session, row.district_id, case.school_id if case else None, code, row.status, now)
    return replace(
        begun,
        scope=before.scope, restriction=before.restriction, addresses=before.addresses, note=before.note,
        area=before.area, polygons=before.polygons, circles=before.circles, geocodes=before.geocodes,
        contact=before.contact, web=before.web,
    )  # fmt: skip


def _filled(session: Session, district_id: str, school_id: str | None, code: str, status: str, now: datetime) -> Draft:
    district = session.get_one(District, district_id)
    school = session.get(School, school_id) if school_id else None
    area = session.get(SchoolArea, school.id) if school else None
    name = school.name if school else district.name
    try:
        wanted = cap.Status(status)
    except ValueError:
        raise BadInput(f"status: is one of {', '.join(cap.Status)}.") from None
    scenario = cap.scenarios.find(code)
    infos = cap.scenarios.infos(
        code, cap.Facts(school=name, sender_name=district.name), status=wanted,
        sent=cap.moment(now, district.timezone), areas=(),
    )  # fmt: skip
    return _drafted(
        infos,
        scenario=code,
        status=wanted.value,
        area=area.description if area else name,
        polygons="\n".join(area.polygons) if area else "",
        circles="\n".join(area.circles) if area else "",
        geocodes="\n".join(area.geocodes) if area else "",
        lasts_minutes=scenario.minutes,
    )


def _read(row: Alert, issued: cap.Alert) -> Draft:
    """Turn an issued alert into a draft again."""
    first = issued.infos[0]
    area = first.areas[0]
    return _drafted(
        issued.infos,
        scenario=row.scenario,
        status=row.status,
        area=area.area_desc,
        polygons="\n".join(cap.geometry.polygon_text(one) for one in area.polygons),
        circles="\n".join(cap.geometry.circle_text(one) for one in area.circles),
        geocodes="\n".join(f"{one.value_name}={one.value}" for one in area.geocodes),
        lasts_minutes=row.lasts_minutes,
        scope=issued.scope.value,
        restriction=issued.restriction or "",
        addresses=" ".join(issued.addresses),
        note=issued.note or "",
        contact=first.contact or "",
        web=first.web or "",
    )


def _drafted(infos: tuple[cap.Info, ...], **parts: object) -> Draft:
    first = infos[0]
    texts = {info.language: _texts(info) for info in infos if info.language in LANGUAGES}
    same = next((one.value for one in first.event_codes if one.value_name == cap.ipaws.SAME), "")
    given: Mapping[str, object] = {
        "category": first.categories[0].value,
        "response": first.response_types[0].value if first.response_types else "",
        "urgency": first.urgency.value,
        "severity": first.severity.value,
        "certainty": first.certainty.value,
        "event_code": same,
        "texts": texts,
        **parts,
    }
    return Draft(**given)  # type: ignore[arg-type]  # each is what its field wants


def _texts(info: cap.Info) -> Texts:
    named = {one.value_name: one.value for one in info.parameters}
    return Texts(
        event=info.event,
        headline=info.headline or "",
        description=info.description or "",
        instruction=info.instruction or "",
        short=named.get(cap.wea.SHORT, ""),
        long=named.get(cap.wea.LONG, ""),
    )
