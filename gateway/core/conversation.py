"""Conversations: what a thread's messages say, and what is said back.

A reply is sealed twice: to the district's content key, so that staff can read the thread, and for its reporter: to the
courier, who alone can send it, or on the web to the key of the receipt, with which the reporter comes back for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from gateway.core import copies
from gateway.core.errors import NotAllowed
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.records import Copy, District, Message, Send, Thread, new_id

REPLY_LENGTH = 1600
"""Characters a reply may have. Source: https://www.twilio.com/docs/api/errors/21617"""


def words(keys: KeySet, message: Message) -> str:
    """Open a message's words. Raises: KeyRefused for a process that may not read tips."""
    return keys.open(message.words_sealed, message.bound("words"))


def of_threads(session: Session, thread_ids: Iterable[str]) -> list[Message]:
    """List the messages of some threads, oldest first."""
    query = select(Message).where(Message.thread_id.in_(list(thread_ids))).order_by(Message.at, Message.id)
    return list(session.scalars(query))


def reply(session: Session, keys: KeySet, thread: Thread, text: str, *, author: str, now: datetime) -> Message:
    """Write a responder's reply to a thread: kept for the case, and queued for the courier or left for the receipt.

    Raises: NotAllowed when the text is empty or longer than `REPLY_LENGTH`, or the reporter has opted out
    or is another system.
    """
    if not text.strip() or len(text) > REPLY_LENGTH:
        raise NotAllowed(f"A reply has 1 to {REPLY_LENGTH} characters.")
    if thread.source_key:
        raise NotAllowed("Another system told us this. Nobody reads answers there.")
    if thread.opted_out_at:
        raise NotAllowed("This person has asked for no more texts. They can still write to us.")
    return say(session, keys, thread, text, kind="reply", actor=author, now=now)


def say(
    session: Session,
    keys: KeySet,
    thread: Thread,
    text: str,
    *,
    kind: str,
    actor: str,
    now: datetime,
    priority: int = 3,
) -> Message:
    """Write an outgoing message to a thread, and promise it to its reporter. `kind` is `reply` or `receipt`."""
    return say_all(session, keys, [(thread, text)], kind=kind, actor=actor, now=now, priority=priority)[0]


def say_all(
    session: Session,
    keys: KeySet,
    said: Sequence[tuple[Thread, str]],
    *,
    kind: str,
    actor: str,
    now: datetime,
    priority: int = 3,
) -> list[Message]:
    """Do the same for several threads at once."""
    messages = []
    for thread, text in said:
        message = _message(thread, kind, actor, now)
        district = session.get_one(District, thread.district_id)
        message.words_sealed = keys.seal_words(district.slug, now, text, message.bound("words"))
        messages.append(message)
    session.add_all(messages)
    session.flush()
    for message, (thread, text) in zip(messages, said, strict=True):
        if thread.receipt_public:
            _leave(session, thread.receipt_public, message, text)
            send_id = None
        else:
            send_id = _queue(session, keys, thread, message, text, priority)
        emit(
            session, f"message.{kind}_queued", subject=f"message/{message.id}", actor=actor, at=now,
            district_id=thread.district_id, thread=thread.id, send=send_id,
        )  # fmt: skip
    return messages


def _message(thread: Thread, kind: str, actor: str, now: datetime) -> Message:
    return Message(
        id=new_id(),
        district_id=thread.district_id,
        line_id=thread.line_id,
        thread_id=thread.id,
        direction="out",
        channel=thread.channel,
        kind=kind,
        language=thread.language,
        author=actor,
        at=now,
        threaded_at=now,
        dispatched_at=now,
    )


def _queue(session: Session, keys: KeySet, thread: Thread, message: Message, text: str, priority: int) -> str:
    """Promise to send it; answers the id of the promise."""
    send = Send(
        id=new_id(),
        district_id=thread.district_id,
        account="reporters",
        line_id=thread.line_id,
        thread_id=thread.id,
        message_id=message.id,
        priority=priority,
        created_at=message.at,
        due_at=message.at,
    )
    send.body_sealed = keys.seal_outbound(text, send.bound("body"))
    session.add(send)
    return send.id


def _leave(session: Session, public: bytes, message: Message, text: str) -> None:
    """Leave it for whoever comes back with the receipt: nothing is sent, since there is nowhere to send it."""
    row = copies.row(
        public, text, thread_id=message.thread_id or "", message_id=message.id, direction="out", at=message.at
    )
    session.execute(insert(Copy.__table__), [row])  # type: ignore[arg-type]  # a FromClause
