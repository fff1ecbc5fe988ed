"""Replying to a reporter, from whichever side it is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gateway.core import conversation
from gateway.core.characters import typed
from gateway.core.database import reread
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.records import Message, Thread
from responders.cases import seeing

_SAME_CLICK = timedelta(seconds=10)


def reply(session: Session, keys: KeySet, thread: Thread, text: str, *, author: str, now: datetime) -> Message:
    """Queue a reply to a thread. The same words again within ten seconds are the same click: they are queued once.

    Raises: NotAllowed when the text is empty or too long, or the reporter has opted out.
    """
    # Two clicks at once take turns, and whoever opted out a moment ago has.
    reread(session, thread, with_for_update={"key_share": True})
    text = typed(text).strip()
    said = _said_just_now(session, keys, thread, text, author, now)
    if said is not None:
        return said
    message = conversation.reply(session, keys, thread, text, author=author, now=now)
    if thread.receipt_public and seeing.has_words(author):
        thread.seen_at = now
    return message


def _said_just_now(
    session: Session, keys: KeySet, thread: Thread, text: str, author: str, now: datetime
) -> Message | None:
    """A button pressed twice must not text a frightened person twice."""
    said = conversation.of_threads(session, [thread.id])
    last = next((m for m in reversed(said) if m.kind == "reply" and m.author == author), None)
    return last if last is not None and now - last.at < _SAME_CLICK and _words(keys, last) == text else None


def _words(keys: KeySet, message: Message) -> str | None:
    try:
        return conversation.words(keys, message)
    except KeyRefused:
        return None
