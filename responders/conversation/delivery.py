"""How a text fared, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.core.records import Send

_STATUS = {
    "queued": "Waiting to be sent",
    "sent": "Sent",
    "delivered": "Delivered",
    "undelivered": "Not delivered",
    "failed": "Not sent",
}
_CODE = {
    "21610": "this person asked for no more texts",
    "21211": "not a number that can be texted",
    "21614": "not a mobile number",
    "30003": "the phone is off or out of reach",
    "30004": "the phone does not take our texts",
    "30005": "there is no such number any more",
    "30006": "a landline, or a phone company that cannot be reached",
    "30007": "the phone company took it for spam",
    "30008": "the phone company does not say why",
    "429": "the phone company is busy",
    "20429": "the phone company is busy",
    "timeout": "the phone company did not answer",
    "internal": "a fault of ours, it is in the log",
    "withdrawn": "it was no longer needed",
}
"""Source: https://www.twilio.com/docs/api/errors"""


@dataclass(frozen=True)
class Delivery:
    """A reply's `status` (its code, for style) and the same in words; `failed` when somebody must do something.

    `send_id` names the text that carries it; on the web none does. `read_hour` is the beginning of the hour in which it
    was read there.
    """

    send_id: str | None
    status: str
    text: str
    failed: bool
    read_hour: datetime | None = None


def left(read_hour: datetime | None) -> Delivery:
    """Say whether a reply on the web has been read, as far as that may be told (`copies.read_hours`)."""
    if read_hour is None:
        return Delivery(None, "queued", "Waits for the reporter to come back", failed=False)
    return Delivery(None, "delivered", "Read, in the hour from", failed=False, read_hour=read_hour)


def describe(send: Send) -> Delivery:
    """Say how a text fared, and why where it did not go through."""
    failed = send.status in {"undelivered", "failed"}
    text = "Trying again" if send.status == "queued" and send.error_code else _STATUS.get(send.status, send.status)
    if send.error_code:
        text += f": {_CODE.get(send.error_code, 'the phone company refused it')} ({send.error_code})"
    return Delivery(send.id, send.status, text, failed)
