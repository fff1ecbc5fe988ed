"""The conversations of a case, ready to be shown: one a reporter, never mixed, words opened, deliveries told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation, copies
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.records import District, Message, Send, Thread
from responders.cases import masks
from responders.cases import service as cases
from responders.cases.highlight import Piece, pieces
from responders.cases.masks import Lifted, Mask
from responders.cases.people import People
from responders.cases.records import Case
from responders.cases.words import categories
from responders.conversation import attachments
from responders.conversation.attachments import Attached
from responders.conversation.delivery import Delivery, describe, left
from responders.floods import service as floods

UNREADABLE = "These words cannot be opened here: their key is gone or kept elsewhere."
_KEYWORD = {
    "stop": "This word tells the phone company: no more texts.",
    "start": "This word tells the phone company: texts are welcome again.",
    "help": "The phone company answers this word by itself. It may also be a call for help.",
}

By = Literal["reporter", "system", "house"]
"""Who said something: somebody who stays unknown, another system, or one of ours."""


@dataclass(frozen=True)
class Said:
    """One message: its words cut into pieces (marked where the engine saw a sign), who said it, how it fared."""

    id: str
    at: datetime
    incoming: bool
    kind: str
    who: str
    by: By
    pieces: list[Piece] = field(repr=False)
    masks: tuple[Mask, ...]
    readable: bool
    media_count: int
    attached: list[Attached]
    remark: str | None
    delivery: Delivery | None
    repeats: tuple[str, ...] = ()
    """The messages that said the same again; they are told by their number alone."""
    last_at: datetime | None = None
    """When the last of them came in."""


@dataclass(frozen=True)
class Talk:
    """What was said in one thread; without a thread, what no conversation has taken up (yet)."""

    thread: Thread | None
    said: list[Said]
    held: int = 0
    """Texts of it that are held aside in a flood."""

    @property
    def opted_out(self) -> bool:
        """Whether this person wants no more texts from us."""
        return self.thread is not None and self.thread.opted_out_at is not None

    @property
    def on_web(self) -> bool:
        """Whether this person reads us only on coming back with a receipt."""
        return self.thread is not None and self.thread.receipt_public is not None


@dataclass(frozen=True)
class Reader:
    """What it takes to make messages showable."""

    keys: KeySet
    people: People
    indicators: dict[str, tuple[dict[str, object], ...]] = field(repr=False)
    sends: dict[str, Send]
    left: dict[str, datetime | None]
    """What was said on the web: the hour in which each was read there."""
    lifted: Mapping[str, list[Lifted]]
    region: str
    attached: dict[str, list[Attached]]

    def said(self, message: Message, thread: Thread | None) -> Said:
        """Make one message showable."""
        words = opened(self.keys, message)
        incoming = message.direction == "in"
        own = masks.of(message, words or "", self.region, self.lifted.get(message.id, ()))
        signs = self.indicators.get(message.id, ())
        return Said(
            id=message.id,
            at=message.at,
            incoming=incoming,
            kind=message.kind,
            who=self._writer(message, thread) if incoming else self._sender(message),
            by=_by(message, thread),
            pieces=pieces(words, signs, own) if words is not None else [Piece(UNREADABLE)],
            masks=own,
            readable=words is not None,
            media_count=message.media_count,
            attached=self.attached.get(message.id, []),
            remark=_chosen(message.topic) or _KEYWORD.get(message.keyword or ""),
            delivery=self._delivery(message.id),
        )

    def _delivery(self, message_id: str) -> Delivery | None:
        if message_id in self.left:
            return left(self.left[message_id])
        send = self.sends.get(message_id)
        return describe(send) if send else None

    def _writer(self, message: Message, thread: Thread | None) -> str:
        if message.contact_id:
            return self.people.name(f"contact:{message.contact_id}")
        return thread.pseudonym if thread else "Somebody"

    def _sender(self, message: Message) -> str:
        return "Tipline, by itself" if message.kind in {"receipt", "question"} else self.people.name(message.author)


def read(
    session: Session,
    keys: KeySet,
    case: Case,
    people: People,
    opened: list[cases.OpenedAssessment],
    now: datetime,
) -> list[Talk]:
    """Read all that was said in a case, thread by thread in the order they began."""
    # Our first answer is written in the moment that the message is taken up: the message stands first all the same.
    messages = sorted(cases.messages(session, case), key=lambda m: (m.at, m.direction == "out"))
    ids = [message.id for message in messages]
    reader = Reader(
        keys=keys,
        people=people,
        indicators={one.record.message_id: one.indicators for one in opened},
        sends=_sends(session, messages),
        left=copies.read_hours(session, [message.id for message in messages if message.direction == "out"], now),
        lifted=masks.lifted(session, keys, ids),
        attached=attachments.of_messages(session, ids),
        region=session.get_one(District, case.district_id).country,
    )
    threads = cases.threads(session, case)
    held = floods.counts(session, [thread.id for thread in threads])
    talks = [
        Talk(t, _folded(reader, [m for m in messages if m.thread_id == t.id], t), held.get(t.id, 0)) for t in threads
    ]
    known = {thread.id for thread in threads}
    loose = [reader.said(m, None) for m in messages if m.thread_id not in known]
    return [*talks, *([Talk(None, loose)] if loose else [])]


def _folded(reader: Reader, messages: list[Message], thread: Thread) -> list[Said]:
    """Make a thread's messages showable, each text that came again and again only once."""
    said: dict[str, Said] = {}
    for message in messages:
        first = said.get(message.repeats_id or "")
        if first is None:
            said[message.id] = reader.said(message, thread)
        else:
            said[first.id] = replace(first, repeats=(*first.repeats, message.id), last_at=message.at)
    return list(said.values())


def opened(keys: KeySet, message: Message) -> str | None:
    """Open a message's words; nothing when this process cannot."""
    try:
        return conversation.words(keys, message)
    except KeyRefused:
        return None


def _by(message: Message, thread: Thread | None) -> By:
    if message.direction == "out" or message.contact_id:
        return "house"
    return "system" if thread and thread.source_key else "reporter"


def _chosen(topic: str | None) -> str | None:
    return f"The reporter chose: {categories([topic])}." if topic else None


def _sends(session: Session, messages: Iterable[Message]) -> dict[str, Send]:
    out = [message.id for message in messages if message.direction == "out"]
    return {send.message_id or "": send for send in session.scalars(select(Send).where(Send.message_id.in_(out)))}
