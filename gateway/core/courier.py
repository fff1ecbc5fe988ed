"""The courier: the one who knows addresses. It threads what came in, and sends what goes out. It listens on no port."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, undefer

from gateway.core import conversation, outbox, pseudonyms, tokens, turns, wording
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.messages import OPTED_OUT, Outbound, Sender, SendError
from gateway.core.records import Contact, District, Line, Message, Send, Thread, Token, new_id
from gateway.core.times import Clock

ACTOR = "process:courier"
_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 15, 600
_FORGET_ROWS = 100
_OPTING = ("stop", "start", "yes")


@dataclass(frozen=True)
class Courier:
    """A courier with its keys and its way to the carrier. `choose(n)` draws a whole number below n."""

    database: Database
    keys: KeySet
    sender: Sender
    clock: Clock
    choose: Callable[[int], int] = secrets.randbelow

    def thread_all(self) -> int:
        """Put every waiting message on its thread; answers how many were tried."""
        return sum(iter(self.thread_some, 0))

    def thread_some(self) -> int:
        """Put the next few messages on their threads, each in its own transaction; answers how many were tried."""
        ids = self._waiting()
        for message_id in ids:
            self._thread_one(message_id)
        return len(ids)

    def gives_way(self) -> bool:
        """Tell whether the rest should wait a little, since somebody's life may hang on what the worker does now."""
        with self.database.read() as session:
            return turns.is_judges(session, self.clock())

    def send_all(self) -> int:
        """Send everything due to reporters; answers how many were tried."""
        return outbox.drain(self.database, "reporters", self._deliver, self.clock)

    def _waiting(self) -> list[str]:
        """A message that could not be threaded is tried again later, and never holds up another."""
        now = self.clock()
        with self.database.read() as session:
            query = select(Message.id).where(
                Message.direction == "in",
                Message.threaded_at.is_(None),
                or_(
                    Message.thread_again_at.is_(None),
                    Message.thread_again_at <= now,
                    # Further ahead than is ever waited: it was set by a clock that has been set back since.
                    Message.thread_again_at > now + timedelta(seconds=2 * _LONGEST_RETRY_SECONDS),
                ),
            )
            return turns.next_up(session, query)

    def _try_to_thread(self, message_id: str) -> None:
        with self.database.write() as session:
            waiting = select(Message).where(Message.id == message_id, Message.threaded_at.is_(None))
            needed = undefer(Message.address_sealed), defer(Message.words_sealed)
            message = session.scalar(waiting.options(*needed).with_for_update())
            if message is not None:
                _Threading(session, self.keys, self.choose, self.clock()).run(message)

    def _thread_one(self, message_id: str) -> None:
        try:
            try:
                self._try_to_thread(message_id)
            except IntegrityError:
                self._try_to_thread(message_id)  # another courier made the same token in the same moment
        except Unavailable:
            raise  # it is the database, not this message
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one message, the others must go on
            log().error("a message could not be threaded; triage goes on without", message=message_id, error=error)
            self._note_failure(message_id)

    def _note_failure(self, message_id: str) -> None:
        with self.database.write() as session:
            message = session.get(Message, message_id, options=[defer(Message.words_sealed)])
            if message is not None:
                message.thread_attempts += 1
                wait = min(_RETRY_SECONDS * message.thread_attempts, _LONGEST_RETRY_SECONDS)
                message.thread_again_at = self.clock() + timedelta(seconds=wait)

    def _deliver(self, send: Send) -> str:
        with self.database.read() as session:
            thread = session.get_one(Thread, send.thread_id, options=[undefer(Thread.address_sealed)])
            line = session.get_one(Line, send.line_id)
        if thread.opted_out_at:
            raise SendError(OPTED_OUT, retryable=False)  # they said STOP after this was written
        to = tokens.address_of_thread(self.keys, thread)
        text = self.keys.open(send.body_sealed, send.bound("body"))
        try:
            return self.sender.send(Outbound(to=to, sender=line.number, text=text, reference=send.id))
        except SendError as error:
            if error.code == OPTED_OUT:
                self._mark_opted_out(thread.id)
            raise

    def _mark_opted_out(self, thread_id: str) -> None:
        """The carrier says this person wants no texts: note it where the responder sees it."""
        with self.database.write() as session:
            thread = session.get_one(Thread, thread_id)
            _set_opted_out(session, thread, self.clock(), out=True)


def forget_all(database: Database) -> int:
    """End every thread whose messages retention has destroyed, with address and token; counts them."""
    done = 0
    while True:
        with database.write() as session:
            gone = tokens.forget(session, _FORGET_ROWS)
        done += gone
        if not gone:
            return done


def reindexing(keys: KeySet) -> tokens.Reindexing:
    """Prepare what a rotation of the index key leaves to do; here, because nobody else may import tokens."""
    return tokens.Reindexing(keys)


@dataclass(frozen=True)
class _Threading:
    """The threading of one message inside one transaction."""

    session: Session
    keys: KeySet
    choose: Callable[[int], int]
    now: datetime

    def run(self, message: Message) -> None:
        address = tokens.address_of_message(self.keys, message)
        district = self.session.get(District, message.district_id) if message.district_id else None
        message.threaded_at = self.now
        if address is None or district is None:
            return  # Nobody's message: it stays in quarantine, its address sealed, for a human to see.
        if message.kind == "page_answer" and self._from_staff(message, district, address):
            return
        line = self._reply_line(message, district)
        if line is None:
            return
        token = tokens.find_or_make(self.session, self.keys, district, line, address)
        thread = self._thread(token, message, district, line, address)
        message.thread_id = thread.id
        message.address_sealed = None
        self._obey(message, token, thread)
        self._event("message.threaded", f"message/{message.id}", district, thread=thread.id)

    def _from_staff(self, message: Message, district: District, address: str) -> bool:
        """Say whose phone answered a page; a stranger on the paging line is a reporter who took a wrong number."""
        # Compared here, not there: a database may log what it is asked, and this may be a reporter's number.
        staff = self.session.scalars(select(Contact).where(Contact.district_id == district.id))
        contact = next((one for one in staff if one.address == address), None)
        if contact is None:
            message.kind = "keyword" if message.keyword in {"stop", "start", "help"} else "tip"
            return False
        message.contact_id = contact.id
        message.address_sealed = None
        self._event("message.threaded", f"message/{message.id}", district, contact=contact.id)
        return True

    def _reply_line(self, message: Message, district: District) -> Line | None:
        """Find the line to answer from: the one texted, or the district's first one when that was not for reports."""
        line = self.session.get(Line, message.line_id) if message.line_id else None
        if line is not None and line.purpose == "reports":
            return line
        query = select(Line).where(Line.district_id == district.id, Line.purpose == "reports").order_by(Line.number)
        return self.session.scalar(query)

    def _thread(self, token: Token, message: Message, district: District, line: Line, address: str) -> Thread:
        thread = self.session.get(Thread, token.thread_id) if token.thread_id else None
        if thread is not None and thread.closed_at is None:
            return thread
        thread = Thread(
            id=new_id(),
            district_id=district.id,
            school_id=line.school_id,
            line_id=line.id,
            channel=message.channel,
            pseudonym=pseudonyms.draw(self.choose),
            language=message.language,
            opened_at=self.now,
            # Not the token's own time: the same moment on two threads would tie them together.
            opted_out_at=self.now if token.opted_out_at else None,
        )
        thread.address_sealed = self.keys.seal_address(address, thread.bound("address"))
        self.session.add(thread)
        self.session.flush()
        token.thread_id = thread.id
        self._event("thread.opened", f"thread/{thread.id}", district, channel=thread.channel, line=line.id)
        if message.keyword != "stop" and token.opted_out_at is None:
            text = wording.receipt(message.language)
            conversation.say(self.session, self.keys, thread, text, kind="receipt", actor=ACTOR, now=self.now)
        return thread

    def _obey(self, message: Message, token: Token, thread: Thread) -> None:
        """Obey the carrier keywords: STOP means no more texts from us, START takes that back.

        One that was taken in late is not obeyed when a later one has been.
        """
        if message.keyword in _OPTING and self._has_later(message):
            return
        if message.keyword == "stop":
            token.opted_out_at = self.now
            _set_opted_out(self.session, thread, self.now, out=True)
        elif message.keyword in {"start", "yes"}:
            token.opted_out_at = None
            _set_opted_out(self.session, thread, self.now, out=False)

    def _has_later(self, message: Message) -> bool:
        query = select(Message.id).where(
            Message.thread_id == message.thread_id, Message.keyword.in_(_OPTING), Message.at > message.at
        )
        return self.session.scalar(query.limit(1)) is not None

    def _event(self, kind: str, subject: str, district: District, **data: str) -> None:
        emit(self.session, kind, subject=subject, actor=ACTOR, at=self.now, district_id=district.id, **data)


def _set_opted_out(session: Session, thread: Thread, now: datetime, *, out: bool) -> None:
    if (thread.opted_out_at is not None) == out:
        return
    thread.opted_out_at = now if out else None
    kind = "thread.opted_out" if out else "thread.opted_in"
    emit(session, kind, subject=f"thread/{thread.id}", actor="reporter", at=now, district_id=thread.district_id)
