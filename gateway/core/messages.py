"""The contract of channels: what comes in, what goes out, and how a provider says no.

A channel parses its provider's form into an `Inbound` and sends an `Outbound`; the rest of the house knows no provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from gateway.core.errors import TiplineError

Status = Literal["queued", "sent", "delivered", "undelivered", "failed"]
_RANK: dict[str, int] = {"queued": 0, "sent": 1, "delivered": 2, "undelivered": 2, "failed": 2}

OPTED_OUT = "21610"
"""The recipient has told the carrier STOP. Source: https://www.twilio.com/docs/api/errors/21610"""


@dataclass(frozen=True)
class Inbound:
    """A message as it came in, before anything is sealed. Never logged, never stored as it is.

    `sender` and `recipient` are raw as the provider gave them; `provider_sid` makes repeats recognisable;
    `media` is a tuple of (content type, provider URL); `keyword` is the carrier keyword that the whole text is
    (`stop`, `start`, `help`), if it is one.
    """

    channel: str
    provider_sid: str
    sender: str = field(repr=False)
    recipient: str
    text: str = field(repr=False)
    received_at: datetime
    media: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    keyword: str | None = None


@dataclass(frozen=True)
class Outbound:
    """A message ready to leave: addresses in E.164. `reference` comes back with the status callback."""

    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    reference: str


class SendError(TiplineError):
    """A message that the provider did not take; `code` is the provider's (e.g. `21610`) or ours (`timeout`)."""

    public = "The message could not be sent."

    def __init__(self, code: str, *, retryable: bool, retry_after_seconds: float | None = None) -> None:
        super().__init__()
        self.code = code
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class Sender(Protocol):
    """What sends: a channel bound to one account of a provider."""

    def send(self, message: Outbound) -> str:
        """Hand a message to the provider; the answer is the provider's id of it. Raises: SendError."""


def moves_forward(old: str, new: str) -> bool:
    """Tell whether a status may follow another: callbacks come out of order, and a final state stays."""
    return _RANK[new] > _RANK[old]
