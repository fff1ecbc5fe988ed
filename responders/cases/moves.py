"""What people do with a case: acknowledge, assign, move, note. Every move is an event with who, from, to and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from gateway.core.database import reread
from gateway.core.errors import BadInput, NotAllowed
from gateway.core.events import TYPE_PREFIX, Code, emit
from gateway.core.keys import KeySet
from gateway.core.records import District, Event, Message, Thread, new_id
from responders.accounts.records import Account
from responders.cases import seeing
from responders.cases.records import Case, CaseThread, Note
from responders.directory import service as directory

NEW, ACKNOWLEDGED, IN_PROGRESS, RESOLVED, CLOSED = "new", "acknowledged", "in_progress", "resolved", "closed"
REOPENED = "reopened"
STATES = (NEW, ACKNOWLEDGED, IN_PROGRESS, RESOLVED, CLOSED)
OPEN_STATES = (NEW, ACKNOWLEDGED, IN_PROGRESS)
ATTENDED_STATES = frozenset({ACKNOWLEDGED, IN_PROGRESS})
MOVES: Mapping[str, frozenset[str]] = {
    NEW: frozenset({ACKNOWLEDGED, IN_PROGRESS, RESOLVED, CLOSED}),
    ACKNOWLEDGED: frozenset({IN_PROGRESS, RESOLVED, CLOSED}),
    IN_PROGRESS: frozenset({RESOLVED, CLOSED}),
    RESOLVED: frozenset({CLOSED, REOPENED}),
    CLOSED: frozenset({REOPENED}),
}
"""Which state may follow which; `reopened` is a person's move that leads back to `in_progress`."""
WHY = (
    "handled", "referred", "unfounded", "duplicate", "test", "prank", "started", "more_information", "new_message",
    "mistake",
)  # fmt: skip
"""Why a case was moved."""
NOTE_LENGTH = 4000
QUIET = timedelta(minutes=10)
"""After so long without a person's act, a message to an attended case counts by itself again."""
_PERSONS = ("account:", "contact:")
_PEOPLE = (*_PERSONS, "token:")
"""Who moves cases. Another system may, with its token; but it watches nothing, and nobody can be told through it."""
_REOPENED = TYPE_PREFIX + "case.reopened"
_TOLD = tuple(TYPE_PREFIX + kind for kind in ("case.opened", "case.joined"))
"""What a person's own text does to a case: telling of danger is not attending to it."""


def tell(session: Session, case: Case, kind: str, actor: str, now: datetime, **data: Code | list[str]) -> None:
    """Append an event about a case."""
    emit(session, kind, subject=f"case/{case.id}", actor=actor, at=now, district_id=case.district_id, **data)


def hold(session: Session, case: Case) -> None:
    """Take the district's turn and read the case afresh, since another process may have moved it."""
    directory.hold(session, case.district_id)
    reread(session, case)


def acknowledge(session: Session, case: Case, actor: str, now: datetime) -> bool:
    """Note that a person has taken the case up; false when someone already had.

    `paging.service.acknowledge` does this and ends the calls too.
    """
    hold(session, case)
    if case.state != NEW:
        return False
    case.state = ACKNOWLEDGED
    _mark_acknowledged(session, case, actor, now)
    tell(session, case, "case.acknowledged", actor, now)
    return True


def acknowledge_again(session: Session, case: Case, actor: str, now: datetime) -> None:
    """Note that a person has seen what an attended case called out for anew."""
    _mark_acknowledged(session, case, actor, now)
    tell(session, case, "case.acknowledged", actor, now, again=True)


def assign(session: Session, case: Case, account_id: str | None, actor: str, now: datetime) -> None:
    """Put a case in somebody's hands, or in nobody's. It does not acknowledge it. Raises: BadInput for a stranger."""
    hold(session, case)
    account = session.get(Account, account_id) if account_id else None
    if account_id and (account is None or account.district_id != case.district_id or account.disabled_at):
        raise BadInput("That person has no account here.")
    if case.assignee_id == account_id:
        return
    case.assignee_id = account_id
    case.updated_at = now
    tell(session, case, "case.assigned", actor, now, assignee=account_id)


def change_state(session: Session, case: Case, to: str, why_code: str, actor: str, now: datetime) -> None:
    """Move a case to `to`, one of `STATES` or `reopened`; a move out of `new` counts as acknowledging.

    Closing closes its threads, so that the next text opens a new one under a new pseudonym; reopening opens them again.
    Moving it to where it is does nothing. Raises: BadInput for an unknown state or why code; NotAllowed for a move that
    `MOVES` does not have.
    """
    hold(session, case)
    if why_code not in WHY or to not in {*STATES, REOPENED}:
        raise BadInput("There is no such state or reason.")
    if to == IN_PROGRESS and REOPENED in MOVES[case.state]:
        to = REOPENED
    if to == case.state:
        return
    if to not in MOVES[case.state] or (to == REOPENED and case.joined_into_id):
        raise NotAllowed("This case cannot be moved there from where it is.")
    if to == REOPENED:
        reopen(session, case, why_code, actor, now)
    else:
        _move(session, case, to, why_code, actor, now)


def reopen(session: Session, case: Case, why_code: str, actor: str, now: datetime) -> None:
    """Bring a resolved or closed case back, its threads with it.

    Someone who reopens it is working on it. Reopened by what a reporter wrote, it is new: nobody attends it yet.
    """
    before, case.state, case.updated_at = case.state, IN_PROGRESS, now
    if not actor.startswith(_PEOPLE):
        case.state, case.acknowledged_at, case.acknowledged_by = NEW, None, None
    _reopen_threads(session, case, actor, now)
    tell(session, case, "case.reopened", actor, now, old=before, new=case.state, why=why_code)


def close_thread(session: Session, thread: Thread, actor: str, now: datetime) -> None:
    """End a conversation with its case: the next text opens a new one under a new pseudonym."""
    if thread.closed_at is None:
        thread.closed_at = now
        _tell_thread(session, thread, "thread.closed", actor, now)


def close_joined(session: Session, case: Case, target: Case, actor: str, now: datetime) -> None:
    """Close a case whose messages now belong to another; its threads have moved and stay open."""
    before, case.state, case.updated_at = case.state, CLOSED, now
    case.joined_into_id = target.id
    tell(session, case, "case.state_changed", actor, now, old=before, new=CLOSED, why="duplicate", into=target.id)


def add_note(session: Session, keys: KeySet, case: Case, text: str, author: str, now: datetime) -> Note:
    """Write down something for colleagues. Raises: BadInput when it is empty or longer than `NOTE_LENGTH`."""
    if not text.strip() or len(text) > NOTE_LENGTH:
        raise BadInput(f"A note has 1 to {NOTE_LENGTH} characters.")
    district = session.get_one(District, case.district_id)
    note = Note(id=new_id(), case_id=case.id, author=author, at=now)
    note.words_sealed = keys.seal_words(district.slug, now, text, note.bound("words"))
    session.add(note)
    tell(session, case, "case.noted", author, now, note=note.id)
    return note


def last_act(session: Session, case: Case) -> datetime | None:
    """Tell when a person last did something about a case: any move, a note, a reply.

    What was done before a reporter reopened it is over; what was done about a case joined into it counts.
    """
    reopening = reopened_by_text(session, case)
    own = Event.subject == f"case/{case.id}"
    joined = select("case/" + Case.id).where(Case.joined_into_id == case.id)
    since = and_(own, Event.seq > reopening.seq) if reopening else own
    query = select(func.max(Event.at)).where(or_(since, Event.subject.in_(joined)), _by(_PERSONS))
    moved = session.scalar(query.where(Event.type.not_in(_TOLD)))
    of_case = select(CaseThread.thread_id).where(CaseThread.case_id == case.id)
    replies = select(func.max(Message.at)).where(Message.thread_id.in_(of_case), Message.kind == "reply")
    replied = session.scalar(replies.where(Message.at > reopening.at) if reopening else replies)
    return max((moment for moment in (moved, replied) if moment), default=None)


def is_quiet(session: Session, case: Case, now: datetime) -> bool:
    """Tell whether no person has done anything about a case for `QUIET`."""
    acted = last_act(session, case)
    return acted is None or now - acted >= QUIET


def reopened_by_text(session: Session, case: Case) -> Event | None:
    """Find the latest time that not a person, but what a reporter wrote, reopened a case."""
    query = select(Event).where(Event.subject == f"case/{case.id}", Event.type == _REOPENED, not_(_by(_PEOPLE)))
    return session.scalar(query.order_by(Event.seq.desc()).limit(1))


def _by(kinds: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(Event.actor.startswith(kind) for kind in kinds))


def _mark_acknowledged(session: Session, case: Case, actor: str, now: datetime) -> None:
    case.acknowledged_at = case.updated_at = now
    case.acknowledged_by = actor
    if seeing.has_words(actor):
        seeing.see(session, case, now)


def _move(session: Session, case: Case, to: str, why_code: str, actor: str, now: datetime) -> None:
    before, case.state, case.updated_at = case.state, to, now
    if before == NEW:
        _mark_acknowledged(session, case, actor, now)
        tell(session, case, "case.acknowledged", actor, now)
    if to == CLOSED:
        for thread in _threads(session, case):
            close_thread(session, thread, actor, now)
    if to != ACKNOWLEDGED:
        tell(session, case, "case.state_changed", actor, now, old=before, new=to, why=why_code)


def _threads(session: Session, case: Case) -> list[Thread]:
    query = select(Thread).join(CaseThread, CaseThread.thread_id == Thread.id).where(CaseThread.case_id == case.id)
    return list(session.scalars(query.order_by(Thread.id).execution_options(populate_existing=True)))


def _reopen_threads(session: Session, case: Case, actor: str, now: datetime) -> None:
    for thread in _threads(session, case):
        if thread.closed_at is not None:
            thread.closed_at = None
            _tell_thread(session, thread, "thread.reopened", actor, now)


def _tell_thread(session: Session, thread: Thread, kind: str, actor: str, now: datetime) -> None:
    emit(session, kind, subject=f"thread/{thread.id}", actor=actor, at=now, district_id=thread.district_id)
