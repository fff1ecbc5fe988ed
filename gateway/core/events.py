"""The event log: every state transition of message, thread, case, page and send, append-only.

An event holds ids, codes and actors only. `exports.cloud_events` renders one as a CloudEvents 1.0 envelope.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from gateway.core.records import Event

Code = str | int | bool | None
TYPE_PREFIX = "org.tipline."


def emit(
    session: Session,
    kind: str,
    *,
    subject: str,
    actor: str,
    at: datetime,
    district_id: str | None,
    **data: Code | list[str],
) -> None:
    """Append one event in the caller's transaction: it is there if, and only if, what it tells of is.

    `kind` is `<thing>.<what happened>` (e.g. `case.acknowledged`), `subject` is `<thing>/<id>`, `actor` is
    `process:<name>`, `account:<id>`, `contact:<id>` or `reporter`; `data` are ids and codes, never words or addresses.
    """
    # Written with whatever is written next, or at the commit: several of one transaction go in one flush.
    session.add(Event(**row(kind, subject=subject, actor=actor, at=at, district_id=district_id, **data)))


def row(
    kind: str, *, subject: str, actor: str, at: datetime, district_id: str | None, **data: Code | list[str]
) -> dict[str, Any]:
    """Write an event as a row, for who inserts many at once."""
    return {
        "district_id": district_id, "type": TYPE_PREFIX + kind, "subject": subject, "actor": actor, "at": at,
        "data": data,
    }  # fmt: skip
