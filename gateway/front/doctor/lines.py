"""Our numbers: do texts come here, a second time if need be, and did one of our own arrive?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.core.records import Line, LineProof
from gateway.front.doctor.finding import Finding, Level

if TYPE_CHECKING:  # The demo reads the constants below, and has no need of the whole client.
    from channels.twilio_client import AccountState

OVERRIDES = "#rc=3&rp=all"
"""Three more tries, whatever went wrong. Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""
FALLBACK = "?fallback=1" + OVERRIDES
_UNREAD = timedelta(minutes=10)


def webhook(what: str, number: str, state: AccountState, ours: str) -> Finding:
    """Look whether the carrier brings a number's texts to `ours`, tries again, and knows a second way."""
    return Finding(f"{what}, line {number}", *_webhook(number, state, ours))


def arrivals(session: Session, now: datetime) -> Iterator[Finding]:
    """Look how far the carrier's list of each line has been read, and whether a text of our own came in."""
    for line in session.scalars(select(Line).order_by(Line.number)):
        yield Finding(f"line {line.number}, carrier's list", *_listing(line, now))
        if line.purpose == "reports" and line.proof_every_minutes:
            yield Finding(f"line {line.number}, own text", *_proof(session, line, now))


def _webhook(number: str, state: AccountState, ours: str) -> tuple[Level, str]:
    theirs = state.webhooks.get(number)
    if theirs is None:
        return "fault", "The account does not own this number. Buy it, or take it out of our lines."
    if theirs.split("#", 1)[0] != ours:
        return "fault", f"Its texts go elsewhere. Set the number's messaging webhook to POST {ours}{OVERRIDES}"
    missing = []
    if not _is_retried(theirs):
        missing.append(f"A text that fails to arrive is not retried. Set the webhook to {ours}{OVERRIDES}")
    if not state.fallbacks.get(number):
        missing.append(f"There is no second way in. Set the number's fallback URL to POST {ours}{FALLBACK}")
    if missing:
        return "warning", " ".join(missing)
    return "ok", "Its texts come here, are retried, and have a second way in."


def _is_retried(url: str) -> bool:
    given = parse_qs(urlsplit(url).fragment)
    tries, policy = given.get("rc", ["0"])[0], set(",".join(given.get("rp", ["ct"])).split(","))
    return tries in set("12345") and ("all" in policy or {"4xx", "5xx", "ct", "rt"} <= policy)


def _listing(line: Line, now: datetime) -> tuple[Level, str]:
    process = "courier" if line.purpose == "reports" else "worker"
    if line.listed_until is None:
        return (
            "warning",
            f"It was never read, so a text that the webhook misses would be lost. Is the {process} running?",
        )
    if now - line.listed_until > _UNREAD:
        minutes = int((now - line.listed_until) / timedelta(minutes=1))
        return "warning", f"It was last read {minutes} minutes ago. Is the {process} running, and the carrier there?"
    return "ok", "Read in the last minutes."


def _proof(session: Session, line: Line, now: datetime) -> tuple[Level, str]:
    """Judge by the newest text of our own of which we know how it went."""
    settled = or_(LineProof.proved_at.is_not(None), LineProof.silent_at.is_not(None))
    query = select(LineProof).where(LineProof.line_id == line.id, settled).order_by(LineProof.asked_at.desc())
    last = session.scalar(query.limit(1))
    if last is None:
        return "warning", "None has come in yet. One is sent when the worker runs; ask again in ten minutes."
    if last.proved_at is None:
        return "fault", "It did not come in by the webhook. Can people text this number? Try it with your own phone."
    if now - last.asked_at > timedelta(minutes=2 * line.proof_every_minutes):
        return "warning", "The last one came in long ago. Is the worker running?"
    return "ok", "It came in."
