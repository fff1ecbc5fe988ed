"""The conversations of a case, ready to be shown: one a reporter, never mixed, words opened, deliveries told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.records import Message, Send, Thread
from responders.cases import service as cases
from responders.cases.highlight import Piece, pieces
from responders.cases.people import People
from responders.cases.records import Case
from responders.conversation import attachments
from responders.conversation.attachments import Attached
from responders.conversation.delivery import Delivery, describe

UNREADABLE = "These words cannot be opened here: their key is gone or kept elsewhere."
_KEYWORD = {
    "stop": "This word tells the phone company: no more texts.",
    "start": "This word tells the phone company: texts are welcome again.",
    "help": "The phone company answers this word by itself. It may also be a call for help.",
}


@dataclass(frozen=True)
class Said:
    """One message: its words cut into pieces (marked where the engine saw a sign), who said it, how it fared."""

    id: str
    at: datetime
    incoming: bool
    kind: str
    who: str
    pieces: list[Piece] = field(repr=False)
    readable: bool
    media_count: int
    attached: list[Attached]
    remark: str | None
    delivery: Delivery | None


@dataclass(frozen=True)
class Talk:
    """What was said in one thread; without a thread, what no conversation has taken up (yet)."""

    thread: Thread | None
    said: list[Said]

    @property
    def opted_out(self) -> bool:
        """Whether this person wants no more texts from us."""
        return self.thread is not None and self.thread.opted_out_at is not None


@dataclass(frozen=True)
class Reader:
    """What it takes to make messages showable."""

    keys: KeySet
    people: People
    indicators: dict[str, tuple[dict[str, object], ...]] = field(repr=False)
    sends: dict[str, Send]
    attached: dict[str, list[Attached]]

    def said(self, message: Message, thread: Thread | None) -> Said:
        """Make one message showable."""
        words = opened(self.keys, message)
        send = self.sends.get(message.id)
        incoming = message.direction == "in"
        return Said(
            id=message.id,
            at=message.at,
            incoming=incoming,
            kind=message.kind,
            who=self._writer(message, thread) if incoming else self._sender(message),
            pieces=pieces(words, self.indicators.get(message.id, ())) if words is not None else [Piece(UNREADABLE)],
            readable=words is not None,
            media_count=message.media_count,
            attached=self.attached.get(message.id, []),
            remark=_KEYWORD.get(message.keyword or ""),
            delivery=describe(send) if send else None,
        )

    def _writer(self, message: Message, thread: Thread | None) -> str:
        if message.contact_id:
            return self.people.name(f"contact:{message.contact_id}")
        return thread.pseudonym if thread else "Somebody"

    def _sender(self, message: Message) -> str:
        return "Tipline, by itself" if message.kind == "receipt" else self.people.name(message.author)


def read(
    session: Session, keys: KeySet, case: Case, people: People, opened: list[cases.OpenedAssessment]
) -> list[Talk]:
    """Read all that was said in a case, thread by thread in the order they began."""
    # Our first answer is written in the moment that the message is taken up: the message stands first all the same.
    messages = sorted(cases.messages(session, case), key=lambda m: (m.at, m.direction == "out"))
    signs = {a.record.message_id: a.indicators for a in opened}
    attached = attachments.of_messages(session, [message.id for message in messages])
    reader = Reader(keys, people, signs, _sends(session, messages), attached)
    threads = cases.threads(session, case)
    talks = [Talk(t, [reader.said(m, t) for m in messages if m.thread_id == t.id]) for t in threads]
    known = {thread.id for thread in threads}
    loose = [reader.said(m, None) for m in messages if m.thread_id not in known]
    return [*talks, *([Talk(None, loose)] if loose else [])]


def opened(keys: KeySet, message: Message) -> str | None:
    """Open a message's words; nothing when this process cannot."""
    try:
        return conversation.words(keys, message)
    except KeyRefused:
        return None


def _sends(session: Session, messages: Iterable[Message]) -> dict[str, Send]:
    out = [message.id for message in messages if message.direction == "out"]
    return {send.message_id or "": send for send in session.scalars(select(Send).where(Send.message_id.in_(out)))}
