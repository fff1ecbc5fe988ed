"""Hearing: what a conversation tells, as features, and where it belongs just now.

What reporters tell of themselves is left out, as it is hidden from staff: two cases must not be tied by who wrote them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.core import conversation, filing, guard, reports
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.records import District, Message, School
from responders.accounts.records import Account
from responders.cases import moves
from responders.cases.records import Case, CaseAssessment, CaseMessage, CaseThread
from responders.directory.records import Responder
from responders.web.words import zone
from triage.likeness.reading import Features, merge, read

_FIRST = 20
"""So many texts of a conversation are read: those say what it is about."""


@dataclass(frozen=True)
class Told:
    """A conversation, or a message that has none: `name` is the id of its thread, else its own."""

    name: str
    district_id: str
    case_id: str
    number: str
    school_id: str | None
    is_over: bool
    """Whether its case is resolved or closed."""
    at: datetime
    """When the latest text came."""
    features: Features = field(repr=False)


def hear(session: Session, keys: KeySet, name: str) -> Told | None:
    """Read a conversation by the id of its thread, or of a message without one; None when it is in no case."""
    case = _case(session, name)
    if case is None:
        return None
    query = (
        select(Message)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .where(or_(Message.thread_id == name, Message.id == name), Message.direction == "in", Message.held_at.is_(None))
        .order_by(Message.at, Message.id)
    )
    messages = list(session.scalars(query.limit(_FIRST)))
    if not messages:
        return None
    district = session.get_one(District, case.district_id)
    parts = list(_parts(keys, district, messages, _about(session, messages)))
    latest = max(message.at for message in messages)
    return Told(name, case.district_id, case.id, case.number, case.school_id, _is_over(case), latest, merge(parts))


def placed(session: Session, told: Told) -> Told | None:
    """Tell where a conversation that was read before belongs by now; None when it is gone."""
    case = _case(session, told.name)
    if case is None:
        return None
    return replace(told, case_id=case.id, number=case.number, school_id=case.school_id, is_over=_is_over(case))


def crowd(session: Session, district_id: str) -> frozenset[str]:
    """List by what a district's own names are found: its staff's and its schools' say little in a tip."""
    names: set[str] = set()
    for column, owner in (
        (Account.name, Account.district_id), (Responder.name, Responder.district_id),
        (School.name, School.district_id), (District.name, District.id),
    ):  # fmt: skip
        names.update(session.scalars(select(column).where(owner == district_id)))
    day = datetime(2000, 1, 1).date()  # noqa: DTZ001 - no name is a day
    return frozenset(key for name in names for key in read(f"at {name}", day).keys() if not key.startswith("place:"))  # noqa: SIM118


def _case(session: Session, name: str) -> Case | None:
    query = select(Case).join(CaseThread, CaseThread.case_id == Case.id).where(CaseThread.thread_id == name)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is not None:
        return found
    by_message = select(Case).join(CaseMessage, CaseMessage.case_id == Case.id).where(CaseMessage.message_id == name)
    return session.scalar(by_message.execution_options(populate_existing=True))


def _is_over(case: Case) -> bool:
    return case.state not in moves.OPEN_STATES


def _about(session: Session, messages: Iterable[Message]) -> dict[str, list[str]]:
    ids = [message.id for message in messages]
    query = select(CaseAssessment.message_id, CaseAssessment.categories).where(CaseAssessment.message_id.in_(ids))
    return {message_id: categories[:1] for message_id, categories in session.execute(query)}


def _parts(
    keys: KeySet, district: District, messages: Iterable[Message], about: dict[str, list[str]]
) -> Iterator[Features]:
    local = zone(district.timezone)
    for message in messages:
        try:
            words = conversation.words(keys, message)
        except (KeyRefused, ValueError):
            continue  # Judging has said so in the log.
        said = guard.hide(words, guard.find(words, district.country))
        if message.channel == filing.CHANNEL:
            said = said[: len(reports.spoken(words)[1])]
        yield read(said, message.at.astimezone(local).date(), about.get(message.id, ()))
