"""A case read from the database as it may leave. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.case_snapshot import CaseSnapshot, OrganizationSnapshot, ResponderSnapshot
from exports.words import Code, Id, Moment, Number, Policy, Slug, Url, Words
from gateway.core.events import TYPE_PREFIX
from gateway.core.keys import KeySet
from gateway.core.records import District, Event, School
from responders.cases import service as cases
from responders.cases import words
from responders.cases.records import Case
from responders.exporting import acts, rounds, staff, times, tips
from responders.exporting.acts import Told
from responders.exporting.staff import Staff

_MOVED = TYPE_PREFIX + "case.state_changed"
_ENDS = frozenset({cases.RESOLVED, cases.CLOSED})


@dataclass(frozen=True)
class Reader:
    """Who reads, with what: `origin` is the console's address without a slash at its end, `now` UTC-aware."""

    keys: KeySet = field(repr=False)
    origin: str
    policy: Policy
    now: datetime


def read(session: Session, reader: Reader, case: Case) -> CaseSnapshot:
    """Read a case; the same case at the same moment is the same snapshot. The caller has seen to who may read it."""
    minutes = reader.policy.report_minutes
    district = session.get_one(District, case.district_id)
    school = session.get(School, case.school_id) if case.school_id else None
    people = staff.read(session, case.district_id, reader.policy)
    said = cases.messages(session, case)
    threads = {thread.id: thread for thread in cases.threads(session, case)}
    told = acts.read(Told(session, reader.keys, case, said, threads, people, district.country, minutes))
    assessed = cases.assessments(session, reader.keys, case)
    why = _resolution(session, case)
    assignee = people.who(f"account:{case.assignee_id}") if case.assignee_id else None
    acknowledged = times.moment(case.acknowledged_at, case.acknowledged_by, minutes) if case.acknowledged_at else None
    return CaseSnapshot(
        id=Id(case.id),
        number=Number(case.number),
        url=Url(f"{reader.origin}/cases/{case.number}"),
        taken_at=Moment(reader.now),
        district=OrganizationSnapshot(Slug(district.slug), Words(district.name)),
        school=OrganizationSnapshot(Slug(school.slug), Words(school.name)) if school else None,
        state=Code(case.state),
        state_label=Words(words.plain(case.state, words.STATE)),
        resolution=Code(why) if why else None,
        resolution_label=Words(words.plain(why, words.WHY)) if why else None,
        severity=Code(case.severity),
        severity_label=Words(words.plain(case.severity, words.SEVERITY)),
        life_safety=case.life_safety,
        unsure=case.unsure,
        categories=tuple(Code(code) for code in case.categories),
        category_label=Words(words.categories(case.categories)),
        opened_at=Moment.coarse(case.opened_at, minutes),
        updated_at=Moment.coarse(case.updated_at, minutes),
        acknowledged_at=acknowledged,
        acknowledged_by=people.who(case.acknowledged_by),
        assignee=assignee,
        responders=_responders(session, case, people, [one.responder for one in told], assignee),
        tips=tips.read(session, reader.keys, said, threads, assessed, district.country, minutes),
        acts=told,
    )


def _resolution(session: Session, case: Case) -> str | None:
    """Tell why a case was resolved or closed; nothing while it is open."""
    if case.state not in _ENDS:
        return None
    query = select(Event).where(Event.subject == f"case/{case.id}", Event.type == _MOVED).order_by(Event.seq.desc())
    last = session.scalars(query.limit(1)).first()
    return str(last.data["why"]) if last and last.data.get("why") else None


def _responders(
    session: Session,
    case: Case,
    people: Staff,
    acted: list[ResponderSnapshot | None],
    assignee: ResponderSnapshot | None,
) -> tuple[ResponderSnapshot, ...]:
    """List who on staff had a part: who was paged first, who acted, in whose hands it is; each once."""
    paged = [people.paged(call.contact_id) for call in rounds.called(session, case).first]
    return tuple(dict.fromkeys(one for one in [*paged, people.who(case.acknowledged_by), *acted, assignee] if one))
