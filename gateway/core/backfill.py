"""Backfill: asks the carrier for what no webhook brought, and has it forget what is safe here.

A webhook that fails is not kept for later by the carrier, but the message is: so the list is read again and again over
windows that overlap, and what is new goes the way of every other message, through `intake.receive`, once by its id.
A text's time (`Message.at`) is then when the carrier took it in: it puts the conversation in order and tells people how
old a call for help is; and no wait that is counted from it (five seconds for a thread) is waited a second time.

The courier reads the lines for reports, the worker the paging lines: each has the credentials of that account alone.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from gateway.core import backups, heartbeats, intake, outbox
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.media.records import AWAITED, SEALED, Attachment
from gateway.core.messages import Inbound, Mailbox, SendError
from gateway.core.records import Line, Message, Send
from gateway.core.times import Clock

EVERY_SECONDS = 15.0
"""How often all three are called; `list_all` then asks the carrier at every fourth call, if all is well."""
MEET_SECONDS = 3.0
"""How often it is asked whether intake has begun anew."""
_REST = 3
OVERLAP = timedelta(minutes=15)
"""Read twice, since a carrier's list may lag behind."""
FIRST = timedelta(hours=1)
"""How far back a line is read that was never read before: what is older was somebody else's to answer."""
GRACE = timedelta(seconds=20)
"""So long a webhook may still be on its way, retries included."""
_WITHOUT_NEWS = timedelta(days=1)
"""After so long nothing more is heard of a text that was sent; many phones never report its arrival."""
_CALLBACK = timedelta(minutes=2)
"""So long the carrier's own news of a text is waited for."""
_RETRY_AFTER = timedelta(minutes=10)
_CHUNK = 100
_ACCOUNTS = {"reports": "reporters", "paging": "paging"}
"""Whose account (`Send.account`) the lines of a purpose belong to."""

Outcome = Literal["taken", "known", "failed"]


@dataclass
class Backfill:
    """Looks after the lines of one purpose (`reports`, `paging`) through the mailbox of their account.

    `stored` is called after each text that was taken in.
    """

    database: Database
    keys: KeySet
    mailbox: Mailbox
    clock: Clock
    purpose: str
    stored: Callable[[], None]
    _rest: int = 0
    _intakes: frozenset[str] = frozenset()
    _listing: threading.Lock = field(default_factory=threading.Lock)
    _resting: dict[str, datetime] = field(default_factory=dict)
    _asked: dict[str, datetime] = field(default_factory=dict)
    _held: datetime | None = None

    def list_all(self) -> int:
        """Take in what the carrier has and we have not, line by line; answers how many texts that were.

        After a find or a fault it looks again at the next call. Raises: Unavailable.
        """
        with self._listing:
            return self._list_due()

    def _list_due(self) -> int:
        if self._rest:
            self._rest -= 1
            return 0
        found, well = 0, True
        for line in self._lines():
            try:
                found += self._list(line)
            except SendError as error:
                well = False
                log().warning("a line could not be listed; it is tried again", line=line.id, code=error.code)
                if error.retryable:
                    break
        self._rest = _REST if well and not found else 0
        return found

    def list_new(self) -> int:
        """Do the same at once when intake has begun anew: what was texted while it was away waits no minute more.

        An instance is known by its heartbeat, so no clock decides. Raises: Unavailable.
        """
        with self.database.read() as session:
            intakes = heartbeats.instances(session, "intake")
        found = 0
        if intakes - self._intakes:
            self._rest = 0
            found = self.list_all()
        self._intakes = intakes
        return found

    def delete_all(self) -> int:
        """Delete at the carrier what is safe here and final, where the line says so; answers how many.

        Where backups are made, a text that came in is safe once one of them holds it: see `backups`.
        The first refusal ends the round: the next one begins with another message. Raises: Unavailable.
        """
        now = self.clock()
        self._resting = {one: until for one, until in self._resting.items() if until > now}
        with self.database.read() as session:
            query = select(Line.id).where(Line.purpose == self.purpose, Line.deletes_at_carrier)
            lines = list(session.scalars(query))
            self._held = backups.held_until(session, now)
        return self._clear(Message, lines, now) + self._clear(Send, lines, now) if lines else 0

    def ask_all(self) -> int:
        """Ask how texts fared of which no callback has told; answers of how many there was news.

        The older a text is, the longer it rests between two questions. The first refusal ends the round.
        Raises: Unavailable.
        """
        now, news, account = self.clock(), 0, _ACCOUNTS[self.purpose]
        self._asked = {one: until for one, until in self._asked.items() if until > now}
        for send_id, sid, since in self._untold(now):
            self._asked[send_id] = now + max(_CALLBACK, (now - since) / 2)
            try:
                fate = self.mailbox.fate(sid)
            except SendError as error:
                log().warning("the carrier does not tell how a text fared", send=send_id, code=error.code)
                if error.retryable:
                    break
                continue
            if fate:
                with self.database.write() as session:
                    actor = f"process:{self.keys.process}"
                    news += outbox.report(session, account, send_id, sid, *fate, self.clock(), actor)
        return news

    def _untold(self, now: datetime) -> list[tuple[str, str, datetime]]:
        query = select(Send.id, Send.provider_sid, Send.due_at).join(Line, Line.id == Send.line_id)
        query = query.where(
            Line.purpose == self.purpose,
            _SENT,
            Send.provider_sid.is_not(None),
            Send.due_at.between(now - _WITHOUT_NEWS, now - _CALLBACK),
            Send.id.not_in(self._asked),
        )
        with self.database.read() as session:
            return [(one, str(sid), at) for one, sid, at in session.execute(query.order_by(Send.due_at).limit(_CHUNK))]

    def _lines(self) -> list[Line]:
        with self.database.read() as session:
            return list(session.scalars(select(Line).where(Line.purpose == self.purpose).order_by(Line.number)))

    def _list(self, line: Line) -> int:
        listing = self.mailbox.inbound_since(line.number, (line.listed_until or self.clock() - FIRST) - OVERLAP)
        as_of = listing.as_of or self.clock()
        new = self._unknown(listing.messages, as_of)
        outcomes = [self._take(line, inbound) for inbound in new]
        taken = [inbound for inbound, outcome in zip(new, outcomes, strict=True) if outcome == "taken"]
        with self.database.write() as session:
            if "failed" not in outcomes:
                session.get_one(Line, line.id).listed_until = as_of
            if missed := sum(as_of - inbound.received_at > GRACE for inbound in taken):
                log().warning(
                    "texts came by the carrier's list alone; is the webhook well?", line=line.id, count=missed
                )
                emit(
                    session, "line.recovered", subject=f"line/{line.id}", actor=f"process:{self.keys.process}",
                    at=self.clock(), district_id=line.district_id, count=missed,
                )  # fmt: skip
        return len(taken)

    def _unknown(self, listed: Sequence[Inbound], as_of: datetime) -> list[Inbound]:
        """Leave out what is stored, and a fresh text of our own that is to show whether the webhook brings it."""
        known: set[str | None] = set()
        with self.database.read() as session:
            ours = set(session.scalars(select(Line.number)))
            for start in range(0, len(listed), _CHUNK):
                sids = [inbound.provider_sid for inbound in listed[start : start + _CHUNK]]
                known.update(session.scalars(select(Message.provider_sid).where(Message.provider_sid.in_(sids))))
        return [
            inbound
            for inbound in listed
            if inbound.provider_sid not in known
            and not (inbound.sender in ours and as_of - inbound.received_at <= GRACE)
        ]

    def _take(self, line: Line, inbound: Inbound) -> Outcome:
        now = self.clock()
        found = replace(inbound, received_at=min(inbound.received_at, now), recovered_at=now)
        try:
            if intake.receive(self.database, self.keys, found).repeated:
                return "known"
        except Unavailable:
            raise  # it is the database, not this message
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one message, the others must come in
            log().error("a listed text could not be taken in; it is tried again", line=line.id, error=error)
            return "failed"
        self.stored()
        return "taken"

    def _clear(self, table: type[Message | Send], lines: Sequence[str], now: datetime) -> int:
        done = 0
        while rows := self._clearable(table, lines, now):
            gone = list(itertools.takewhile(self._delete, rows))
            if gone:
                with self.database.write() as session:
                    ids = [one for one, _ in gone]
                    session.execute(update(table).where(table.id.in_(ids)).values(carrier_deleted_at=now))
            done += len(gone)
            if len(gone) < len(rows):
                break
        return done

    def _clearable(self, table: type[Message | Send], lines: Sequence[str], now: datetime) -> list[tuple[str, str]]:
        """List ids and SIDs of what nothing more can become of, oldest first."""
        at = Message.at if table is Message else Send.created_at
        query = select(table.id, table.provider_sid).where(
            table.line_id.in_(lines),
            table.carrier_deleted_at.is_(None),
            table.provider_sid.is_not(None),
            table.id.not_in(self._resting),
            *([Message.dispatched_at <= self._held] if self._held and table is Message else ()),
            *(
                (*_HANDLED, _has_no_file_there(self._held or now))
                if table is Message
                else (or_(_FINAL, and_(_SENT, Send.created_at < now - _WITHOUT_NEWS)),)
            ),
        )
        with self.database.read() as session:
            return [(one, str(sid)) for one, sid in session.execute(query.order_by(at).limit(_CHUNK))]

    def _delete(self, row: tuple[str, str]) -> bool:
        one, sid = row
        try:
            self.mailbox.delete(sid)
        except SendError as error:
            self._resting[one] = self.clock() + _RETRY_AFTER
            log().warning("a text could not be deleted at the carrier; it is tried again", id=one, code=error.code)
            return False
        return True


def _has_no_file_there(moment: datetime) -> ColumnElement[bool]:
    """Tell texts all of whose files were here for good, or given up, by a moment.

    One that is still to be cleaned is not: a backup of that moment has the key of an original that then goes.
    """
    for_good = Attachment.state.not_in((AWAITED, SEALED)), Attachment.stored_at <= moment
    here = select(func.count()).where(Attachment.message_id == Message.id, *for_good)
    return or_(Message.media_count == 0, here.scalar_subquery() >= Message.media_count)


_FINAL, _SENT = Send.status.in_(("delivered", "undelivered", "failed")), Send.status == "sent"
_HANDLED = (
    Message.direction == "in",
    Message.threaded_at.is_not(None),
    Message.dispatched_at.is_not(None),
)
