"""What the event log knows of backups: each one that was finished is an event, so every process can know of it.

Until a backup holds a text, the carrier keeps its copy: whatever a lost disk takes comes back from the carrier's list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.events import TYPE_PREFIX, emit
from gateway.core.records import Event
from gateway.core.times import iso

SUBJECT = "backup"
_MADE, _RESTORED = "backup.made", "backup.restored"
_ACTOR = "operator"
_MARGIN = timedelta(minutes=2)
"""A row may carry a time that is a little older than its commit."""
LONGEST = timedelta(days=2)
"""Longer than that the carrier keeps nothing for the sake of a backup that does not come."""


@dataclass(frozen=True)
class Backup:
    """A finished backup: it holds all that was committed before `as_of`; `sha256` is the file's, `kid` its key's."""

    as_of: datetime
    size: int
    sha256: str
    kid: str
    files: int | None = None
    """Files of attachments that it holds; nothing when it was made without them."""
    gone: int = 0
    """Files that were cleaned or erased while it was made."""
    missing: int = 0
    """Files that rows name and the store has not."""


def note(session: Session, backup: Backup, now: datetime) -> None:
    """Note that a backup is finished."""
    emit(
        session, _MADE, subject=SUBJECT, actor=_ACTOR, at=now, district_id=None, as_of=iso(backup.as_of),
        size=backup.size, sha256=backup.sha256, key=backup.kid, files=backup.files, missing=backup.missing,
    )  # fmt: skip


def note_restored(session: Session, as_of: datetime, now: datetime) -> None:
    """Note that this database was restored from a backup."""
    emit(session, _RESTORED, subject=SUBJECT, actor=_ACTOR, at=now, district_id=None, as_of=iso(as_of))


def last(session: Session) -> Backup | None:
    """Find the newest backup that was finished."""
    query = select(Event.data).where(Event.subject == SUBJECT, Event.type == TYPE_PREFIX + _MADE)
    data = session.scalar(query.order_by(Event.seq.desc()).limit(1))
    if data is None:
        return None
    files, missing = data.get("files"), data.get("missing", 0)
    return Backup(
        datetime.fromisoformat(data["as_of"]), data["size"], data["sha256"], data["key"], files, missing=missing
    )


def restored_at(session: Session) -> datetime | None:
    """Tell when this database was last restored from a backup, if ever."""
    query = select(Event.at).where(Event.subject == SUBJECT, Event.type == TYPE_PREFIX + _RESTORED)
    return session.scalar(query.order_by(Event.seq.desc()).limit(1))


def held_until(session: Session, now: datetime) -> datetime | None:
    """Tell up to when what was dealt with is in a backup, or has waited long enough; nothing without backups."""
    kinds = [TYPE_PREFIX + kind for kind in (_MADE, _RESTORED)]  # The backup that was restored knew not of itself.
    query = select(Event.data).where(Event.subject == SUBJECT, Event.type.in_(kinds))
    data = session.scalar(query.order_by(Event.seq.desc()).limit(1))
    return max(datetime.fromisoformat(data["as_of"]) - _MARGIN, now - LONGEST) if data else None
