"""Threads: which conversation a text belongs to. Part of the courier: it opens addresses, and nobody else imports it.

Several texts are put on their threads in one transaction, table by table: a text then costs a third of what it costs
by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation, pseudonyms, tokens, wording
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.records import Contact, District, Line, Message, Thread, Token, new_id

ACTOR = "process:courier"
_OPTING = ("stop", "start", "yes")
Row = TypeVar("Row", District, Line, Thread)


@dataclass(frozen=True)
class Threading:
    """The threading of some messages inside one transaction. `choose(n)` draws a whole number below n."""

    session: Session
    keys: KeySet
    choose: Callable[[int], int]
    now: datetime

    def run(self, messages: Sequence[Message]) -> None:
        """Put messages on their threads, in this order, each with its `address_sealed` at hand."""
        addresses = [tokens.address_of_message(self.keys, message) for message in messages]
        districts = self._rows(District, (message.district_id for message in messages))
        lines = self._rows(Line, (message.line_id for message in messages))
        texts: list[tuple[Message, tokens.Sender]] = []
        for message, address in zip(messages, addresses, strict=True):
            district = districts.get(message.district_id)
            if address is None or district is None:
                continue  # Nobody's message: it stays in quarantine, its address sealed, for a human to see.
            if message.kind == "page_answer" and self._from_staff(message, district, address):
                continue
            line = self._reply_line(lines.get(message.line_id), district)
            if line is not None:
                texts.append((message, tokens.Sender(district, line, address)))
        self._put(texts)
        for message in messages:
            message.threaded_at = self.now

    def _rows(self, table: type[Row], ids: Iterable[str | None]) -> dict[str | None, Row]:
        wanted = {one for one in ids if one}
        found = self.session.scalars(select(table).where(table.id.in_(wanted))) if wanted else ()
        return {row.id: row for row in found}

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
        self._event("message.threaded", f"message/{message.id}", district.id, contact=contact.id)
        return True

    def _reply_line(self, line: Line | None, district: District) -> Line | None:
        """Find the line to answer from: the one texted, or the district's first one when that was not for reports."""
        if line is not None and line.purpose == "reports":
            return line
        query = select(Line).where(Line.district_id == district.id, Line.purpose == "reports").order_by(Line.number)
        return self.session.scalar(query)

    def _put(self, texts: Sequence[tuple[Message, tokens.Sender]]) -> None:
        if not texts:
            return
        found = tokens.find_or_make(self.session, self.keys, [sender for _, sender in texts])
        threads = self._threads([(*text, token) for text, token in zip(texts, found, strict=True)])
        for (message, _), token, thread in zip(texts, found, threads, strict=True):
            message.thread_id = thread.id
            message.address_sealed = None
            self._obey(message, token, thread)
            self._event("message.threaded", f"message/{message.id}", thread.district_id, thread=thread.id)

    def _threads(self, texts: Sequence[tuple[Message, tokens.Sender, Token]]) -> list[Thread]:
        """Find the open thread of each text, in order, or open one and say there that the text has arrived."""
        known = self._rows(Thread, (token.thread_id for *_, token in texts))
        of_token = {token: known[token.thread_id] for *_, token in texts if token.thread_id in known}
        opened = []
        for message, sender, token in texts:
            if token not in of_token or of_token[token].closed_at is not None:
                of_token[token] = self._open(message, sender, token)
                opened.append((message, token, of_token[token]))
        self.session.add_all(thread for *_, thread in opened)
        self.session.flush()
        for _, token, thread in opened:
            token.thread_id = thread.id
            self.session.add(token)
            opening = {"channel": thread.channel, "line": thread.line_id or ""}
            self._event("thread.opened", f"thread/{thread.id}", thread.district_id, **opening)
        self._receipts([(m, thread) for m, token, thread in opened if m.keyword != "stop" and not token.opted_out_at])
        return [of_token[token] for *_, token in texts]

    def _open(self, message: Message, sender: tokens.Sender, token: Token) -> Thread:
        thread = Thread(
            id=new_id(),
            district_id=sender.district.id,
            school_id=sender.line.school_id,
            line_id=sender.line.id,
            channel=message.channel,
            pseudonym=pseudonyms.draw(self.choose),
            language=message.language,
            opened_at=self.now,
            # Not the token's own time: the same moment on two threads would tie them together.
            opted_out_at=self.now if token.opted_out_at else None,
        )
        thread.address_sealed = self.keys.seal_address(sender.address, thread.bound("address"))
        return thread

    def _receipts(self, opened: Sequence[tuple[Message, Thread]]) -> None:
        said = [(thread, wording.receipt(message.language)) for message, thread in opened]
        if said:
            conversation.say_all(self.session, self.keys, said, kind="receipt", actor=ACTOR, now=self.now)

    def _obey(self, message: Message, token: Token, thread: Thread) -> None:
        """Obey the carrier keywords: STOP means no more texts from us, START takes that back.

        One that was taken in late is not obeyed when a later one has been.
        """
        if message.keyword in _OPTING and self._has_later(message):
            return
        if message.keyword == "stop":
            token.opted_out_at = self.now
            set_opted_out(self.session, thread, self.now, out=True)
        elif message.keyword in {"start", "yes"}:
            token.opted_out_at = None
            set_opted_out(self.session, thread, self.now, out=False)

    def _has_later(self, message: Message) -> bool:
        query = select(Message.id).where(
            Message.thread_id == message.thread_id, Message.keyword.in_(_OPTING), Message.at > message.at
        )
        return self.session.scalar(query.limit(1)) is not None

    def _event(self, kind: str, subject: str, district_id: str, **data: str) -> None:
        emit(self.session, kind, subject=subject, actor=ACTOR, at=self.now, district_id=district_id, **data)


def set_opted_out(session: Session, thread: Thread, now: datetime, *, out: bool) -> None:
    """Note on a thread that its reporter wants no texts, or does again."""
    if (thread.opted_out_at is not None) == out:
        return
    thread.opted_out_at = now if out else None
    kind = "thread.opted_out" if out else "thread.opted_in"
    emit(session, kind, subject=f"thread/{thread.id}", actor="reporter", at=now, district_id=thread.district_id)
