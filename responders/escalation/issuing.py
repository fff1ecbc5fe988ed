"""Issuing, as the worker does it: an approved alert that is due gets its time, its references and its signature.

It is judged again, built and signed while nobody waits; then one short transaction, in which nothing has moved since,
issues it with its deliveries: who is killed has done all of it or nothing. What no longer holds is refused in sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from exports import cap
from gateway.core import cap_keys
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, Unavailable
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.times import Clock
from responders.directory import service as directory
from responders.escalation import drafts, due, service
from responders.escalation.records import APPROVED, ISSUED, REFUSED, Alert, AlertDelivery, AlertTarget

ACTOR = "process:worker"
_TRIES = 3
"""So often one is made anew at once when its incident moved while it was being made."""


@dataclass(frozen=True)
class _Made:
    """An alert ready to go out, or why it may not; good while its row has this revision and its incident these."""

    revision: int
    before: frozenset[str]
    alert: cap.Alert | None = None
    document: bytes = b""
    signed_with: str | None = None
    reason: str = ""
    element: str | None = None


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
            try:
                done += any(self._issue(alert_id) for _ in range(_TRIES))
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one that cannot be issued must not keep the others waiting
                log().error("an alert could not be issued; it is tried again", alert=alert_id, error=error)
        for alert_id in ended:
            with self.database.write() as session:
                _end(session, alert_id, self.clock())
        return done

    def _issue(self, alert_id: str) -> bool:
        """Issue one alert, or refuse it; false when that was not to be done, or something moved meanwhile."""
        now = self.clock()
        with self.database.read() as session:
            made = self._made(session, alert_id, now)
        if made is None:
            return False
        with self.database.write() as session:
            row = session.get_one(Alert, alert_id)
            directory.hold(session, row.district_id)
            session.refresh(row, ["state", "starts_at", "revision"])
            if not _is_due(row, now) or (row.revision, _issued(session, row)) != (made.revision, made.before):
                return False
            if made.alert is None:
                return _refuse(session, row, made.reason, now, made.element)
            row.document, row.signed_with = made.document, made.signed_with
            row.state, row.issued_at, row.draft_sealed = ISSUED, now, None
            row.expires_at, row.sender = made.alert.expires, made.alert.sender
            row.headline = (made.alert.infos[0].headline or made.alert.infos[0].event)[:200]
            _address(session, row, made.alert, now)
            _supersede(session, row)
            signed = made.signed_with is not None
            service.tell(session, row, "alert.issued", ACTOR, now, msg_type=row.msg_type, signed=signed)
            return True

    def _made(self, session: Session, alert_id: str, now: datetime) -> _Made | None:
        """Build it as of now, judge it again and sign it; nothing when it is not due."""
        row = session.get(Alert, alert_id, options=[undefer(Alert.draft_sealed)])
        if row is None or not _is_due(row, now):
            return None
        revision, before = row.revision, _issued(session, row)
        try:
            alert = self._whole(session, row, now)
            document = cap.render(alert) if alert else b""
        except cap.Refused as error:
            first = error.findings[0]
            return _Made(revision, before, reason=first.code, element=first.element)
        except KeyRefused:
            return _Made(revision, before, reason="unreadable")
        if alert is None:
            return _Made(revision, before, reason="too_late")
        return _Made(revision, before, alert, *self._signed(document, now))

    def _whole(self, session: Session, row: Alert, now: datetime) -> cap.Alert | None:
        """Build it and judge it; nothing when its time has passed. Raises: Refused, KeyRefused."""
        draft = drafts.opened(self.keys, row)
        since = row.starts_at or row.approved_at
        if draft is None or since is None:
            raise KeyRefused("An approved alert has no draft.")
        if now >= since + timedelta(minutes=row.lasts_minutes):
            return None
        alert, findings = service.assembled(session, row, draft, now)
        cap.refuse(findings)
        return alert

    def _signed(self, document: bytes, now: datetime) -> tuple[bytes, str | None]:
        """Sign it; the second is the certificate's fingerprint. What cannot be signed leaves as it is, without one.

        The key is read anew each time, so that a rotation needs no restart.
        """
        try:
            pair = cap_keys.usable(self.folder, now)
            return (cap.sign(document, pair.key, pair.certificate), pair.id) if pair else (document, None)
        except KeyRefused as error:
            log().error("an alert leaves unsigned: its key is damaged or has ended", code=error.code)
        except Exception as error:  # noqa: BLE001 - a warning is not held back for a signature, whatever is wrong with it
            log().error("an alert leaves unsigned: it could not be signed", error=error)
        return document, None


def _is_due(row: Alert, now: datetime) -> bool:
    return row.state == APPROVED and (row.starts_at is None or row.starts_at <= now)


def _issued(session: Session, row: Alert) -> frozenset[str]:
    """Name what was issued of an incident: while that stays, references stay right."""
    query = select(Alert.id).where(Alert.incident == row.incident, Alert.state == ISSUED)
    return frozenset(session.scalars(query))


def _refuse(session: Session, row: Alert, code: str, now: datetime, element: str | None) -> bool:
    row.state, row.reason = REFUSED, code
    told = {"element": element} if element else {}
    service.tell(session, row, "alert.refused", ACTOR, now, code=code, **told)
    return False


def _address(session: Session, row: Alert, alert: cap.Alert, now: datetime) -> None:
    """Promise it to each place that wants it, in the transaction that issues it; a private one to its addresses.

    What picks files up from the folder was not asked which statuses it wants: a draft, for nobody to act on, is none.
    """
    ways: list[tuple[str, str | None]] = []
    is_for_folder = alert.scope is not cap.Scope.PRIVATE and alert.status is not cap.Status.DRAFT
    if is_for_folder and service.rules_of(session, row.district_id).folder:
        ways.append(("folder", None))
    ways += [(one.way, one.id) for one in service.addressed(session, row.district_id, alert) if _wants(one, row)]
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
