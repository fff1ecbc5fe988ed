"""How much came in of late, by conversation and line or school, and what was said before in the same words.

All of it is in the worker's memory, bounded, and gone with the process: nothing that says which words are alike, or how
busy anybody was, is written down by it. Forgetting lets a few more texts through, so nothing is ever lost by it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import filing
from gateway.core.records import District, Line, Message, Thread

REPEATED_WITHIN = timedelta(minutes=10)
"""The same words of one conversation again within so long are one text, told so many times."""
_BUCKETS, _TEXTS = 50_000, 20_000
Minute = tuple[str, int]
"""Whose count it is, and of which minute."""
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class Sighting:
    """What is known of a message beside its words.

    `over` is the limit that it is over (see `Message.flooded`), `repeats` the message whose words it says again;
    `counted` are the counts that it adds to.
    """

    over: str | None = None
    repeats: str | None = None
    counted: tuple[Minute, ...] = ()


@dataclass(frozen=True)
class Limit:
    """So many messages of one `owner` in a minute, 0 for any number; `name` is what one more of them is over."""

    name: str
    owner: str
    per_minute: int


@dataclass
class Windows:
    """Counts by the minute in which a text was handed over, so neither the order nor the worker's clock matters."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _counts: _Bounded[Minute, int] = field(default_factory=lambda: _Bounded(_BUCKETS))
    _texts: _Bounded[bytes, tuple[str, datetime]] = field(default_factory=lambda: _Bounded(_TEXTS))

    def look(
        self, session: Session, message: Message, words: str | None, beside: Mapping[Minute, int] | None = None
    ) -> Sighting:
        """Tell what is known of a message; it counts only once it is `note`d.

        `beside` counts those that are looked at together with it, and will be noted with it.
        """
        limits = {_minute(limit.owner, message.at): limit for limit in _limits(session, message)}
        over = self._over(limits, beside or {}) if message.thread_id else None
        return Sighting(over, self._repeats(message, words), tuple(limits))

    def note(self, message: Message, words: str | None, seen: Sighting) -> None:
        """Count a message that has been taken as it was `seen`, and remember its words, keyed."""
        for minute in seen.counted:
            self._counts.put(minute, (self._counts.get(minute) or 0) + 1)
        mark = self._mark(message, words)
        if mark and self._repeats(message, words) is None:
            self._texts.put(mark, (message.id, message.at))

    def _over(self, limits: Mapping[Minute, Limit], beside: Mapping[Minute, int]) -> str | None:
        """Name the first limit that has been reached in its minute."""
        for minute, limit in limits.items():
            if 0 < limit.per_minute <= (self._counts.get(minute) or 0) + beside.get(minute, 0):
                return limit.name
        return None

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


def at_hand(session: Session, messages: Sequence[Message]) -> Sequence[object]:
    """Read what `look` asks for about some messages, in whole statements; the session has it while it is held."""
    lines = {one.line_id for one in messages if one.line_id}
    web = [one for one in messages if one.channel == filing.CHANNEL]
    threads, districts = {one.thread_id for one in web}, {one.district_id for one in web}
    queries = (
        (lines, select(Line).where(Line.id.in_(lines))),
        (threads, select(Thread).where(Thread.id.in_(threads))),
        (districts, select(District).where(District.id.in_(districts))),
    )
    return [row for wanted, query in queries if wanted for row in session.scalars(query)]


def _limits(session: Session, message: Message) -> list[Limit]:
    """Name the limits of a message, the narrowest first: of a text its line's, on the web its district's."""
    if message.channel == filing.CHANNEL and message.thread_id:
        return _limits_on_web(session, message, session.get_one(Thread, message.thread_id))
    line = session.get(Line, message.line_id) if message.line_id else None
    if line is None:
        return []
    of_thread = [Limit("thread", message.thread_id, line.thread_texts_per_minute)] if message.thread_id else []
    return [*of_thread, Limit("line", line.id, line.texts_per_minute)]


def _limits_on_web(session: Session, message: Message, thread: Thread) -> list[Limit]:
    """Here a script opens as many conversations as it likes: those without proof of work count as one together."""
    district = session.get_one(District, thread.district_id)
    school, few = thread.school_id or district.id, district.thread_reports_per_minute
    of_unproven = [Limit("proof", f"unproven {school}", few)] if message.unproven else []
    return [Limit("thread", thread.id, few), *of_unproven, Limit("school", school, district.reports_per_minute)]


def _minute(owner: str, at: datetime) -> Minute:
    return owner, int(at.timestamp()) // 60
