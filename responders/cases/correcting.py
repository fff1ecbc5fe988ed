"""Correcting: a responder says what a case really is, with a reason. People learn from it; no rule changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.errors import BadInput, NotAllowed
from gateway.core.times import iso
from responders.cases import moves
from responders.cases.records import Case, CaseAssessment, CaseCorrection
from triage.model import Category, Severity

REASONS = ("joke", "known_already", "not_so", "words_misread", "sign_missed", "more_known", "other")
"""Why it is corrected: a code, since whatever else there is to say stands in the case's notes."""
_CALM = frozenset(one for one in Severity if not one.life_safety)
CALLING = "Acknowledge it first: people are being called for it."
CHANGED = "It changed meanwhile. Look at it again, then correct it."


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
) -> CaseCorrection | None:
    """Set what a person says a case is; None when it says so already. A new message may raise it again.

    What the engine was unsure of is settled with it. `seen` is the `updated_at` of the case that this person looked at,
    to the millisecond, if that is known. Raises: BadInput for an unknown code; NotAllowed for lowering a case that
    calls people out, before anybody has acknowledged it, or one that has changed since it was looked at. Raising it is
    never refused.
    """
    if severity not in set(Severity) or category not in set(Category) or why_code not in REASONS:
        raise BadInput("There is no such severity, category or reason.")
    moves.hold(session, case)
    before, about = Severity(case.severity), case.categories[0]
    if (severity, category) == (before.value, about) and not case.unsure:
        return None
    if case.state == moves.NEW and calms(case, severity):
        raise NotAllowed(CALLING)
    lowers = Severity(severity) < before or calms(case, severity)
    if lowers and seen is not None and iso(seen) != iso(case.updated_at):
        raise NotAllowed(CHANGED)
    made = CaseCorrection(
        case_id=case.id,
        severity_before=before.value,
        severity=severity,
        category_before=about,
        category=category,
        unsure_before=case.unsure,
        rules=_rules(session, case),
        why_code=why_code,
        actor=actor,
        at=now,
    )
    session.add(made)
    case.severity, case.life_safety = severity, Severity(severity).life_safety
    case.categories = list(dict.fromkeys([category, *case.categories]))
    case.unsure, case.unsure_reason = False, None
    case.urgency_rank, case.updated_at = Severity(severity).rank, now
    session.flush()
    moves.tell(
        session, case, "case.corrected", actor, now, old=before.value, new=severity, old_category=about,
        category=category, why=why_code,
    )  # fmt: skip
    return made


def calms(case: Case, severity: str) -> bool:
    """Tell whether a case that calls people out would no longer do so, were it of this severity."""
    return (Severity(case.severity).life_safety or case.unsure) and severity in _CALM


def of_case(session: Session, case_id: str) -> list[CaseCorrection]:
    """List the corrections of a case, oldest first."""
    query = select(CaseCorrection).where(CaseCorrection.case_id == case_id)
    return list(session.scalars(query.order_by(CaseCorrection.at, CaseCorrection.id)))


def _rules(session: Session, case: Case) -> str:
    query = select(CaseAssessment.rules).where(CaseAssessment.case_id == case.id).order_by(CaseAssessment.at.desc())
    return session.scalar(query.limit(1)) or ""
