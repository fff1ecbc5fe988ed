"""What the event log knows of backups: each one that was finished is an event, so every process can know of it.

Until a backup holds a text, the carrier keeps its copy: whatever a lost disk takes comes back from the carrier's list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
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
_LACKS_NOTHING = func.coalesce(Event.data["missing"].as_integer(), 0) == 0
_WITH_FILES = Event.data["files"].as_integer().is_not(None)


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


def note_restored(session: Session, as_of: datetime, missing: int, now: datetime) -> None:
    """Note that this database was restored from a backup, in which so many files were missing."""
    emit(session, _RESTORED, subject=SUBJECT, actor=_ACTOR, at=now, district_id=None, as_of=iso(as_of), missing=missing)


def last(session: Session, *, with_files: bool = False) -> Backup | None:
    """Find the newest backup that was finished, or the newest of those that were not made without files."""
    data = _newest(session, [_MADE], *([_WITH_FILES] if with_files else ()))
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
    """Tell up to when what was dealt with is in a backup, or has waited long enough; nothing without backups.

    A backup in which files were missing does not count: the carrier may have the only copy of them.
    """
    kinds = [_MADE, _RESTORED]  # The backup that was restored knew not of itself.
    if _newest(session, kinds) is None:
        return None
    data, longest = _newest(session, kinds, _LACKS_NOTHING), now - LONGEST
    return max(datetime.fromisoformat(data["as_of"]) - _MARGIN, longest) if data else longest


def _newest(session: Session, kinds: list[str], *where: ColumnElement[bool]) -> dict[str, Any] | None:
    types = [TYPE_PREFIX + kind for kind in kinds]
    query = select(Event.data).where(Event.subject == SUBJECT, Event.type.in_(types), *where)
    return session.scalar(query.order_by(Event.seq.desc()).limit(1))
