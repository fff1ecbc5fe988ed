"""Copies: what is said on a web thread, sealed a second time to its receipt's key, so that its reporter can read it.

No private half of such a key is ever ours: it is derived from a receipt while one is presented. So no rotation re-seals
copies and no lost key of ours takes them along; retention deletes them with their messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.receipts import Receipt
from gateway.core.records import Copy, new_id
from gateway.core.seal import seal, unseal

HOUR = timedelta(hours=1)


def row(public: bytes, words: str, *, thread_id: str, message_id: str, direction: str, at: datetime) -> dict[str, Any]:
    """Seal words to a receipt's public half (32 bytes) into the row that is stored of them."""
    copy = Copy(id=new_id())
    content = words.encode("utf-8", "surrogatepass")
    return {
        "id": copy.id,
        "thread_id": thread_id,
        "message_id": message_id,
        "direction": direction,
        "at": at,
        "words_sealed": seal(X25519PublicKey.from_public_bytes(public), content, copy.bound("words")),
        "read_hour": None,
    }


def opened(receipt: Receipt, copy: Copy) -> str:
    """Open a copy with its receipt. Raises: KeyRefused when it is another's, or damaged."""
    return unseal(receipt.private_key, copy.words_sealed, copy.bound("words")).decode("utf-8", "surrogatepass")


def read_hours(session: Session, message_ids: Iterable[str], now: datetime) -> dict[str, datetime | None]:
    """Tell of messages that have a copy in which hour their reporter first read them, once that hour is over.

    Who sees at once that a question is read can send one, and look who in the room takes out a phone.
    """
    query = select(Copy.message_id, Copy.read_hour).where(Copy.message_id.in_(list(message_ids)))
    return {one: hour if hour and hour + HOUR <= now else None for one, hour in session.execute(query)}
