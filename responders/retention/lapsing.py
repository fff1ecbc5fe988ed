"""What is past its deadline, and what is kept all the same and why. Nothing here destroys anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlalchemy.orm import Session

from gateway.core import durations, key_ends
from gateway.core.keys import COMMON
from gateway.core.records import District, Line, Message
from responders.cases import erasing, moves
from responders.cases.erasing import Belongings
from responders.cases.records import Case, CaseMessage, CaseThread
from responders.retention import rules
from responders.retention.rules import CASES, NO_CONCERN, PAGES, QUARANTINE, Rules

CHUNK = 200
CARRIER_WAIT = timedelta(days=14)
"""How long past its deadline a text waits for its copy at the carrier to be deleted first: we alone know its id."""

Fate = Literal["lapsed", "held", "open", "carrier", "later"]


@dataclass(frozen=True)
class Verdict:
    """What is to become of a case and all that belongs to it; only `lapsed` is destroyed."""

    fate: Fate
    kind: str
    found: Belongings


def candidates(session: Session, district_id: str, of: Rules, now: datetime, after: str) -> Sequence[str]:
    """List cases that may be past a deadline, by id above `after`; joined ones go with the case they were joined to.

    What asked for action is kept for years: it is not looked at before, or every run would look at nearly every case.
    """
    mild = and_(Case.severity == "none", not_(Case.life_safety))
    soon = max(durations.before(now, of[kind]) for kind in (NO_CONCERN, QUARANTINE))
    lapsed = or_(Case.updated_at < durations.before(now, of[CASES]), and_(mild, Case.updated_at < soon))
    query = select(Case.id).where(Case.district_id == district_id, Case.joined_into_id.is_(None), lapsed)
    return session.scalars(query.where(Case.id > after).order_by(Case.id).limit(CHUNK)).all()


def judge(session: Session, case: Case, of: Rules, now: datetime) -> Verdict:
    """Decide about a case; only under the district's lock does that hold for longer than the moment."""
    found = erasing.gather(session, case.id)
    together = list(session.scalars(select(Case).where(Case.id.in_(found.case_ids))))
    last = erasing.last_word(session, found)
    kind = max({kind_of(one) for one in together}, key=lambda one: durations.after(last, of[one]))
    until = durations.after(last, of[kind])
    if until > now:
        return Verdict("later", kind, found)
    if erasing.is_held(session, found):
        return Verdict("held", kind, found)
    if any(one.state in moves.OPEN_STATES for one in together) or _is_unjudged(session, found.message_ids):
        return Verdict("open", kind, found)
    waits = until + CARRIER_WAIT > now and _at_carrier(session, found.message_ids)
    return Verdict("carrier" if waits else "lapsed", kind, found)


def kind_of(case: Case) -> str:
    """Tell which deadline a case has: the long one unless nothing in it asked for action."""
    if case.severity != "none" or case.life_safety:
        return CASES
    if case.stray:
        return QUARANTINE
    return CASES if case.unsure else NO_CONCERN


def loose(
    session: Session, district_id: str, of: Rules, now: datetime, limit: int | None = CHUNK
) -> list[tuple[str, str, datetime]]:
    """List lapsed messages that belong to no case, as (id, kind, time): staff's answers, our own proofs, the like."""
    ours = or_(Message.contact_id.is_not(None), Message.kind == "synthetic")
    lapsed = or_(
        and_(ours, Message.at < durations.before(now, of[PAGES])),
        and_(not_(ours), Message.at < durations.before(now, of[QUARANTINE])),
    )
    in_case = select(CaseMessage.message_id).where(CaseMessage.message_id == Message.id).exists()
    in_thread = select(CaseThread.thread_id).where(CaseThread.thread_id == Message.thread_id).exists()
    query = select(Message.id, ours, Message.at).where(
        Message.district_id == district_id, Message.dispatched_at.is_not(None), lapsed, ~in_case, ~in_thread,
        or_(Message.at < now - CARRIER_WAIT - timedelta(days=7), ~_undeleted()),
    )  # fmt: skip
    rows = session.execute(query.order_by(Message.id).limit(limit))
    return [(one, PAGES if staff else QUARANTINE, at) for one, staff, at in rows]


def due_months(folder: Path, deadlines: dict[str, Rules], now: datetime) -> list[tuple[str, str]]:
    """List the months, as (slug, `YYYY-MM`), whose keys are due: those past the shortest deadline of their words."""
    return [
        (slug, month)
        for slug, month in key_ends.months(folder)
        if slug in deadlines and durations.after(_end_of(month), rules.shortest_of_words(deadlines[slug])) <= now
    ]


def all_deadlines(session: Session) -> dict[str, Rules]:
    """Read every district's deadlines, by slug; what no district owns has those of whoever looks after strays."""
    query = select(District).order_by(District.takes_strays.desc(), District.slug)
    found = {district.slug: rules.of_district(session, district.id) for district in session.scalars(query)}
    return {COMMON: next(iter(found.values()), rules.DEFAULTS), **found}


def _is_unjudged(session: Session, message_ids: Iterable[str]) -> bool:
    """Tell whether a text came in that nothing has judged yet, however long ago the carrier took it in."""
    unjudged = Message.direction == "in", Message.dispatched_at.is_(None)
    return session.scalar(select(Message.id).where(Message.id.in_(message_ids), *unjudged).limit(1)) is not None


def _at_carrier(session: Session, message_ids: Iterable[str]) -> bool:
    return session.scalar(select(Message.id).where(Message.id.in_(message_ids), _undeleted()).limit(1)) is not None


def _undeleted() -> ColumnElement[bool]:
    """What the carrier still has a copy of that the courier or the worker is going to delete."""
    deletes = select(Line.id).where(Line.id == Message.line_id, Line.deletes_at_carrier).exists()
    return and_(
        Message.direction == "in", Message.provider_sid.is_not(None), Message.carrier_deleted_at.is_(None), deletes,
        Message.threaded_at.is_not(None), Message.dispatched_at.is_not(None),
    )  # fmt: skip


def _end_of(month: str) -> datetime:
    return durations.after(datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC), "P1M")
