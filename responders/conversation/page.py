"""All that a case's page shows, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from gateway.core.keys import KeySet
from gateway.core.records import School, Thread
from responders.accounts import service as accounts
from responders.accounts.gate import Visit
from responders.accounts.records import Account
from responders.cases import holds, people
from responders.cases import service as cases
from responders.cases.highlight import Piece, signs
from responders.cases.moves import IN_PROGRESS
from responders.cases.people import People
from responders.cases.records import Case, CaseHold
from responders.conversation import talk, timeline
from responders.conversation.delivery import Delivery, describe
from responders.conversation.talk import Said, Talk
from responders.conversation.timeline import Entry
from responders.escalation import service as escalation
from responders.escalation.records import Alert
from responders.linking import reading as linking
from responders.linking.reading import Proposal
from responders.paging import calls
from responders.paging.records import Callout
from responders.tuning import service as tuning
from responders.web import words
from triage.likeness import copying
from triage.model import HELD_BACK, Severity

_MEANS = frozenset({"access_to_means", "weapon_seen"})


@dataclass(frozen=True)
class Judgement:
    """What the engine said of the gravest message, and what nobody has told since."""

    said: Said | None
    severity: str
    unsure_reason: str | None
    held_back: bool
    """Whether rules saw danger, and nobody was called since the message as a whole reads otherwise."""
    rules: str
    signs: list[Piece]
    missing: tuple[str, ...]
    doubtful: str | None
    """The latest other message that could not be judged."""
    doubt_came_later: bool


@dataclass(frozen=True)
class Paged:
    """One page to one responder, and how it fared."""

    name: str
    at: datetime
    delivery: Delivery


@dataclass(frozen=True)
class CasePage:
    """The page of one case."""

    case: Case
    school: str
    joined_into: Case | None
    people: People
    judgement: Judgement | None
    talks: list[Talk]
    notes: list[cases.OpenedNote]
    paged: list[Paged]
    callout: Callout | None
    code_told: bool
    """Whether a page has told of this case, so that its code acknowledges it."""
    timeline: list[Entry]
    colleagues: list[Account]
    holds: list[CaseHold]
    alerts: list[Alert]
    moves: list[str]
    school_again: date | None
    """The next school day, where school was out when this came in and the district has said when it is."""
    alike: list[Proposal]
    """Cases that this may be one with."""
    joined: list[Case]
    passed_on: str | None
    """How one of its messages asks to be passed on to many, if any does."""

    @property
    def answerable(self) -> list[Thread]:
        """The conversations whose reporter can be texted."""
        return [talk.thread for talk in self.talks if talk.thread and not talk.opted_out]


def read(session: Session, visit: Visit, case: Case) -> CasePage:
    """Read the page of a case of the visitor's district."""
    keys: KeySet = visit.console.keys
    names = people.read(session, case.district_id)
    assessed = cases.assessments(session, keys, case)
    talks = talk.read(session, keys, case, names, assessed, visit.now)
    called = calls.of_case(session, case)
    school = session.get(School, case.school_id) if case.school_id else None
    alerts = escalation.of_case(session, case.id)
    return CasePage(
        case=case,
        school=school.name if school else "Whole district",
        joined_into=session.get(Case, case.joined_into_id) if case.joined_into_id else None,
        people=names,
        judgement=_judgement(assessed, talks),
        talks=talks,
        notes=cases.notes(session, keys, case),
        paged=[Paged(call.name, call.at, describe(call.send)) for call in called.texts],
        callout=called.running,
        code_told=called.told,
        timeline=timeline.read(
            session,
            case.id,
            [*_subjects(case, talks), *(f"alert/{one.id}" for one in alerts)],
            called.callouts,
            names,
            [t.thread for t in talks if t.thread],
        ),
        colleagues=accounts.of_district(session, case.district_id),
        holds=holds.standing(session, [case.id]),
        alerts=alerts,
        moves=_moves(case),
        school_again=_school_again(session, visit, case),
        alike=linking.proposals(session, keys, case),
        joined=linking.joined(session, case),
        passed_on=_passed_on(talks),
    )


def _school_again(session: Session, visit: Visit, case: Case) -> date | None:
    days = tuning.school_days(session, visit.console.keys, case.district_id)
    local = case.opened_at.astimezone(words.zone(visit.district.timezone))
    return days.next_day(local) if days and not days.is_in(local) else None


def _judgement(assessed: list[cases.OpenedAssessment], talks: list[Talk]) -> Judgement | None:
    """Judge a case by its gravest message, of equals the first: what follows is never judged below what came before.

    So a short or blank message after it has the same severity on paper, and says nothing by itself.
    """
    if not assessed:
        return None
    index = max(range(len(assessed)), key=lambda at: (Severity(assessed[at].record.severity).rank, -at))
    gravest, later = assessed[index], assessed[index + 1 :]
    doubtful = [one.record for one in assessed[:index] + later if one.record.unsure]
    said = {one: said for t in talks for said in t.said for one in (said.id, *said.repeats)}
    return Judgement(
        said=said.get(gravest.record.message_id),
        severity=gravest.record.severity,
        unsure_reason=gravest.record.unsure_reason,
        held_back=any(one["name"] == HELD_BACK for one in gravest.indicators),
        rules=gravest.record.rules,
        signs=signs(gravest.indicators),
        missing=_missing(gravest, assessed[:index] + later),
        doubtful=doubtful[-1].message_id if doubtful else None,
        doubt_came_later=any(one.record.unsure for one in later),
    )


def _passed_on(talks: list[Talk]) -> str | None:
    told = ["".join(piece.text for piece in said.pieces) for t in talks for said in t.said if said.incoming]
    return next((cue for text in told if (cue := copying.asks(text))), None)


def _missing(gravest: cases.OpenedAssessment, others: list[cases.OpenedAssessment]) -> tuple[str, ...]:
    """Tell what is still unknown: what the gravest message lacks, less what a clear one before or after it has told.

    An assessment without signs or gaps may be one that does not open here.
    """
    clear = [one for one in others if not one.record.unsure and (one.indicators or one.missing)]
    return tuple(gap for gap in gravest.missing if not any(_tells(one, gap) for one in clear))


def _tells(one: cases.OpenedAssessment, gap: str) -> bool:
    """Tell whether a message fills a gap.

    The engine asks for means only where it hears of harm, and for safety only in danger: elsewhere silence is none.
    """
    if gap == "means":
        return any(sign["name"] in _MEANS for sign in one.indicators)
    return gap not in one.missing and (gap != "safe_now" or one.record.life_safety)


def _subjects(case: Case, talks: list[Talk]) -> list[str]:
    threads = [f"thread/{t.thread.id}" for t in talks if t.thread]
    messages = [f"message/{said.id}" for t in talks for said in t.said]
    sends = [
        f"send/{said.delivery.send_id}"
        for t in talks
        for said in t.said
        if said.delivery and said.delivery.send_id and said.kind == "reply"
    ]
    return [f"case/{case.id}", *threads, *messages, *sends]


def _moves(case: Case) -> list[str]:
    """The moves a person may make from here, in the order of a case's life; acknowledging has a button of its own."""
    order = (IN_PROGRESS, cases.RESOLVED, cases.CLOSED, cases.REOPENED)
    return [state for state in order if state in cases.MOVES.get(case.state, frozenset())]
