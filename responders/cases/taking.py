"""Taking up a message: it joins the case of its thread, or opens one. Urgency only ever rises by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import systems
from gateway.core.errors import NotFound
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.records import District, Line, Message, Thread, new_id
from responders.cases import moves
from responders.cases.records import Case, CaseAssessment, CaseCounter, CaseMessage, CaseThread
from responders.directory import service as directory
from triage.model import Assessment, Category, Severity
from triage.policy import waits_for_answer

ACTOR = "process:worker"
_COUNTERS = "case counters"
_WENT_WRONG = frozenset({"engine_error", "timeout", "unreadable", "not_paged"})
"""Reasons that lie with us: whoever looks must know them before what is odd about an event."""
_NEEDLESS = frozenset({Category.SPAM, Category.TEST})
"""What words look like that nobody need read; a form that we do not know looks like it easily."""


@dataclass(frozen=True)
class Taken:
    """What became of a message: its case, and what that changed."""

    case: Case
    opened: bool = False
    raised: bool = False
    watched: bool = False
    """Somebody attends the case, and has done something about it lately: what comes in is left to them, for a while."""
    anew: bool = False
    """The message counts by itself, as if it opened a case: the old calls are over, and nobody has acted lately."""


def take_messages(
    session: Session, keys: KeySet, judged: Sequence[tuple[Message, Assessment]], now: datetime
) -> list[Taken]:
    """Open a case with each message, or join it to the open case of its thread; a resolved or closed one reopens.

    Several go in order, table by table, which costs little more than one. A second call for the same message changes
    nothing. A message to a number that nobody owns is always `unsure`. Whoever is not at it alone holds their districts
    already, or takes them in the order of these messages. Raises: NotFound when no district at all can take one.
    """
    homes = [_home(session, message) for message, _ in judged]
    done = _cases_of_messages(session, [message.id for message, _ in judged])
    known = _look_up(session, [message for message, _ in judged])
    taken, fresh = [], []
    for home, (message, given) in zip(homes, judged, strict=True):
        if message.id in done:
            taken.append(Taken(case=done[message.id]))
            continue
        assessment = doubted(message, given)
        message.district_id, message.dispatched_at = home.id, now
        case = known.cases.get(message.thread_id or "")
        if message.contact_id:
            case = _told_lately(session, message, now)
        if case is None:
            taken.append(Taken(_open(session, known, home, message, assessment, now), opened=True))
        else:
            taken.append(_join(session, case, message, assessment, now))
        fresh.append((home, taken[-1], message, assessment))
    session.flush()  # What follows refers to the cases.
    for home, one, message, assessment in fresh:
        if one.opened and message.thread_id:
            session.add(CaseThread(thread_id=message.thread_id, case_id=one.case.id))
        session.add(CaseMessage(message_id=message.id, case_id=one.case.id))
        _keep(session, keys, home, one.case, message, assessment, now)
    return taken


def _home(session: Session, message: Message) -> District:
    home = directory.home_of(session, message)
    if home is None:
        raise NotFound
    return directory.hold(session, home.id)


def _cases_of_messages(session: Session, message_ids: Sequence[str]) -> dict[str, Case]:
    query = select(CaseMessage.message_id, Case).join(Case, Case.id == CaseMessage.case_id)
    found = session.execute(query.where(CaseMessage.message_id.in_(message_ids)))
    return {row.message_id: row.Case for row in found}


@dataclass(frozen=True)
class _Known:
    """What messages belong to, by id: their threads, those threads' cases, and the lines they came to."""

    threads: dict[str, Thread]
    cases: dict[str, Case]
    lines: dict[str, Line]

    def thread(self, message: Message) -> Thread | None:
        return self.threads.get(message.thread_id or "")

    def school(self, message: Message) -> str | None:
        """Tell which school a message is about; unknown when it came to no line for reports, whatever line answers."""
        thread, line = self.thread(message), self.lines.get(message.line_id or "")
        if thread and thread.line_id is None:
            return thread.school_id  # chosen by who reported on the web, or by the system that told it
        if line is None or line.purpose != "reports":
            return None
        return thread.school_id if thread else line.school_id


def _look_up(session: Session, messages: Sequence[Message]) -> _Known:
    """Read what some messages belong to, afresh."""
    lines = {message.line_id for message in messages if message.line_id}
    threads = {message.thread_id for message in messages if message.thread_id}
    known = _Known({}, {}, {})
    if lines:
        known.lines.update({line.id: line for line in session.scalars(select(Line).where(Line.id.in_(lines)))})
    if not threads:
        return known
    query = (
        select(Thread, Case)
        .outerjoin(CaseThread, CaseThread.thread_id == Thread.id)
        .outerjoin(Case, Case.id == CaseThread.case_id)
        .where(Thread.id.in_(threads))
    )
    for thread, case in session.execute(query.execution_options(populate_existing=True)):
        known.threads[thread.id] = thread
        if case is not None:
            known.cases[thread.id] = case
    return known


def case_of_thread(session: Session, thread_id: str | None) -> Case | None:
    """Find the case that a thread belongs to, in whatever state."""
    if thread_id is None:
        return None
    query = select(Case).join(CaseThread, CaseThread.case_id == Case.id).where(CaseThread.thread_id == thread_id)
    return session.scalar(query.execution_options(populate_existing=True))


def severities(session: Session, thread_ids: Iterable[str]) -> dict[str, Severity]:
    """Tell how severe the cases of some threads are, by thread; threads without a case are left out."""
    query = select(CaseThread.thread_id, Case.severity).join(Case, Case.id == CaseThread.case_id)
    found = session.execute(query.where(CaseThread.thread_id.in_(thread_ids)))
    return {thread_id: Severity(severity) for thread_id, severity in found}


def case_of_message(session: Session, message_id: str) -> Case | None:
    """Find the case that a message belongs to."""
    query = select(Case).join(CaseMessage, CaseMessage.case_id == Case.id).where(CaseMessage.message_id == message_id)
    return session.scalar(query)


def absorb(case: Case, severity: Severity, categories: list[str], *, unsure: str | None) -> bool:
    """Raise a case to what is new about it, never lower it; true when its severity rose.

    `unsure` is the reason why a human must look, if one must.
    """
    before = Severity(case.severity)
    rose = severity > before
    both = [*categories, *case.categories] if rose else [*case.categories, *categories]
    named = [code for code in dict.fromkeys(both) if code != Category.OTHER.value]
    case.categories = named or [Category.OTHER.value]
    case.severity = max(severity, before, key=lambda item: item.rank).value
    case.life_safety = case.life_safety or severity.life_safety
    if unsure and not case.unsure:
        case.unsure, case.unsure_reason = True, unsure
    case.urgency_rank = max(Severity(case.severity).rank, Severity.HIGH.rank if case.unsure else 0)
    return rose


def doubt(session: Session, case: Case, reason: str, now: datetime) -> None:
    """Have a person look at a case after all, for this reason."""
    absorb(case, Severity(case.severity), case.categories, unsure=reason)
    case.updated_at = now
    moves.tell(session, case, "case.doubted", ACTOR, now, reason=reason)


def _open(
    session: Session, known: _Known, district: District, message: Message, assessment: Assessment, now: datetime
) -> Case:
    case = Case(
        id=new_id(),
        district_id=district.id,
        school_id=known.school(message),
        number=_next_number(session, district, now),
        state=moves.NEW,
        severity=Severity.NONE.value,
        life_safety=False,
        unsure=False,
        categories=[],
        stray=message.quarantine not in {None, *systems.DOUBTS},
        opened_at=now,
        updated_at=now,
    )
    absorb(case, assessment.severity, _codes(assessment), unsure=_doubt(assessment))
    session.add(case)
    if message.thread_id:
        known.cases[message.thread_id] = case
    moves.tell(
        session, case, "case.opened", _actor(message), now, message=message.id, thread=message.thread_id,
        number=case.number, severity=case.severity, unsure=case.unsure, stray=case.stray,
    )  # fmt: skip
    return case


def _told_lately(session: Session, message: Message, now: datetime) -> Case | None:
    """Find the open case of which the same member of staff told a moment ago: many texts are not many cases."""
    query = (
        select(Case)
        .join(CaseMessage, CaseMessage.case_id == Case.id)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(
            Message.direction == "in",
            Message.dispatched_at > now - moves.QUIET,
            Message.contact_id == message.contact_id,
            Case.state.in_(moves.OPEN_STATES),
        )
    )
    return session.scalar(query.order_by(Message.at.desc()).limit(1))


def _actor(message: Message) -> str:
    """Tell whose doing it is: staff are known, reporters never."""
    return f"contact:{message.contact_id}" if message.contact_id else ACTOR


def _join(session: Session, case: Case, message: Message, assessment: Assessment, now: datetime) -> Taken:
    if case.state in {moves.RESOLVED, moves.CLOSED}:
        moves.reopen(session, case, "new_message", "reporter", now)
    attended = case.state in moves.ATTENDED_STATES
    watched = attended and message.contact_id is None and not moves.is_quiet(session, case, now)
    anew = not watched if attended else moves.reopened_by_text(session, case) is not None
    before = case.severity
    raised = absorb(case, assessment.severity, _codes(assessment), unsure=_doubt(assessment))
    case.updated_at = now
    moves.tell(session, case, "case.joined", _actor(message), now, message=message.id, thread=message.thread_id)
    if raised:
        moves.tell(session, case, "case.raised", ACTOR, now, message=message.id, old=before, new=case.severity)
    return Taken(case, raised=raised, watched=watched, anew=anew)


def judge_again(
    session: Session, keys: KeySet, case: Case, message: Message, assessment: Assessment, now: datetime
) -> bool:
    """Heed what the engine says of a message once more is known beside it; true when people must be called for it.

    What says nothing graver, and no doubt that is new, is not written down: the case never falls, whatever a person
    has said of it meanwhile; and what was said of the message before is not said again to a person who put it right.
    """
    moves.hold(session, case)
    district = session.get_one(District, case.district_id)
    before = case.severity
    written = session.scalars(select(CaseAssessment.severity).where(CaseAssessment.message_id == message.id))
    raised = all(assessment.severity > Severity(one) for one in (before, *written))
    doubt = _new_doubt(session, case, message, assessment)
    if not raised and doubt is None:
        return False
    absorb(case, assessment.severity, _codes(assessment), unsure=doubt)
    case.updated_at = now
    _keep(session, keys, district, case, message, assessment, now)
    if raised:
        moves.tell(session, case, "case.raised", ACTOR, now, message=message.id, old=before, new=case.severity)
    if doubt is not None:
        moves.tell(session, case, "case.doubted", ACTOR, now, reason=doubt)
    return doubt is not None or (raised and Severity(case.severity).life_safety)


def _new_doubt(session: Session, case: Case, message: Message, assessment: Assessment) -> str | None:
    """Tell why a person must look at a case that nobody was called to for doubt, nor for this reason before."""
    reason = _doubt(assessment)
    if reason is None or case.unsure or Severity(case.severity).life_safety or assessment.life_safety:
        return None
    known = select(CaseAssessment.id).where(
        CaseAssessment.message_id == message.id, CaseAssessment.unsure_reason == reason
    )
    return reason if session.scalar(known.limit(1)) is None else None


def _keep(
    session: Session,
    keys: KeySet,
    district: District,
    case: Case,
    message: Message,
    assessment: Assessment,
    now: datetime,
) -> None:
    """Write down what the engine said: codes in the clear, spans sealed."""
    record = CaseAssessment(
        id=new_id(),
        case_id=case.id,
        message_id=message.id,
        severity=assessment.severity.value,
        life_safety=assessment.life_safety,
        unsure=assessment.unsure,
        unsure_reason=_reason(assessment),
        categories=_codes(assessment),
        rules=assessment.rules,
        at=now,
    )
    spans = [indicator.to_json() for indicator in assessment.indicators]
    detail = json.dumps({"indicators": spans, "missing": assessment.missing})
    record.detail_sealed = keys.seal_words(district.slug, now, detail, record.bound("detail"))
    session.add(record)
    emit(
        session, "message.assessed", subject=f"message/{message.id}", actor=ACTOR, at=now, district_id=district.id,
        case=case.id, severity=record.severity, life_safety=record.life_safety, unsure=record.unsure,
        reason=record.unsure_reason, categories=record.categories, rules=record.rules,
    )  # fmt: skip


def doubted(message: Message, given: Assessment) -> Assessment:
    """Have a person look at what nobody owns, and at what another system says that we could not make out.

    Of the latter that is the reason, whatever its words look like, unless something went wrong with us; and it is
    neither an advertisement nor a test.
    """
    if message.quarantine is None:
        return given
    if message.quarantine not in systems.DOUBTS:
        return given if given.unsure else replace(given, unsure=True, unsure_reason=message.quarantine)
    categories = tuple(one for one in given.categories if one not in _NEEDLESS) or (Category.OTHER,)
    reason = given.unsure_reason if given.unsure_reason in _WENT_WRONG else message.quarantine
    return replace(given, unsure=True, unsure_reason=reason, categories=categories)


def _codes(assessment: Assessment) -> list[str]:
    return [category.value for category in assessment.categories]


def _doubt(assessment: Assessment) -> str | None:
    """Tell why a person must look at the case; nobody must yet while the line waits for the answer to its question."""
    return None if waits_for_answer(assessment) else _reason(assessment)


def _reason(assessment: Assessment) -> str | None:
    return (assessment.unsure_reason or "undecided") if assessment.unsure else None


def _next_number(session: Session, district: District, now: datetime) -> str:
    """Count up the district's year (UTC): `2026-0012`. The caller holds the district, so the row has one maker."""
    counters: dict[tuple[str, int], CaseCounter] = session.info.setdefault(_COUNTERS, {})
    of_year = (district.id, now.year)
    if of_year not in counters:
        counters[of_year] = session.get(CaseCounter, of_year, with_for_update=True) or CaseCounter(
            district_id=district.id, year=now.year, last=0
        )
        session.add(counters[of_year])
    counters[of_year].last += 1
    return f"{now.year}-{counters[of_year].last:04d}"
