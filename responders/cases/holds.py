"""Legal holds: a court, the police or a records request may need a case longer than its deadline."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.errors import BadInput
from responders.cases import moves
from responders.cases.records import Case, CaseHold

REASONS = ("litigation", "investigation", "records_request", "audit", "other")
"""Why a case is held: codes, since whatever else there is to say stands in the case's notes."""


def place(session: Session, case: Case, reason_code: str, actor: str, now: datetime) -> bool:
    """Hold a case; false when it is held for that reason already. Raises: BadInput for an unknown reason."""
    if reason_code not in REASONS:
        raise BadInput(f"The reason is one of {', '.join(REASONS)}.")
    moves.hold(session, case)
    if any(hold.reason_code == reason_code for hold in standing(session, [case.id])):
        return False
    session.add(CaseHold(case_id=case.id, reason_code=reason_code, placed_at=now, placed_by=actor))
    session.flush()
    moves.tell(session, case, "case.held", actor, now, reason=reason_code)
    return True


def release(session: Session, case: Case, actor: str, now: datetime) -> int:
    """End every hold of a case, and count them: from here on its deadline counts again."""
    moves.hold(session, case)
    found = standing(session, [case.id])
    for hold in found:
        hold.released_at, hold.released_by = now, actor
        moves.tell(session, case, "case.released", actor, now, reason=hold.reason_code)
    return len(found)


def standing(session: Session, case_ids: Collection[str]) -> list[CaseHold]:
    """List the holds that stand on some cases."""
    query = select(CaseHold).where(CaseHold.case_id.in_(case_ids), CaseHold.released_at.is_(None))
    return list(session.scalars(query.order_by(CaseHold.placed_at)))


def held_ids(session: Session) -> list[str]:
    """Name every case under a hold."""
    return list(session.scalars(select(CaseHold.case_id).where(CaseHold.released_at.is_(None)).distinct()))
