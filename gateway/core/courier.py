"""The courier: the one who knows addresses. It threads what came in, and sends what goes out. It listens on no port."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer, undefer

from gateway.core import outbox, tokens, turns
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.messages import OPTED_OUT, Outbound, Sender, SendError
from gateway.core.records import Line, Message, Send, Thread
from gateway.core.threads import Threading, set_opted_out
from gateway.core.times import Clock

_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 15, 600
_FORGET_ROWS = 100


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
        """Put the next few messages on their threads, together if nothing is wrong; answers how many were tried."""
        ids = self._waiting()
        if len(ids) < 2 or not self._thread_together(ids):
            for message_id in ids:
                self._thread_one(message_id)
        return len(ids)

    def gives_way(self) -> bool:
        """Tell whether the rest should wait a little, since somebody's life may hang on what the worker does now."""
        with self.database.read() as session:
            now = self.clock()
            return turns.is_judges(session, now) or outbox.due(session, "paging", now)

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

    def _thread_together(self, ids: Sequence[str]) -> bool:
        """Thread several in one transaction, which costs little more than one; false when one of them keeps it up."""
        try:
            self._try_to_thread(ids)
        except Unavailable:
            raise  # it is the database, not a message
        except Exception as error:  # noqa: BLE001 - whatever is wrong, and with which of them, comes out one by one
            log().warning("messages could not be threaded together; each is tried by itself", error=error)
            return False
        return True

    def _thread_one(self, message_id: str) -> None:
        try:
            try:
                self._try_to_thread([message_id])
            except IntegrityError:
                self._try_to_thread([message_id])  # another courier made the same token in the same moment
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one message, the others must go on
            log().error("a message could not be threaded; triage goes on without", message=message_id, error=error)
            self._note_failure(message_id)

    def _try_to_thread(self, ids: Sequence[str]) -> None:
        with self.database.write() as session:
            waiting = select(Message).where(Message.id.in_(ids), Message.threaded_at.is_(None)).order_by(Message.id)
            needed = undefer(Message.address_sealed), defer(Message.words_sealed)
            found = {one.id: one for one in session.scalars(waiting.options(*needed).with_for_update())}
            messages = [found[one] for one in ids if one in found]
            if messages:
                Threading(session, self.keys, self.choose, self.clock()).run(messages)

    def _note_failure(self, message_id: str) -> None:
        with self.database.write() as session:
            message = session.get(Message, message_id, options=[defer(Message.words_sealed)])
            if message is not None:
                message.thread_attempts += 1
                wait = min(_RETRY_SECONDS * message.thread_attempts, _LONGEST_RETRY_SECONDS)
                message.thread_again_at = self.clock() + timedelta(seconds=wait)

    def _deliver(self, send: Send) -> str:
        with self.database.read() as session:
            thread, number = session.execute(_destination(), {"send_id": send.id}).one()
        if thread.opted_out_at:
            raise SendError(OPTED_OUT, retryable=False)  # they said STOP after this was written
        to = tokens.address_of_thread(self.keys, thread)
        text = self.keys.open(send.body_sealed, send.bound("body"))
        try:
            return self.sender.send(Outbound(to=to, sender=number, text=text, reference=send.id))
        except SendError as error:
            if error.code == OPTED_OUT:
                self._mark_opted_out(thread.id)
            raise

    def _mark_opted_out(self, thread_id: str) -> None:
        """The carrier says this person wants no texts: note it where the responder sees it."""
        with self.database.write() as session:
            thread = session.get_one(Thread, thread_id)
            set_opted_out(session, thread, self.clock(), out=True)


@cache
def _destination() -> Select[Thread, str]:
    """Select the thread that a text goes to and the number it leaves from."""
    query = select(Thread, Line.number).options(undefer(Thread.address_sealed))
    query = query.join(Send, Send.thread_id == Thread.id).join(Line, Line.id == Send.line_id)
    return query.where(Send.id == bindparam("send_id"))


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
