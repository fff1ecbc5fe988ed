"""The carrier's files of messages: listed, fetched by a redirect, deleted.

Source: https://www.twilio.com/docs/messaging/api/media-resource
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Media:
    """One file of a message."""

    sid: str
    message_sid: str
    account_sid: str
    content_type: str
    content: bytes
    created_at: datetime
