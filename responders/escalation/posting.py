"""HTTP POST: the document as it was issued, signed as Standard Webhooks have it, to a server that the operator named.

The alert carries a signature of its own; this one tells a receiver, before it parses anything, that it is ours and new.
The guarded client refuses what is not public, follows no redirect and reads little of what is answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from exports import cap
from gateway.core import signing
from gateway.core.database import Database
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.http import Answer, Guarded, Unreached
from gateway.core.keys import KeySet
from gateway.core.messages import SendError
from gateway.core.times import Clock
from responders.escalation.delivering import Item
from responders.escalation.records import AlertTarget

_FINAL = frozenset({410, 415})
"""What another try would not mend: it wants none of it, or nothing of this kind. All else, a 400 too, may be a fault of
the receiver's own, which it mends while the alert still holds."""


@dataclass(frozen=True)
class Posting:
    """The worker's way by HTTP; it alone opens the secrets that receivers share."""

    database: Database
    client: Guarded
    keys: KeySet = field(repr=False)
    clock: Clock

    def send(self, item: Item) -> str:
        """Post an alert; the receipt is the status. Raises: SendError."""
        signed = signing.headers([self._secret(item)], item.identifier, self.clock(), item.document)
        headers = {"Content-Type": cap.CONTENT_TYPE, **signed}
        try:
            answer = self.client.ask("POST", item.address, headers, item.document)
        except (Unreached, BadInput) as error:
            raise SendError(error.code, retryable=True) from None
        return _judge(answer)

    def _secret(self, item: Item) -> str:
        with self.database.read() as session:
            sealed = session.scalar(select(AlertTarget.secret_sealed).where(AlertTarget.id == item.target_id))
        if sealed is None:
            raise SendError("no_secret", retryable=False)
        try:
            return self.keys.open(sealed, AlertTarget.bound_by(item.target_id, "secret"))
        except KeyRefused:
            raise SendError("no_secret", retryable=True) from None


def _judge(answer: Answer) -> str:
    """Take 2xx for a receipt, unless a page for people came with it: then something else answered in its place."""
    if 200 <= answer.status < 300:
        if answer.headers.get("content-type", "").startswith("text/html"):
            raise SendError("page", retryable=True)
        return str(answer.status)
    raise SendError(str(answer.status), retryable=answer.status not in _FINAL, retry_after_seconds=_wait(answer))


def _wait(answer: Answer) -> float | None:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdecimal() and len(given) < 6 else None
