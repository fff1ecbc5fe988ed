"""How much came in of late, by conversation and line, and what was said before in the same words.

All of it is in the worker's memory, bounded, and gone with the process: nothing that says which words are alike, or how
busy anybody was, is written down by it. Forgetting lets a few more texts through, so nothing is ever lost by it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from gateway.core.records import Line, Message

REPEATED_WITHIN = timedelta(minutes=10)
"""The same words of one conversation again within so long are one text, told so many times."""
_BUCKETS, _TEXTS = 50_000, 20_000
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class Sighting:
    """What is known of a message beside its words: which limit it is `over` (`thread`, `line`), and what it repeats."""

    over: str | None = None
    repeats: str | None = None


@dataclass
class Windows:
    """Counts by the minute in which the carrier handed a text over, so no clock of ours and no order matters."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _counts: _Bounded[tuple[str, int], int] = field(default_factory=lambda: _Bounded(_BUCKETS))
    _texts: _Bounded[bytes, tuple[str, datetime]] = field(default_factory=lambda: _Bounded(_TEXTS))

    def look(self, session: Session, message: Message, words: str | None) -> Sighting:
        """Tell what is known of a message; it counts only once it is `note`d."""
        return Sighting(self._over(session, message), self._repeats(message, words))

    def note(self, message: Message, words: str | None) -> None:
        """Count a message that has been taken, and remember its words, keyed."""
        for owner in (message.thread_id, message.line_id):
            if owner:
                place = _minute(owner, message.at)
                self._counts.put(place, (self._counts.get(place) or 0) + 1)
        mark = self._mark(message, words)
        if mark and self._repeats(message, words) is None:
            self._texts.put(mark, (message.id, message.at))

    def _over(self, session: Session, message: Message) -> str | None:
        line = session.get(Line, message.line_id) if message.line_id else None
        if line is None or message.thread_id is None:
            return None
        if 0 < line.thread_texts_per_minute <= (self._counts.get(_minute(message.thread_id, message.at)) or 0):
            return "thread"
        return "line" if 0 < line.texts_per_minute <= (self._counts.get(_minute(line.id, message.at)) or 0) else None

    def _repeats(self, message: Message, words: str | None) -> str | None:
        """Name the message that said the same a moment ago."""
        mark = self._mark(message, words)
        first = self._texts.get(mark) if mark else None
        if first is None or first[0] == message.id or abs(message.at - first[1]) > REPEATED_WITHIN:
            return None
        return first[0]

    def _mark(self, message: Message, words: str | None) -> bytes | None:
        """Key the words of a conversation; a picture is not told by its words."""
        if message.thread_id is None or message.media_count or not words or not words.strip():
            return None
        said = " ".join(words.casefold().split()).encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, message.thread_id.encode() + b"\0" + said, hashlib.sha256)


class _Bounded(Generic[K, V]):
    """A dictionary that forgets what was used longest ago."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Read a value."""
        return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        """Write a value, as the youngest."""
        self._held[key] = value
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)


def _minute(owner: str, at: datetime) -> tuple[str, int]:
    return owner, int(at.timestamp()) // 60
