"""What the carrier keeps of a message, and how it is counted and numbered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FINAL = frozenset({"delivered", "undelivered", "failed", "received", "canceled"})

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Message:
    """One message at the carrier. `sender` and `recipient` are E.164 or a short code; times are UTC-aware."""

    sid: str
    account_sid: str
    sender: str
    recipient: str
    body: str
    direction: str
    status: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None
    num_media: int = 0
    num_segments: int = 1
    service_sid: str | None = None
    status_callback: str | None = None
    seq: int = 0


@dataclass(frozen=True)
class Bubble:
    """One message as a phone shows it. It outlives the carrier's record: deleting there does not reach a handset."""

    sid: str
    phone: str
    line: str
    direction: str
    body: str
    at: datetime
    status: str
    files: int = 0


def count_segments(body: str) -> int:
    """Count the SMS segments of a body: GSM-7 in 160 or 153, else UCS-2 in 70 or 67 code units.

    Source: https://www.twilio.com/docs/glossary/what-sms-character-limit
    """
    if all(char in GSM_BASIC or char in GSM_EXTENDED for char in body):
        units, single, multi = len(body) + sum(char in GSM_EXTENDED for char in body), 160, 153
    else:
        units, single, multi = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // multi)


def make_clean(text: str) -> str:
    """Replace lone surrogates, which no carrier can send and no UTF-8 can hold, by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
