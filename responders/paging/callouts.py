"""Callouts: which cases people are being called out for. One open callout a school, so that many tips are one page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.core.errors import NotAllowed
from gateway.core.events import TYPE_PREFIX, Code, emit
from gateway.core.logs import log
from gateway.core.records import District, Event, Message, new_id
from responders.cases import correcting, moves
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from responders.paging.records import Callout, CalloutCase, Page
from responders.paging.sending import ACTOR, withdraw
from triage.model import Severity
from triage.policy import PagingPolicy, Urgency

Choose = Callable[[int], int]
"""Draws a whole number below n."""
Clocked = Literal["critical", "high"]

_NOT_PAGED, LEFT = "case.not_paged", "case.left"
CODE_REST = timedelta(days=1)
_LOWEST_CODE = 2100
"""Codes run from here to 9999, so that none looks like a year."""
_DRAWS = 20
"""So often one is drawn and looked at, before all those that are free are listed to draw from."""


def policy_of(_district: District) -> PagingPolicy:
    """Tell how fast a district pages; the one place for a district's own clocks."""
    return PagingPolicy()


def call_out(
    session: Session, case: Case, urgency: Urgency, now: datetime, choose: Choose = secrets.randbelow
) -> Callout | None:
    """Call people out for a case: in the school's open callout, else in a new one. `queue` calls nobody.

    Joining makes no extra page, unless the case is more urgent than what the callout was about: then it runs on the
    faster clock from now on. A case that is being called out already only ever raises its callout.
    """
    if urgency == "queue":
        return None
    directory.hold(session, case.district_id)
    callout = _of_school(session, case, now)
    if callout is None:
        return open_for(session, [case], urgency, now, choose)
    if _add(session, callout, case, now):
        tell(session, callout, "callout.joined", now, case=case.id)
    if urgency == "critical" and callout.urgency != "critical":
        callout.urgency, callout.next_at = "critical", now
        tell(session, callout, "callout.raised", now, case=case.id, urgency=urgency)
    return callout


def leave(session: Session, case: Case, message_id: str | None, urgency: Urgency, now: datetime) -> None:
    """Leave what came in to whoever attends a case: see `leaving`. `queue` is nothing to leave."""
    if urgency != "queue":
        moves.tell(session, case, LEFT, ACTOR, now, message=message_id, urgency=urgency)


def note_uncalled(session: Session, case: Case, message: Message, urgency: Urgency, now: datetime) -> None:
    """Write down that calling people out for a case failed, for the worker that tries again."""
    log().error("nobody was called out for a case; it is tried again", case=case.id, code="not_paged")
    moves.tell(session, case, _NOT_PAGED, ACTOR, now, message=message.id, urgency=urgency)


def uncalled(session: Session) -> dict[str, Urgency]:
    """Find the cases that nobody has taken up and that calling people out failed for: a worker begins with these."""
    called = select(CalloutCase.case_id)
    query = (
        select(Case.id, Event.data)
        .select_from(Case)
        .join(Event, Event.subject == "case/" + Case.id)
        .where(Event.type == TYPE_PREFIX + _NOT_PAGED, Case.state == cases.NEW, Case.id.not_in(called))
        .order_by(Event.seq)
    )
    return {case_id: data["urgency"] for case_id, data in session.execute(query)}


def open_for(
    session: Session,
    about: Iterable[Case],
    urgency: Clocked,
    now: datetime,
    choose: Choose = secrets.randbelow,
    follows: Callout | None = None,
) -> Callout:
    """Open a callout with a code of its own, its first pages due at once."""
    listed = list(about)
    callout = Callout(
        id=new_id(),
        district_id=listed[0].district_id,
        school_id=follows.school_id if follows else listed[0].school_id,
        urgency=urgency,
        code=_draw_code(session, listed[0].district_id, now, choose),
        step=0,
        opened_at=now,
        next_at=now,
    )
    session.add(callout)
    session.flush()
    for case in listed:
        _add(session, callout, case, now)
    tell(
        session, callout, "callout.opened", now, case=listed[0].id, cases=[case.id for case in listed],
        urgency=urgency, follows=follows.id if follows else None,
    )  # fmt: skip
    return callout


def acknowledge(session: Session, case: Case, actor: str, now: datetime) -> bool:
    """Acknowledge a case and end the calls for it; false when there was nothing to acknowledge any more."""
    fresh = cases.acknowledge(session, case, actor, now)
    called = open_with(session, case)
    if called:
        mark(session, [case], now)
        if not fresh:
            cases.acknowledge_again(session, case, actor, now)
    for callout in called:
        settle(session, callout, now)
    return fresh or bool(called)


def correct(
    session: Session,
    case: Case,
    severity: str,
    category: str,
    why_code: str,
    actor: str,
    now: datetime,
    *,
    seen: datetime | None = None,
) -> bool:
    """Set what a person says a case is, and call people out when it is grave and nobody attends it.

    False when it says so already. Raises: BadInput, NotAllowed as `cases.correct` does; NotAllowed too when it would
    end calls that nobody has answered, those of a case that somebody attends included.
    """
    moves.hold(session, case)
    if correcting.calms(case, severity) and open_with(session, case):
        raise NotAllowed(correcting.CALLING)
    made = cases.correct(session, case, severity, category, why_code, actor, now, seen=seen)
    if made is not None and case.state == cases.NEW:
        call_out(session, case, clock_of(case), now)
    for callout in open_with(session, case) if made is not None else ():
        settle(session, callout, now)
    return made is not None


def mark(session: Session, about: Iterable[Case], now: datetime) -> None:
    """Note in every callout that these cases have been acknowledged."""
    session.execute(
        update(CalloutCase)
        .where(CalloutCase.case_id.in_([case.id for case in about]), CalloutCase.acknowledged_at.is_(None))
        .values(acknowledged_at=now),
        execution_options={"synchronize_session": "fetch"},
    )


def carry(session: Session, linked: cases.Linked, now: datetime) -> None:
    """Go on calling for a case where people were being called out for the one that has been joined into it.

    The calls end only when a person attends the case, has acted lately, and the join made it neither worse nor open
    anew: it is left to them, as a message is. What nobody attends is called out for, whether it was before or not.
    """
    target, source, anew = linked.case, linked.joined, linked.anew
    if source is None:
        return
    directory.hold(session, target.district_id)
    attended = target.state in cases.ATTENDED_STATES
    for callout in open_with(session, source):
        old = session.get_one(CalloutCase, (callout.id, source.id))
        session.delete(old)
        session.flush()
        if not attended:
            _inherit(session, callout, target, old.added_at)
        elif anew or cases.is_quiet(session, target, now):
            _add(session, callout, target, now)
        else:
            leave(session, target, None, clock_of(source), now)
        tell(session, callout, "callout.carried", now, case=target.id, source=source.id)
        settle(session, callout, now)
    if target.state == cases.NEW and not open_with(session, target):
        call_out(session, target, clock_of(source if linked.reopened else target), now)
    elif target.severity == Severity.CRITICAL and open_with(session, target):
        call_out(session, target, "critical", now)


def open_with(session: Session, case: Case) -> list[Callout]:
    """List the open callouts that are about a case."""
    query = (
        select(Callout)
        .join(CalloutCase, CalloutCase.callout_id == Callout.id)
        .where(CalloutCase.case_id == case.id, CalloutCase.acknowledged_at.is_(None), Callout.closed_at.is_(None))
        .order_by(Callout.opened_at)
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def settle(session: Session, callout: Callout, now: datetime) -> list[Case]:
    """Drop the cases that someone has taken up since, and close the callout when none is left; answers what is left."""
    return [case for _, case in still_open(session, callout, now)]


def still_open(session: Session, callout: Callout, now: datetime) -> list[tuple[CalloutCase, Case]]:
    """Do that, and answer what is left as `pending` lists it.

    A case counts as taken up when it was acknowledged after it was added here, or is resolved or closed.
    """
    left = []
    for row, case in pending(session, callout):
        acted = case.acknowledged_at is not None and case.acknowledged_at >= row.added_at
        if case.state in cases.OPEN_STATES and not (case.state in cases.ATTENDED_STATES and acted):
            left.append((row, case))
        else:
            row.acknowledged_at = now
    session.flush()
    if not left:
        close(session, callout, "acknowledged", now)
    elif callout.urgency == "critical" and highest(case for _, case in left) == "high":
        callout.urgency = "high"
        tell(session, callout, "callout.lowered", now, urgency="high")
    return left


def pending(session: Session, callout: Callout) -> list[tuple[CalloutCase, Case]]:
    """List the cases a callout is still about, the most urgent first, of equals the longest waiting."""
    query = (
        select(CalloutCase, Case)
        .join(Case, Case.id == CalloutCase.case_id)
        .where(CalloutCase.callout_id == callout.id, CalloutCase.acknowledged_at.is_(None))
        .order_by(Case.urgency_rank.desc(), CalloutCase.added_at, Case.number)
        .execution_options(populate_existing=True)
    )
    return [(row, case) for row, case in session.execute(query)]


def close(session: Session, callout: Callout, why: str, now: datetime) -> None:
    """End a callout, and take back its pages that have not left yet."""
    callout.closed_at = now
    withdraw(session, callout.id, now)
    tell(session, callout, "callout.closed", now, why=why)


def highest(about: Iterable[Case]) -> Clocked:
    """Tell which clock these cases need."""
    return "critical" if any(case.severity == Severity.CRITICAL for case in about) else "high"


def clock_of(case: Case) -> Urgency:
    """Tell which clock a case stands on, unsure ones with the high."""
    return highest([case]) if Severity(case.severity).life_safety or case.unsure else "queue"


def tell(session: Session, callout: Callout, kind: str, now: datetime, **data: Code | list[str]) -> None:
    """Append an event about a callout."""
    emit(
        session, kind, subject=f"callout/{callout.id}", actor=ACTOR, at=now, district_id=callout.district_id, **data
    )  # fmt: skip


def _inherit(session: Session, callout: Callout, case: Case, added_at: datetime) -> None:
    """Put a case in another's place in a callout: a page that told of the other told of this one."""
    row = session.get(CalloutCase, (callout.id, case.id))
    if row is None:
        session.add(CalloutCase(callout_id=callout.id, case_id=case.id, added_at=added_at))
    elif row.acknowledged_at:
        row.added_at, row.acknowledged_at = added_at, None
    session.flush()


def _of_school(session: Session, case: Case, now: datetime) -> Callout | None:
    """Find the callout to join: one that is about this case already, else the open one of its school."""
    query = select(Callout).where(
        Callout.district_id == case.district_id,
        Callout.school_id.is_not_distinct_from(case.school_id),
        Callout.closed_at.is_(None),
    )
    of_school = list(session.scalars(query.order_by(Callout.opened_at).execution_options(populate_existing=True)))
    for callout in open_with(session, case) + of_school:
        settle(session, callout, now)
        if callout.closed_at is None:
            return callout
    return None


def _add(session: Session, callout: Callout, case: Case, now: datetime) -> bool:
    """Add a case: later than the pages that could not tell of it yet, and than whoever acknowledged it before.

    Two processes read their clocks before they have the district, so the times are put in order here.
    """
    session.flush()  # Or what is read afresh would forget it.
    row = session.get(CalloutCase, (callout.id, case.id), populate_existing=True)
    if row is not None and row.acknowledged_at is None:
        return False
    last = session.scalar(select(func.max(Page.at)).where(Page.callout_id == callout.id)) if callout.step else None
    before = [moment + timedelta(microseconds=1) for moment in (last, case.acknowledged_at) if moment]
    added = max(now, *before) if before else now
    if row is None:
        session.add(CalloutCase(callout_id=callout.id, case_id=case.id, added_at=added))
    else:
        row.added_at, row.acknowledged_at = added, None
    session.flush()
    return True


def _draw_code(session: Session, district_id: str, now: datetime, choose: Choose) -> str:
    """Draw a code that no open callout has and, where possible, none had within the last day."""
    query = select(Callout.code, Callout.closed_at).where(
        Callout.district_id == district_id,
        Callout.closed_at.is_(None) | (Callout.closed_at > now - CODE_REST),
    )
    rows = session.execute(query).all()
    open_now = {code for code, closed in rows if closed is None}
    recent = {code for code, _ in rows}
    for _ in range(_DRAWS):
        code = str(_LOWEST_CODE + choose(10_000 - _LOWEST_CODE))
        if code not in recent:
            return code
    every = [str(code) for code in range(_LOWEST_CODE, 10_000)]
    free = [code for code in every if code not in recent] or [code for code in every if code not in open_now]
    return free[choose(len(free))]
