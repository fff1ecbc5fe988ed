"""Tries to sign in: guessing is slowed by name, never by address, since a school shares one.

Nobody is kept out because of what strangers try at other names: above the ceiling there is an alarm, not a refusal.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gateway.core.database import take_turns
from gateway.core.errors import NotAllowed
from gateway.core.logs import log
from gateway.core.records import new_id
from responders.accounts.records import SignInAttempt

WINDOW = timedelta(minutes=15)
PAUSES = ((20, timedelta(minutes=10)), (10, timedelta(minutes=3)), (5, timedelta(seconds=30)))
"""So many wrong tries in `WINDOW` make the next one wait so long."""
CEILING, CEILING_WINDOW = 300, timedelta(minutes=5)
"""Wrong tries of all names together from which on whoever reads the log is told."""

_TOO_MANY = "Too many wrong tries. Wait a few minutes, then try again."
_KEEP = timedelta(days=1)


def begin(session: Session, key: str, now: datetime) -> str:
    """Write a try down as a wrong one before it is judged; the answer is its id. `key`: who is counted, 64 hex digits.

    Raises: NotAllowed while a pause lasts.
    """
    take_turns(session, f"attempt {key}")  # so that a hundred tries at once are not all the first
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - _KEEP))
    _refuse_too_many(session, key, now)
    attempt = SignInAttempt(id=new_id(), username=key, at=now, succeeded=False)
    session.add(attempt)
    session.flush()
    _watch_all(session, now)
    return attempt.id


def succeed(session: Session, attempt_id: str) -> None:
    """Note that a try was right: what was counted before it counts no more."""
    session.get_one(SignInAttempt, attempt_id).succeeded = True


def _refuse_too_many(session: Session, key: str, now: datetime) -> None:
    mine = select(func.count(), func.max(SignInAttempt.at)).where(
        SignInAttempt.succeeded.is_(False), SignInAttempt.username == key, SignInAttempt.at > _since(session, key, now)
    )
    count, latest = session.execute(mine).one()
    pause = next((pause for limit, pause in PAUSES if count >= limit), None)
    if pause and latest + pause > now:
        raise NotAllowed(_TOO_MANY)


def _since(session: Session, key: str, now: datetime) -> datetime:
    """Wrong tries count from the last right one on."""
    right = select(func.max(SignInAttempt.at)).where(SignInAttempt.username == key, SignInAttempt.succeeded)
    return max(session.scalar(right) or now - WINDOW, now - WINDOW)


def _watch_all(session: Session, now: datetime) -> None:
    wrong = SignInAttempt.succeeded.is_(False)
    in_all = select(func.count()).select_from(SignInAttempt).where(wrong, SignInAttempt.at > now - CEILING_WINDOW)
    if (session.scalar(in_all) or 0) > CEILING:
        log().error("very many wrong tries to sign in", code="sign_in_ceiling")
