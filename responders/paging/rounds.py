"""Rounds of pages: who is texted when, until someone acknowledges.

    critical   everyone on call at once, again and again; after a while the escalation list too
    high       one after the other: those on call, then the escalation list, then from the start

A page that did not arrive brings the next round at once, but nobody's failing phone is tried more than once a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import District, Line, School, Send, new_id
from responders.cases.records import Case
from responders.directory import service as directory
from responders.directory.records import Responder
from responders.paging import wording
from responders.paging.callouts import policy_of, still_open, tell
from responders.paging.records import Callout, CalloutCase, Page
from responders.paging.sending import ACTOR, WITHDRAWN, paging_line, text_to, withdraw
from triage.policy import PagingPolicy

REST = timedelta(seconds=60)
"""How long a phone whose page failed is left alone, and how long until nobody is looked for again."""
_SLACK = timedelta(seconds=1)
_CLOCK_SLACK = timedelta(minutes=1)
"""Clocks of one house differ by less. A round further ahead than that was set before a clock was set back."""
_FAILED = ("failed", "undelivered")


_Written = tuple[Page, Send, Sequence[Case]]
"""A page, its text, and the cases that it tells of; not in the session yet."""


@dataclass(frozen=True)
class _Last:
    """The latest page of a responder in a callout: its round, and when that was on the clock of then."""

    step: int
    at: datetime
    failed: bool


def due(session: Session, now: datetime) -> list[str]:
    """List the open callouts that want attention: a round is due, a page failed, a case needs no calls any more."""
    failed = exists(Page.id).where(
        Page.callout_id == Callout.id,
        Page.failure_seen_at.is_(None),
        Send.id == Page.send_id,
        _did_not_arrive(),
    )
    taken_up = exists(CalloutCase.case_id).where(
        CalloutCase.callout_id == Callout.id,
        CalloutCase.acknowledged_at.is_(None),
        Case.id == CalloutCase.case_id,
        or_(Case.state.in_(("resolved", "closed")), Case.acknowledged_at >= CalloutCase.added_at),
    )
    ahead = PagingPolicy()  # Districts with clocks of their own may be listed in vain: `run_due` decides.
    set_back = or_(
        and_(Callout.urgency == "critical", Callout.next_at > now + _longest("critical", ahead)),
        Callout.next_at > now + _longest("high", ahead),
    )
    query = select(Callout.id).where(
        Callout.closed_at.is_(None), or_(Callout.next_at <= now, set_back, failed, taken_up)
    )
    return list(session.scalars(query.order_by(Callout.urgency, Callout.next_at)))


def run_due(
    session: Session, keys: KeySet, callout_ids: Sequence[str], now: datetime, *, console_url: str
) -> list[Page]:
    """Write what some callouts' rounds ask for and set their next ones, the pages of all of them together.

    Does nothing about one that another process has just run.
    """
    found = session.scalars(select(Callout).where(Callout.id.in_(callout_ids))).all()
    districts = {one: directory.hold(session, one) for one in sorted({callout.district_id for callout in found})}
    afresh = select(Callout).where(Callout.id.in_(callout_ids)).execution_options(populate_existing=True)
    session.flush()
    callouts = {callout.id: callout for callout in session.scalars(afresh)}
    written = []
    for callout in (callouts[one] for one in callout_ids if one in callouts):
        written += _run(session, keys, callout, districts[callout.district_id], now, console_url)
    session.add_all(send for _, send, _ in written)
    session.flush()
    session.add_all(page for page, _, _ in written)
    for page, _, cases in written:
        _tell(
            session, callouts[page.callout_id], "page.written", page, now, responder=page.responder_id,
            case=page.case_id, cases=[case.id for case in cases], count=page.case_count,
        )  # fmt: skip
    return [page for page, _, _ in written]


def _run(
    session: Session, keys: KeySet, callout: Callout, district: District, now: datetime, console_url: str
) -> list[_Written]:
    if callout.closed_at or not (about := still_open(session, callout, now)):
        return []
    failed = callout.step > 0 and _note_failures(session, callout, now)
    policy = policy_of(district)
    scheduled = not now < callout.next_at <= now + _longest(callout.urgency, policy)
    if not scheduled and not failed:
        return []
    line = paging_line(session, district.id)
    people = _people(session, callout, policy, now, scheduled=scheduled) if line else None
    if line is None or people is None:
        _nobody(session, callout, "no_line" if line is None else "no_responder", now)
        return []
    if not people:
        return []
    return _page(session, keys, callout, people, line, about, now, console_url)


def _people(
    session: Session, callout: Callout, policy: PagingPolicy, now: datetime, *, scheduled: bool
) -> list[Responder] | None:
    """Choose whom to page and set when the next round is; None when there is nobody at all."""
    where = (callout.district_id, callout.school_id)
    lists = directory.lists(session, *where)
    second = lists[directory.ESCALATION]
    first = lists[directory.ON_CALL] or second or directory.everyone(session, callout.district_id)
    if not first:
        return None
    last = _latest(session, callout) if callout.step else {}
    lately = {person: page for person, page in last.items() if abs(now - page.at) < REST - _SLACK}
    resting = {person for person, page in lately.items() if page.failed or not scheduled}
    if callout.urgency == "critical":
        return _all_at_once(session, callout, (first, second), last, resting, policy, now, scheduled=scheduled)
    return _one_by_one(session, callout, (first, second), last, resting, policy, now)


def _all_at_once(
    session: Session,
    callout: Callout,
    lists: tuple[Sequence[Responder], Sequence[Responder]],
    last: Mapping[str, _Last],
    resting: set[str],
    policy: PagingPolicy,
    now: datetime,
    *,
    scheduled: bool,
) -> list[Responder]:
    first, second = lists
    waited = abs(now - callout.opened_at) >= timedelta(seconds=policy.critical_escalate_after_seconds)
    none_arrived = all(person.id in last and last[person.id].failed for person in first)
    if second and (waited or none_arrived):
        _escalate(session, callout, now)
    if scheduled:
        callout.next_at = now + timedelta(seconds=policy.critical_repeat_seconds)
    return [person for person in _merged(first, second if callout.escalated_at else ()) if person.id not in resting]


def _one_by_one(
    session: Session,
    callout: Callout,
    lists: tuple[Sequence[Responder], Sequence[Responder]],
    last: Mapping[str, _Last],
    resting: set[str],
    policy: PagingPolicy,
    now: datetime,
) -> list[Responder]:
    """Choose who was paged longest ago, those never paged first, in the order of the lists."""
    first, second = lists
    waited = abs(now - callout.opened_at) >= timedelta(seconds=policy.high_escalate_after_seconds)
    skips = bool(second) and waited and callout.escalated_at is None
    pool = list(second) if skips else _merged(first, second)
    free = [person for person in pool if person.id not in resting]
    if not free:
        callout.next_at = min(last[person.id].at for person in pool) + REST
        return []
    chosen = min(free, key=lambda person: last[person.id].step if person.id in last else 0)
    if skips or chosen.id not in {person.id for person in first}:
        _escalate(session, callout, now)
    callout.next_at = now + timedelta(seconds=policy.high_next_seconds)
    return [chosen]


def _page(
    session: Session,
    keys: KeySet,
    callout: Callout,
    people: Sequence[Responder],
    line: Line,
    about: Sequence[tuple[CalloutCase, Case]],
    now: datetime,
    console_url: str,
) -> list[_Written]:
    """Write one page to each person about all that the callout is about; it replaces one that has not left yet."""
    at = max(now, *(row.added_at for row, _ in about))
    cases = [case for _, case in about]
    callout.step += 1
    body = wording.page(cases, _place(session, callout), callout.code, console_url)
    written: list[_Written] = []
    for person in people:
        if callout.step > 1:
            withdraw(session, callout.id, now, person.id)
        priority = 0 if callout.urgency == "critical" else 1
        send = text_to(session, keys, person.contact_id, line, body, priority=priority, now=now)
        page = Page(
            id=new_id(),
            callout_id=callout.id,
            responder_id=person.id,
            case_id=cases[0].id,
            send_id=send.id,
            step=callout.step,
            case_count=len(cases),
            at=at,
        )
        written.append((page, send, cases))
    return written


def _note_failures(session: Session, callout: Callout, now: datetime) -> bool:
    """Take note of pages that did not arrive, once each."""
    query = (
        select(Page, Send.error_code)
        .join(Send, Send.id == Page.send_id)
        .where(Page.callout_id == callout.id, Page.failure_seen_at.is_(None), _did_not_arrive())
    )
    failed = session.execute(query).all()
    for page, code in failed:
        page.failure_seen_at = now
        _tell(session, callout, "page.failed", page, now, responder=page.responder_id, code=code)
    return bool(failed)


def _did_not_arrive() -> ColumnElement[bool]:
    """Say which pages failed; one that was taken back did not."""
    return and_(Send.status.in_(_FAILED), Send.error_code.is_distinct_from(WITHDRAWN))


def _latest(session: Session, callout: Callout) -> dict[str, _Last]:
    newest = (
        select(Page.responder_id, func.max(Page.step).label("step"))
        .where(Page.callout_id == callout.id)
        .group_by(Page.responder_id)
        .subquery()
    )
    query = (
        select(Page.responder_id, Page.step, Send.created_at, Send.status, Send.error_code)
        .join(newest, and_(newest.c.responder_id == Page.responder_id, newest.c.step == Page.step))
        .join(Send, Send.id == Page.send_id)
        .where(Page.callout_id == callout.id)
    )
    return {
        person: _Last(step, at, status in _FAILED and code != WITHDRAWN)
        for person, step, at, status, code in session.execute(query)
    }


def _longest(urgency: str, policy: PagingPolicy) -> timedelta:
    """Tell how far ahead the next round can have been set at most."""
    pace = policy.critical_repeat_seconds if urgency == "critical" else policy.high_next_seconds
    return max(timedelta(seconds=pace), REST) + _CLOCK_SLACK


def _merged(first: Sequence[Responder], second: Sequence[Responder]) -> list[Responder]:
    return list({person.id: person for person in (*first, *second)}.values())


def _escalate(session: Session, callout: Callout, now: datetime) -> None:
    if callout.escalated_at is None:
        callout.escalated_at = now
        tell(session, callout, "callout.escalated", now)


def _nobody(session: Session, callout: Callout, why: str, now: datetime) -> None:
    """There is nobody to page, or no number to page from: say so loudly, and look again in a minute."""
    callout.next_at = now + REST
    tell(session, callout, "callout.nobody", now, why=why)
    log().error("nobody can be paged", callout=callout.id, code=why)


def _place(session: Session, callout: Callout) -> str:
    school = session.get(School, callout.school_id) if callout.school_id else None
    return school.name if school else session.get_one(District, callout.district_id).name


def _tell(
    session: Session, callout: Callout, kind: str, page: Page, now: datetime, **data: str | int | list[str] | None
) -> None:
    emit(
        session, kind, subject=f"page/{page.id}", actor=ACTOR, at=now, district_id=callout.district_id,
        callout=callout.id, send=page.send_id, **data,
    )  # fmt: skip
