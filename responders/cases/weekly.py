"""The weekly report on triage: what responders said it had missed or called too grave, and by which of its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.keys import KeySet
from responders.cases import reading
from responders.cases.records import Case, CaseCorrection
from triage.model import Severity

WEEKS = 8


@dataclass(frozen=True)
class RuleCount:
    """How often a sign stood in cases that were called too grave, and in such as were missed."""

    name: str
    over_called: int
    missed: int


@dataclass
class Week:
    """One week, from its Monday (UTC). `cases` were opened in it, `called` of them called people out by themselves."""

    begins: datetime
    cases: int = 0
    called: int = 0
    missed: list[Case] = field(default_factory=list)
    over_called: list[Case] = field(default_factory=list)
    other: int = 0
    """Cases whose correction changes nothing about who is called: a category, or one step of severity."""
    rules: list[RuleCount] = field(default_factory=list)


def read(session: Session, keys: KeySet, district_id: str, now: datetime, weeks: int = WEEKS) -> list[Week]:
    """Read the latest weeks of a district, the newest first.

    What triage said of a case is held against what people said of it last, in the week in which they did.
    """
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    found = [Week(monday - timedelta(weeks=back)) for back in range(weeks)]
    corrections = _corrections(session, district_id)
    opened = select(Case).where(Case.district_id == district_id, Case.opened_at >= found[-1].begins)
    for case in session.scalars(opened):
        week = found[_back(monday, case.opened_at)]
        week.cases += 1
        week.called += _called(corrections.get(case.id, []), (case.severity, case.unsure))
    last = {case_id: said[-1] for case_id, said in corrections.items() if said[-1].at >= found[-1].begins}
    for case in session.scalars(select(Case).where(Case.id.in_(last))):
        correction = last[case.id]
        week = found[_back(monday, correction.at)]
        called, needed = _called(corrections[case.id]), Severity(correction.severity).life_safety
        if needed and not called:
            week.missed.append(case)
        elif called and not needed:
            week.over_called.append(case)
        else:
            week.other += 1
    for week in found:
        week.rules = _rules(session, keys, week)
    return found


def _corrections(session: Session, district_id: str) -> dict[str, list[CaseCorrection]]:
    """List the corrections of a district's cases, by the case, oldest first."""
    found: dict[str, list[CaseCorrection]] = {}
    query = select(CaseCorrection).join(Case, Case.id == CaseCorrection.case_id).where(Case.district_id == district_id)
    for one in session.scalars(query.order_by(CaseCorrection.at, CaseCorrection.id)):
        found.setdefault(one.case_id, []).append(one)
    return found


def _called(corrections: Sequence[CaseCorrection], then: tuple[str, bool] | None = None) -> bool:
    """Tell whether triage by itself has called people out for a case; `then` is its severity and doubt after them all.

    What a case was before a correction is triage's own word, unless the correction before that had left it so.
    """
    stood = [(one.severity_before, one.unsure_before) for one in corrections] + ([then] if then else [])
    left = [None, *(one.severity for one in corrections)]
    return any(
        unsure or (severity != before and Severity(severity).life_safety)
        for (severity, unsure), before in zip(stood, left, strict=False)
    )


def _back(monday: datetime, at: datetime) -> int:
    """Count how many weeks ago a moment was; this week's is 0."""
    return max(0, -((at - monday) // timedelta(weeks=1)))


def _rules(session: Session, keys: KeySet, week: Week) -> list[RuleCount]:
    over, missed = (_signs(session, keys, cases) for cases in (week.over_called, week.missed))
    names = sorted(over.keys() | missed.keys(), key=lambda name: (-over[name], -missed[name], name))
    return [RuleCount(name, over[name], missed[name]) for name in names]


def _signs(session: Session, keys: KeySet, cases: Iterable[Case]) -> Counter[str]:
    """Count the cases in which each sign stands; what does not open here is not counted."""
    counted: Counter[str] = Counter()
    for case in cases:
        opened = reading.assessments(session, keys, case)
        counted.update({str(sign["name"]) for one in opened for sign in one.indicators})
    return counted
