"""What becomes of alerts when their case is destroyed: drafts go with it, what was sent stays, without its case."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from responders.escalation.records import ISSUED, Alert


def forget_cases(session: Session, case_ids: Collection[str]) -> None:
    """Delete what was never sent. What was sent everybody has read: it holds no word of a reporter, and stays."""
    of_these = Alert.case_id.in_(case_ids)
    session.execute(delete(Alert).where(of_these, Alert.state != ISSUED))
    session.execute(update(Alert).where(of_these).values(case_id=None))
