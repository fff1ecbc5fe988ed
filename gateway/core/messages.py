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
    (`stop`, `start`, `help`), if it is one. `received_at` is when the carrier handed it over, or, for a text that only
    its list brought (`recovered_at`), when the carrier itself took it in.
    """

    channel: str
    provider_sid: str
    sender: str = field(repr=False)
    recipient: str
    text: str = field(repr=False)
    received_at: datetime
    media: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    keyword: str | None = None
    recovered_at: datetime | None = None


@dataclass(frozen=True)
class Listing:
    """What a carrier still holds of the texts to one line, oldest first, and its own clock at the asking."""

    messages: tuple[Inbound, ...] = field(repr=False)
    as_of: datetime | None


@dataclass(frozen=True)
class Outbound:
    """A message ready to leave: addresses in E.164. `reference` comes back with the status callback."""

    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    reference: str


CODE_LENGTH, SID_LENGTH = 30, 64
"""So many signs of a provider's error code, and of its id of a message, are kept."""


class SendError(TiplineError):
    """A message that the provider did not take, or a question it did not answer.

    `code` is the provider's (e.g. `21610`) or ours (`timeout`), cut to what a row keeps of it.
    """

    public = "The message could not be sent."

    def __init__(self, code: str, *, retryable: bool, retry_after_seconds: float | None = None) -> None:
        super().__init__()
        self.code = code[:CODE_LENGTH]
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class Sender(Protocol):
    """What sends: a channel bound to one account of a provider."""

    def send(self, message: Outbound) -> str:
        """Hand a message to the provider; the answer is the provider's id of it. Raises: SendError."""


class Mailbox(Protocol):
    """What a provider keeps of our messages: a channel bound to one account."""

    def inbound_since(self, line: str, moment: datetime) -> Listing:
        """List all texts to a line (E.164) that the carrier took in from `moment` on. Raises: SendError."""

    def fate(self, sid: str) -> tuple[Status, str | None] | None:
        """Tell how a text of ours fared, and its error code; None while nothing is known. Raises: SendError."""

    def delete(self, sid: str) -> None:
        """Delete a message, number and words, at the carrier; one that is gone already is well. Raises: SendError."""


def moves_forward(old: str, new: str) -> bool:
    """Tell whether a status may follow another: callbacks come out of order, and a final state stays."""
    return _RANK[new] > _RANK[old]
