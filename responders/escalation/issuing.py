"""Issuing, as the worker does it: an approved alert that is due gets its time, its references and its signature.

All of it is one transaction without a call to anybody, so whoever is killed has issued it, with its deliveries, or has
not. What may have gone stale since the approval is judged again; what no longer holds is refused, and people see why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from exports import cap
from gateway.core import cap_keys
from gateway.core.cap_keys import Pair
from gateway.core.database import Database
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.times import Clock
from responders.directory import service as directory
from responders.escalation import drafts, due, service
from responders.escalation.records import APPROVED, ISSUED, REFUSED, Alert, AlertDelivery, AlertTarget

ACTOR = "process:worker"


@dataclass(frozen=True)
class Issuer:
    """The worker's part. `folder` holds its keys."""

    database: Database
    keys: KeySet
    folder: Path
    clock: Clock

    def issue_all(self) -> int:
        """Issue whatever is due, and note what has expired; answers how many were issued. Raises: Unavailable."""
        now, done = self.clock(), 0
        with self.database.read() as session:
            ready = list(
                session.scalars(select(Alert.id).where(due.to_issue(now)).order_by(Alert.approved_at, Alert.id))
            )
            ended = list(session.scalars(select(Alert.id).where(due.to_end(now))))
        for alert_id in ready:
            with self.database.write() as session:
                done += self._issue(session, alert_id, self.clock())
        for alert_id in ended:
            with self.database.write() as session:
                _end(session, alert_id, self.clock())
        return done

    def _issue(self, session: Session, alert_id: str, now: datetime) -> bool:
        row = session.get_one(Alert, alert_id)
        directory.hold(session, row.district_id)
        session.refresh(row, ["state", "starts_at", "revision"])
        if row.state != APPROVED or (row.starts_at is not None and row.starts_at > now):
            return False
        try:
            alert = self._whole(session, row, now)
        except cap.Refused as error:
            return _refuse(session, row, error.findings[0].code, now, element=error.findings[0].element)
        except KeyRefused:
            return _refuse(session, row, "unreadable", now)
        if alert is None:
            return _refuse(session, row, "too_late", now)
        pair = self._pair()
        document = cap.render(alert)
        row.document = cap.sign(document, pair.key, pair.certificate) if pair else document
        row.signed_with = pair.id if pair else None
        row.state, row.issued_at, row.draft_sealed = ISSUED, now, None
        row.expires_at, row.sender = alert.expires, alert.sender
        row.headline = (alert.infos[0].headline or alert.infos[0].event)[:200]
        _address(session, row, now)
        _supersede(session, row)
        service.tell(session, row, "alert.issued", ACTOR, now, msg_type=row.msg_type, signed=pair is not None)
        return True

    def _whole(self, session: Session, row: Alert, now: datetime) -> cap.Alert | None:
        """Build it as of now and judge it again; nothing when its time has passed. Raises: Refused, KeyRefused."""
        opened = session.get_one(Alert, row.id, options=[undefer(Alert.draft_sealed)], populate_existing=True)
        draft = drafts.opened(self.keys, opened)
        since = row.starts_at or row.approved_at
        if draft is None or since is None:
            raise KeyRefused("An approved alert has no draft.")
        if now >= since + timedelta(minutes=row.lasts_minutes):
            return None
        alert, findings = service.assembled(session, row, draft, now)
        cap.refuse(findings)
        return alert

    def _pair(self) -> Pair | None:
        """Read the key anew each time, so that a rotation needs no restart; without one it goes out unsigned."""
        try:
            return cap_keys.signing(self.folder)
        except KeyRefused as error:
            log().error("an alert leaves unsigned: its key is damaged", code=error.code)
            return None


def _refuse(session: Session, row: Alert, code: str, now: datetime, **data: str) -> bool:
    row.state, row.reason = REFUSED, code
    service.tell(session, row, "alert.refused", ACTOR, now, code=code, **data)
    return False


def _address(session: Session, row: Alert, now: datetime) -> None:
    """Promise it to each place that wants it, in the transaction that issues it."""
    ways: list[tuple[str, str | None]] = []
    if service.rules_of(session, row.district_id).folder:
        ways.append(("folder", None))
    query = select(AlertTarget).where(AlertTarget.district_id == row.district_id, AlertTarget.removed_at.is_(None))
    ways += [(one.way, one.id) for one in session.scalars(query.order_by(AlertTarget.added_at)) if _wants(one, row)]
    for way, target_id in ways:
        session.add(
            AlertDelivery(alert_id=row.id, way=way, target_id=target_id, state="queued", created_at=now, due_at=now)
        )


def _wants(target: AlertTarget, row: Alert) -> bool:
    return row.status in target.statuses


def _supersede(session: Session, row: Alert) -> None:
    if row.msg_type != "Cancel":
        return
    query = select(Alert).where(Alert.incident == row.incident, Alert.state == ISSUED, Alert.id != row.id)
    for one in session.scalars(query):
        one.cancelled_by_id = row.id


def _end(session: Session, alert_id: str, now: datetime) -> None:
    row = session.get_one(Alert, alert_id)
    directory.hold(session, row.district_id)
    session.refresh(row, ["expired_at"])
    if row.expired_at is None:
        row.expired_at = now
        service.tell(session, row, "alert.expired", ACTOR, now)
