"""What is due: what the worker looks for, what the clock wakes it for, and what is over. No word is read here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from responders.escalation.records import APPROVED, ISSUED, Alert, AlertDelivery, AlertTarget


def anything(session: Session, now: datetime) -> bool:
    """Tell whether the worker has an alert to issue, to deliver, or to note as expired."""
    queries = (select(Alert.id).where(to_issue(now)), select(Alert.id).where(to_end(now)),
               select(AlertDelivery.id).where(to_deliver(now)))  # fmt: skip
    return any(session.scalar(query.limit(1)) is not None for query in queries)


def to_issue(now: datetime) -> ColumnElement[bool]:
    """Say, in SQL, what an approved alert whose time has come is."""
    return and_(Alert.state == APPROVED, or_(Alert.starts_at.is_(None), Alert.starts_at <= now))


def to_end(now: datetime) -> ColumnElement[bool]:
    """Say, in SQL, what an issued alert that has expired unnoted is."""
    return and_(Alert.state == ISSUED, Alert.expires_at <= now, Alert.expired_at.is_(None))


def to_deliver(now: datetime) -> ColumnElement[bool]:
    """Say, in SQL, what a delivery that waits to be tried is."""
    free = or_(AlertDelivery.lease_until.is_(None), AlertDelivery.lease_until <= now)
    return and_(AlertDelivery.state == "queued", AlertDelivery.due_at <= now, free)


def held(now: datetime) -> ColumnElement[bool]:
    """Say, in SQL, what a delivery is that must wait: an earlier message of its incident is on its way there just now.

    Would they go side by side, the danger could arrive behind its all clear.
    """
    mine, theirs, other = aliased(Alert), aliased(Alert), aliased(AlertDelivery)
    return _beside(mine, theirs, other, theirs.issued_at < mine.issued_at, other.lease_until > now)


def superseded() -> ColumnElement[bool]:
    """Say, in SQL, what a delivery is that nobody needs any more: a later message of its incident goes there too."""
    mine, theirs, other = aliased(Alert), aliased(Alert), aliased(AlertDelivery)
    return _beside(mine, theirs, other, theirs.issued_at > mine.issued_at)


def over(session: Session, row: AlertDelivery, alert: Alert, target: AlertTarget | None, now: datetime) -> str | None:
    """Say why an alert is not to be sent there any more; nothing while it is."""
    if alert.cancelled_by_id is not None:
        return "cancelled"
    if alert.expires_at is not None and alert.expires_at <= now:
        return "expired"
    if target is not None and target.removed_at is not None:
        return "removed"
    later = select(AlertDelivery.id).where(AlertDelivery.id == row.id, superseded())
    return "superseded" if session.scalar(later) is not None else None


def _beside(
    mine: type[Alert], theirs: type[Alert], other: type[AlertDelivery], *which: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Say, in SQL, that another message of the same incident goes to the same place."""
    same = (
        mine.id == AlertDelivery.alert_id, theirs.incident == mine.incident, other.alert_id == theirs.id,
        other.way == AlertDelivery.way, other.target_id.is_not_distinct_from(AlertDelivery.target_id),
    )  # fmt: skip
    return select(other.id).where(*same, *which).exists()
