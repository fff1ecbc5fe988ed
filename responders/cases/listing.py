"""The inbox's rows: what a responder must see of each case, read in a few queries whatever the number of cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.core.records import Message, School
from responders.accounts.records import Account
from responders.api.connections import Sort, by
from responders.cases import people
from responders.cases.moves import CLOSED, NEW, OPEN_STATES, RESOLVED
from responders.cases.records import Case, CaseMessage, CaseThread

SHOWN = 25
FILTERS = {"open": "Open", "mine": "Mine", "done": "Resolved and closed", "all": "All"}

_UNATTENDED_FIRST = Sort(case((Case.state == NEW, 0), else_=1), int, lambda row: int(row.state != NEW))
ORDER = (by(Case.urgency_rank, descending=True), _UNATTENDED_FIRST, by(Case.opened_at), by(Case.id))
"""The inbox's order, here and in GraphQL: most urgent first, unacknowledged before others, then oldest."""


@dataclass(frozen=True)
class Row:
    """One line of the inbox."""

    case: Case
    school: str
    messages: int
    holder: str | None
    """Who works on it; without an assignee, who acknowledged it."""
    unanswered: bool
    """A message came in after the last thing a person did or said."""


@dataclass(frozen=True)
class Listing:
    """One page of the inbox. `waiting` counts all cases that nobody has acknowledged yet."""

    rows: list[Row]
    total: int
    page: int
    waiting: int
    held: int = 0
    """Texts that are held aside in a flood."""

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // SHOWN))


def read(session: Session, me: Account, shown: str, page: int) -> Listing:
    """Read one page (from 1) of a filter of `FILTERS`: most urgent first, unacknowledged before others, then oldest."""
    query = _filtered(select(Case), me, shown)
    total = session.scalar(_filtered(select(func.count(Case.id)), me, shown)) or 0
    page = min(max(page, 1), max(1, -(-total // SHOWN)))
    order = (Case.updated_at.desc(), Case.id) if shown == "done" else [sort.directed for sort in ORDER]
    cases = list(session.scalars(query.order_by(*order).offset((page - 1) * SHOWN).limit(SHOWN)))
    waiting = select(func.count(Case.id)).where(Case.district_id == me.district_id, Case.state == NEW)
    held = select(func.count(Message.id)).where(Message.district_id == me.district_id, Message.held_at.is_not(None))
    counts = session.scalar(waiting) or 0, session.scalar(held) or 0
    return Listing(_rows(session, cases), total, page, *counts)


def _filtered(query: Select[Any], me: Account, shown: str) -> Select[Any]:
    query = query.where(Case.district_id == me.district_id)
    if shown == "done":
        return query.where(Case.state.in_((RESOLVED, CLOSED)))
    if shown == "mine":
        return query.where(Case.state.in_(OPEN_STATES), Case.assignee_id == me.id)
    return query if shown == "all" else query.where(Case.state.in_(OPEN_STATES))


def _rows(session: Session, cases: list[Case]) -> list[Row]:
    ids = [case.id for case in cases]
    heard = _heard(session, ids)
    answered = _answered(session, ids)
    schools = _names(session, School.id, School.name, {case.school_id for case in cases})
    names = people.read(session, cases[0].district_id) if cases else people.People({})
    return [
        Row(
            case=case,
            school=schools.get(case.school_id or "", "Whole district"),
            messages=heard[case.id][0] if case.id in heard else 0,
            holder=_holder(case, names),
            unanswered=_unanswered(case, heard, answered),
        )
        for case in cases
    ]


def _holder(case: Case, names: people.People) -> str | None:
    actor = f"account:{case.assignee_id}" if case.assignee_id else case.acknowledged_by
    return names.name(actor) if actor else None


def _unanswered(case: Case, heard: dict[str, tuple[int, datetime]], answered: dict[str, datetime]) -> bool:
    acts = [moment for moment in (case.acknowledged_at, answered.get(case.id)) if moment]
    return bool(acts) and case.state in OPEN_STATES and case.id in heard and heard[case.id][1] > max(acts)


def _heard(session: Session, ids: list[str]) -> dict[str, tuple[int, datetime]]:
    query = (
        select(CaseMessage.case_id, func.count(), func.max(Message.at))
        .join(Message, Message.id == CaseMessage.message_id)
        .where(CaseMessage.case_id.in_(ids))
        .group_by(CaseMessage.case_id)
    )
    return {case_id: (count, latest) for case_id, count, latest in session.execute(query)}


def _answered(session: Session, ids: list[str]) -> dict[str, datetime]:
    query = (
        select(CaseThread.case_id, func.max(Message.at))
        .join(Message, Message.thread_id == CaseThread.thread_id)
        .where(CaseThread.case_id.in_(ids), Message.kind == "reply")
        .group_by(CaseThread.case_id)
    )
    return dict(session.execute(query).all())


def _names(
    session: Session, key: InstrumentedAttribute[str], name: InstrumentedAttribute[str], ids: set[str | None]
) -> dict[str, str]:
    return dict(session.execute(select(key, name).where(key.in_(ids - {None}))).all())
