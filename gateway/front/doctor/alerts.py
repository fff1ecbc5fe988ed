"""Alerts: would one leave signed, does it reach every place that it should, does somebody approve in vain?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.core import cap_keys
from gateway.core.settings import Settings
from gateway.front.doctor.finding import Finding
from responders.escalation.records import APPROVED, REFUSED, Alert, AlertDelivery, AlertTarget

_SOON, _LATE = timedelta(days=30), timedelta(minutes=2)
_LATELY = timedelta(days=7)
_MEANT = ("cancelled", "removed", "superseded")
"""Why a delivery was given up when somebody wanted it so."""


def signing(root: Path, now: datetime) -> Finding:
    """Look whether alerts are signed, and how long receivers will take the certificate."""
    what = "signing of alerts"
    found = cap_keys.current(root / cap_keys.HOLDER)
    if found is None:
        words = "There is no key: alerts leave unsigned. Run `tipline alerts key --name NAME` if you send any."
        return Finding(what, "warning", words)
    until = found.not_valid_after_utc
    if until <= now:
        words = (
            f"Its certificate ended on {until:%Y-%m-%d}: alerts leave unsigned, or with the prepared one. Run `tipline "
            "keys rotate cap`, then `--finish`."
        )
        return Finding(what, "fault", words)
    if until - now < _SOON:
        return Finding(what, "warning", f"Its certificate ends on {until:%Y-%m-%d}. Run `tipline keys rotate cap`.")
    return Finding(what, "ok", f"The certificate holds until {until:%Y-%m-%d}.")


def sending(session: Session, worker: Settings | None, now: datetime) -> Iterator[Finding]:
    """Look for alerts that should be out and are not, and for places that no way leads to."""
    approved = Alert.state == APPROVED, func.coalesce(Alert.starts_at, Alert.approved_at) < now - _LATE
    waiting = session.scalar(select(func.count()).where(*approved)) or 0
    stuck = select(func.count()).where(AlertDelivery.state == "queued", AlertDelivery.created_at < now - _LATE)
    undelivered = session.scalar(stuck) or 0
    if waiting:
        yield Finding("alerts", "fault", f"{waiting} approved alerts have not gone out. Is the worker running?")
    elif undelivered:
        words = f"{undelivered} deliveries have not arrived yet; each alert's page says where and why."
        yield Finding("alerts", "warning", words)
    elif words := _failed(session, now):
        yield Finding("alerts", "warning", words)
    else:
        yield Finding("alerts", "ok", "Every approved alert is out and has arrived.")
    mailed = select(AlertTarget.id).where(AlertTarget.way == "mail", AlertTarget.removed_at.is_(None)).limit(1)
    if session.scalar(mailed) and worker is not None and not (worker.smtp_url and worker.mail_from):
        words = "Alerts are to be mailed, and the worker has no relay: set TIPLINE_SMTP_URL and TIPLINE_MAIL_FROM."
        yield Finding("mailing of alerts", "fault", words)


def _failed(session: Session, now: datetime) -> str:
    """Say what went wrong for good in the last days; nothing when all went well."""
    given_up = AlertDelivery.state == "failed", AlertDelivery.ended_at > now - _LATELY
    failed = session.scalar(select(func.count()).where(*given_up, AlertDelivery.code.not_in(_MEANT))) or 0
    late = func.coalesce(Alert.starts_at, Alert.approved_at) > now - _LATELY
    refused = session.scalar(select(func.count()).where(Alert.state == REFUSED, late)) or 0
    if not failed and not refused:
        return ""
    return (
        f"In the last {_LATELY.days} days {failed} deliveries were given up and {refused} approved alerts did not go "
        "out; each alert's page says where and why."
    )
