"""The last backup: is there one, and is it young enough?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from gateway.core import backups
from gateway.front.backup import keys
from gateway.front.doctor.finding import Finding, Level

OLD = timedelta(hours=26)
"""A daily one may be late; hourly ones are better, see `.github/decisions/0015-backup.md`."""


def backup(session: Session, root: Path, now: datetime) -> Finding:
    """Look when the last backup was made."""
    return Finding("backup", *_backup(session, root, now))


def _backup(session: Session, root: Path, now: datetime) -> tuple[Level, str]:
    last, full = backups.last(session), backups.last(session, with_files=True)
    if last is None:
        first = "" if (root / keys.PUBLIC).exists() else "`tipline backup key --out FILE` once, then "
        return "warning", f"There is none: a lost disk is lost tips. Run {first}`tipline backup --out FOLDER` hourly."
    age = now - last.as_of
    words = f"The last one is {_age(age)} old and has {last.size:,} bytes (SHA-256 {last.sha256[:12]})."
    if last.files is None:
        rest = f"the last with them is {_age(now - full.as_of)} old" if full else "see that something else copies them"
        words += f" It was made without the files of attachments: {rest}."
    if full and full.missing:
        return "fault", f"{words} {full.missing:,} files of attachments were missing. Is TIPLINE_MEDIA_URL right?"
    if age > OLD:
        return "warning", f"{words} Does cron run `tipline backup --out FOLDER --keep 72`?"
    return "ok", words


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
