"""All that a case's page shows, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gateway.core.keys import KeySet
from gateway.core.records import School
from responders.accounts import service as accounts
from responders.accounts.gate import Visit
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.highlight import Piece, signs
from responders.cases.moves import IN_PROGRESS
from responders.cases.records import Case
from responders.conversation import people, talk, timeline
from responders.conversation.delivery import Delivery, describe
from responders.conversation.people import People
from responders.conversation.talk import Said, Talk
from responders.conversation.timeline import Entry
from responders.paging import calls
from responders.paging.records import Callout
from triage.model import Severity


@dataclass(frozen=True)
class Judgement:
    """What the engine said: of the message that weighs most, and what it says is still unknown after the latest."""

    said: Said | None
    severity: str
    unsure_reason: str | None
    rules: str
    signs: list[Piece]
    missing: tuple[str, ...]


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
    timeline: list[Entry]
    colleagues: list[Account]
    moves: list[str]


def read(session: Session, visit: Visit, case: Case) -> CasePage:
    """Read the page of a case of the visitor's district."""
    keys: KeySet = visit.console.keys
    names = people.read(session, case.district_id)
    assessed = cases.assessments(session, keys, case)
    talks = talk.read(session, keys, case, names, assessed)
    called = calls.of_case(session, case)
    school = session.get(School, case.school_id) if case.school_id else None
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
        timeline=timeline.read(
            session, case.id, _subjects(case, talks), called.callouts, names, [t.thread for t in talks if t.thread]
        ),
        colleagues=accounts.of_district(session, case.district_id),
        moves=_moves(case),
    )


def _judgement(assessed: list[cases.OpenedAssessment], talks: list[Talk]) -> Judgement | None:
    """The message that weighs most is the gravest; of equals one that needs a human's eyes, then the first."""
    if not assessed:
        return None
    gravest = max(assessed, key=lambda a: (Severity(a.record.severity).rank, a.record.unsure))
    said = {one.id: one for one in (said for t in talks for said in t.said)}
    return Judgement(
        said=said.get(gravest.record.message_id),
        severity=gravest.record.severity,
        unsure_reason=gravest.record.unsure_reason,
        rules=gravest.record.rules,
        signs=signs(gravest.indicators),
        missing=assessed[-1].missing,
    )


def _subjects(case: Case, talks: list[Talk]) -> list[str]:
    threads = [f"thread/{t.thread.id}" for t in talks if t.thread]
    messages = [f"message/{said.id}" for t in talks for said in t.said]
    sends = [
        f"send/{said.delivery.send_id}" for t in talks for said in t.said if said.delivery and said.kind == "reply"
    ]
    return [f"case/{case.id}", *threads, *messages, *sends]


def _moves(case: Case) -> list[str]:
    """The moves a person may make from here, in the order of a case's life; acknowledging has a button of its own."""
    order = (IN_PROGRESS, cases.RESOLVED, cases.CLOSED, cases.REOPENED)
    return [state for state in order if state in cases.MOVES.get(case.state, frozenset())]
