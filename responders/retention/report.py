"""The report of what was destroyed: counts by kind, district and month, what was kept, who ordered it and when."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from gateway.core import durations
from gateway.core.records import District, Send
from gateway.core.times import iso, month
from responders.cases import holds
from responders.cases.records import Case
from responders.paging import erasing as of_paging
from responders.retention import lapsing
from responders.retention.records import Destroyed, KeyEnd, RetentionRun
from responders.retention.rules import PAGES, Rules

Counts = Counter[tuple[str, str, str]]
"""By (district slug, kind, month)."""


def past(session: Session, limit: int = 100) -> list[dict[str, Any]]:
    """Report the last runs that destroyed anything, those that are not finished, and the newest; newest first."""
    newest = select(func.max(RetentionRun.ordered_at)).scalar_subquery()
    told = or_(
        select(Destroyed.run_id).where(Destroyed.run_id == RetentionRun.id).exists(),
        select(KeyEnd.run_id).where(KeyEnd.run_id == RetentionRun.id).exists(),
        RetentionRun.finished_at.is_(None),
        RetentionRun.ordered_at == newest,
    )
    query = select(RetentionRun).where(told).order_by(RetentionRun.ordered_at.desc(), RetentionRun.id)
    return [_of_run(session, run) for run in session.scalars(query.limit(limit))]


def stuck(session: Session) -> list[KeyEnd]:
    """List the months whose keys cannot be destroyed, since something under them does not open."""
    return list(session.scalars(select(KeyEnd).where(KeyEnd.finding.is_not(None)).order_by(KeyEnd.month)))


def preview(session: Session, worker_folder: Path, now: datetime) -> dict[str, Any]:
    """Say what a run would destroy and keep just now; nothing is written."""
    deadlines = lapsing.all_deadlines(session)
    lapsed: Counts = Counter()
    kept: Counter[str] = Counter()
    for district in session.scalars(select(District).order_by(District.slug)).all():
        of = deadlines[district.slug]
        _preview_cases(session, district, of, now, lapsed, kept)
        for _, kind, at in lapsing.loose(session, district.id, of, now, limit=None):
            lapsed[district.slug, kind, month(at)] += 1
        texts = of_paging.lapsed_texts(district.id, durations.before(now, of[PAGES]), holds.held_ids(session))
        for at in session.scalars(select(Send.created_at).where(texts)):
            lapsed[district.slug, PAGES, month(at)] += 1
    return {
        "destroyed": [_row(*key, things) for key, things in sorted(lapsed.items())],
        "kept": {fate: kept[fate] for fate in ("held", "open", "carrier")},
        "keys": [{"district": slug, "month": name} for slug, name in lapsing.due_months(worker_folder, deadlines, now)],
    }


def _preview_cases(
    session: Session, district: District, of: Rules, now: datetime, lapsed: Counts, kept: Counter[str]
) -> None:
    after = ""
    while ids := lapsing.candidates(session, district.id, of, now, after):
        for case_id in ids:
            case = session.get_one(Case, case_id)
            verdict = lapsing.judge(session, case, of, now)
            kept[verdict.fate] += 1
            if verdict.fate == "lapsed":
                lapsed[district.slug, verdict.kind, month(case.opened_at)] += len(verdict.found.case_ids)
        after = ids[-1]


def _of_run(session: Session, run: RetentionRun) -> dict[str, Any]:
    order = Destroyed.district, Destroyed.kind, Destroyed.month
    counts = session.scalars(select(Destroyed).where(Destroyed.run_id == run.id).order_by(*order))
    ends = session.scalars(select(KeyEnd).where(KeyEnd.run_id == run.id).order_by(KeyEnd.district, KeyEnd.month))
    return {
        "run": run.id,
        "ordered_at": iso(run.ordered_at),
        "ordered_by": run.ordered_by,
        "finished": iso(run.finished_at) if run.finished_at else None,
        "destroyed": [_row(one.district, one.kind, one.month, one.things, messages=one.messages) for one in counts],
        "kept": {fate: int(run.summary.get(fate, 0)) for fate in ("held", "open", "carrier")},
        "keys": [_end(end) for end in ends],
    }


def _row(district: str, kind: str, of_month: str, things: int, **more: int) -> dict[str, str | int]:
    return {"district": district, "kind": kind, "month": of_month, "things": things, **more}


def _end(end: KeyEnd) -> dict[str, Any]:
    return {
        "district": end.district,
        "month": end.month,
        "resealed": end.resealed,
        "worker": iso(end.worker_gone_at) if end.worker_gone_at else None,
        "console": iso(end.console_gone_at) if end.console_gone_at else None,
        "finding": end.finding,
    }
