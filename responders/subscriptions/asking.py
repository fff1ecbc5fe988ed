"""The handshake: a receiver is asked whether it wants our events, and is sent none before it agrees.

It agrees by headers of its answer, never by a status; or later, by calling the address that it was given with the
question. Source: CloudEvents HTTP Webhook 1.0.2 §4.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.events import emit
from gateway.core.http import Answer, Guarded, Unreached
from gateway.core.records import Event
from gateway.core.times import Clock
from responders.subscriptions.records import ACTIVE, PENDING, WAITING, Subscription
from responders.subscriptions.verdicts import Jitter, pause

WORKER = "process:worker"
ASKED_RATE = 18_000
"""Requests a minute that we ask leave for; a receiver answers with what it can bear."""
_MOST = 1_000_000
_TRIES = 8
"""After so many tries without any answer it is asked no more until a person says so."""


@dataclass(frozen=True)
class Asker:
    """Asks receivers. `url` is the console's public address, whose host is our name."""

    database: Database
    client: Guarded
    url: str
    clock: Clock
    jitter: Jitter

    @property
    def origin(self) -> str:
        """How we name ourselves to receivers: a DNS name."""
        return urlsplit(self.url).hostname or "localhost"

    def ask_all(self) -> int:
        """Ask every receiver who is to be asked now; answers how many agreed."""
        now = self.clock()
        due = Subscription.state == PENDING, Subscription.paused_until.is_(None) | (Subscription.paused_until <= now)
        with self.database.read() as session:
            found = list(session.scalars(select(Subscription.id).where(*due)))
        return sum(self._ask(one) for one in found)

    def _ask(self, subscription_id: str) -> bool:
        key = secrets.token_urlsafe(32)
        with self.database.write() as session:
            row = session.get(Subscription, subscription_id, with_for_update=True)
            if row is None or row.state != PENDING:
                return False
            # It may call back before we have its answer.
            row.consent_hash, sink = _hash(key), row.sink
            row.paused_until = self.clock() + timedelta(minutes=1)
        headers = {
            "WebHook-Request-Origin": self.origin,
            "WebHook-Request-Rate": str(ASKED_RATE),
            "WebHook-Request-Callback": f"{self.url}/subscriptions/{subscription_id}/consent?key={key}",
        }
        try:
            answer: Answer | None = self.client.ask("OPTIONS", sink, headers)
            code = ""
        except (Unreached, BadInput) as error:
            answer, code = None, error.code
        with self.database.write() as session:
            row = session.get_one(Subscription, subscription_id, with_for_update=True)
            # Asked again meanwhile, or of another address: this answer is to a question that is nobody's any more.
            is_current = row.state == PENDING and row.sink == sink and row.consent_hash == _hash(key)
            return is_current and self._note(session, row, answer, code)

    def _note(self, session: Session, row: Subscription, answer: Answer | None, code: str) -> bool:
        now = self.clock()
        if answer is None:
            row.failures += 1
            row.code, row.paused_until = code, now + pause(row.failures, self.jitter)
            if row.failures < _TRIES and code != BadInput.code:
                return False
            return refuse(session, row, code, now)
        try:
            rate = agreed(answer, self.origin)
        except BadInput as error:
            return refuse(session, row, error.public, now)
        agree(session, row, rate, WORKER, now)
        return True


def agreed(answer: Answer, origin: str) -> int | None:
    """Read consent off an answer: how many requests a minute, nothing for no limit. Raises: BadInput with a code."""
    allowed = answer.headers.get("webhook-allowed-origin", "").strip().lower()
    if not allowed:
        raise BadInput("no_consent")
    if allowed not in {"*", origin.lower()}:
        raise BadInput("other_origin")
    given = answer.headers.get("webhook-allowed-rate", "").strip()
    try:
        return rate_of(given)
    except BadInput:
        raise BadInput("no_rate") from None


def rate_of(given: str) -> int | None:
    """Read a rate: requests a minute, or `*` for no limit. Raises: BadInput."""
    if given == "*":
        return None
    if not (given.isascii() and given.isdigit()) or int(given[:9]) < 1:
        raise BadInput("A rate is a number of requests a minute, or *.")
    return min(int(given[:9]), _MOST)


def agree(session: Session, row: Subscription, rate: int | None, actor: str, now: datetime) -> None:
    """Note that a receiver agrees: it is sent what happens from its first consent on, whatever came between."""
    if row.agreed_at is None:
        row.after_seq = session.scalar(select(func.max(Event.seq))) or 0
    row.state, row.code, row.agreed_at, row.rate_per_minute = ACTIVE, None, now, rate
    row.failures, row.paused_until, row.consent_hash = 0, None, None
    data = {} if rate is None else {"rate": rate}
    emit(session, "subscription.consented", subject=f"subscription/{row.id}", actor=actor, at=now,
         district_id=row.district_id, **data)  # fmt: skip


def refuse(session: Session, row: Subscription, code: str, now: datetime) -> bool:
    """Note that a receiver did not agree; it may still call back. Answers false."""
    row.state, row.code, row.paused_until, row.failures = WAITING, code, None, 0
    emit(session, "subscription.refused", subject=f"subscription/{row.id}", actor=WORKER, at=now,
         district_id=row.district_id, code=code)  # fmt: skip
    return False


def agree_later(session: Session, subscription_id: str, key: str, rate: str, now: datetime) -> None:
    """Take consent that a receiver gives by calling back. Raises: NotFound for another key, or none that is awaited."""
    row = session.get(Subscription, subscription_id, with_for_update=True)
    if row is None or row.consent_hash is None or row.state not in {PENDING, WAITING}:
        raise NotFound
    if not hmac.compare_digest(row.consent_hash, _hash(key)):
        raise NotFound
    agree(session, row, rate_of(rate) if rate else ASKED_RATE, "process:console", now)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
