"""What must be made true of a database that wakes up hours after it fell asleep.

Nothing that was owed is forgotten: a text that was queued may have left since, and leaves again (at least once); a call
for help that was open is called out again, though somebody may have answered it since. An alert alone goes nowhere by
itself: it may have been taken back since, and what everybody reads is not said again because a machine woke up.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from gateway.core import backups
from gateway.core.backfill import FIRST
from gateway.core.records import Heartbeat, Line, Send
from responders.accounts.records import Account, ApiToken, StaffSession
from responders.escalation.records import APPROVED, DRAFT, Alert, AlertDelivery
from responders.paging.records import Callout
from responders.retention.records import RetentionRun


@dataclass(frozen=True)
class Awake:
    """What a person should know: texts that leave now, calls that go on, alerts given up, who can get in as before."""

    queued: int
    callouts: int
    alerts: int
    """Deliveries of alerts that were on their way, and are not tried any more."""
    accounts: int
    tokens: int

    def to_json(self) -> dict[str, int]:
        """Render it for machines."""
        return asdict(self)


def wake(session: Session, as_of: datetime, missing: int, now: datetime) -> Awake:
    """Sign everyone out, forget who ran, let each line be read from the backup's time on, and note the restore.

    What has a time of its own needs no hand: leases, deadlines and waits lie in the past, and are due at once. A line
    that was never read is read from before the backup, however long ago that is. The backup lacked `missing` files.
    """
    session.execute(delete(StaffSession))
    session.execute(delete(Heartbeat))
    session.execute(update(Line).where(Line.listed_until.is_(None)).values(listed_until=as_of - FIRST))
    # A hold may have been placed since: no order of then is carried out, and the clock waits for a person's.
    session.execute(update(RetentionRun).where(RetentionRun.finished_at.is_(None)).values(finished_at=now))
    # An alert that was approved may have gone out since, and what it warned of may be over: a person looks again.
    approved = update(Alert).where(Alert.state == APPROVED)
    session.execute(approved.values(state=DRAFT, proposed_at=None, approved_at=None, approved_by=None))
    # One that was on its way may have been cancelled since, and nothing here would know: it is issued anew, or not.
    waiting = list(session.scalars(select(AlertDelivery.id).where(AlertDelivery.state == "queued")))
    given_up = update(AlertDelivery).where(AlertDelivery.state == "queued")
    session.execute(given_up.values(state="failed", code="restored", ended_at=now, lease_until=None))
    backups.note_restored(session, as_of, missing, now)

    def count(*where: object) -> int:
        return session.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]

    return Awake(
        queued=count(Send.status == "queued"),
        callouts=count(Callout.closed_at.is_(None)),
        alerts=len(waiting),
        accounts=count(Account.disabled_at.is_(None)),
        tokens=count(ApiToken.revoked_at.is_(None)),
    )
