"""Looking: what came in is read and judged before anything is written down about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.logs import log
from gateway.core.records import Message
from gateway.core.times import Clock
from responders import judging
from responders.floods import windows
from responders.floods.windows import Minute, Sighting, Windows
from responders.judging import Judge, Judged
from responders.paging import service as paging
from responders.tuning.packs import Packs
from responders.waiting import CODE_WITHOUT_COURIER, from_whom_unknown

LONGEST = timedelta(seconds=0.25)
"""How long messages are read and judged together before what is known of them is written down, and people are paged."""


@dataclass(frozen=True)
class Looked:
    """A message that has been read: its words, what the engine says of it, and whether it is part of a flood."""

    message: Message
    words: str | None
    judged: Judged
    seen: Sighting


def unseen(message: Message) -> Looked:
    """Take a message that cannot be looked at for one that a person must look at."""
    return Looked(message, None, judging.undecided("engine_error"), Sighting())


@dataclass(frozen=True)
class Look:
    """Reads with the worker's key, and judges."""

    judge: Judge
    windows: Windows
    clock: Clock
    packs: Packs

    def at_some(self, session: Session, ids: Sequence[str]) -> list[Looked]:
        """Look at those of some messages that may be taken up together, until it has taken long enough.

        Only one of each thread, since the next is judged by what it said; and none whose district or sender is unknown.
        Those of one district stand together, the districts always in the same order.
        """
        found = {message.id: message for message in session.scalars(select(Message).where(Message.id.in_(ids)))}
        alike: dict[str, Message] = {}
        for message in (found[one] for one in ids if one in found):
            if message.thread_id is not None and message.district_id is not None:
                alike.setdefault(message.thread_id, message)
        looked, since = [], self.clock()
        for one in self._looks(session, list(alike.values())):
            looked.append(one)
            if one.judged.slow or abs(self.clock() - since) >= LONGEST:
                break
        return sorted(looked, key=lambda one: one.message.district_id or "")

    def at_one(self, session: Session, message: Message) -> Looked | None:
        """Look at a message; None when that must wait until it is known whose it is."""
        return next(self._looks(session, [message]), None)

    def _looks(self, session: Session, messages: Sequence[Message]) -> Iterator[Looked]:
        """Look at one after the other, leaving out what must wait."""
        before, beside = judging.before(session, messages), Counter[Minute]()
        packs = self.packs.of(session, [message.district_id for message in messages])
        _kept = windows.at_hand(session, messages)  # A session forgets what nobody holds.
        for message in messages:
            words = self.judge.opened(message)
            if words is not None and from_whom_unknown(message) and paging.is_only_code(words):
                if abs(message.at - self.clock()) < CODE_WITHOUT_COURIER:
                    continue
                judged = judging.undecided("lone_code")
            else:
                judged = self.judge.in_thread(message, words, before[message.id], packs.get(message.district_id))
            seen = self._seen(session, message, words, beside)
            beside.update(seen.counted)
            yield Looked(message, words, judged, seen)

    def note(self, taken: Iterable[Looked]) -> None:
        """Count what has been taken up."""
        for one in taken:
            self.windows.note(one.message, one.words, one.seen)

    def _seen(self, session: Session, message: Message, words: str | None, beside: Counter[Minute]) -> Sighting:
        """Look whether a message is part of a flood; should that fail, it is none."""
        try:
            return self.windows.look(session, message, words, beside)
        except Exception as error:  # noqa: BLE001 - a limit must never keep a tip from people
            log().error("a flood could not be looked for; the message is taken", message=message.id, error=error)
            return Sighting()
