"""Fetching: the courier brings what the carrier keeps of texts with pictures, piece by piece into a sealed file.

The links of a text are sealed to the courier, who alone may follow them, and only as far as its source lets it. A row a
file is made first, so that whoever is killed on the way is followed by the next. When all of a text's files are here,
or are given up, its links are deleted: then the carrier's copy may go as well (`backfill`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only, undefer

from gateway.core.database import Database
from gateway.core.errors import NoRoom, TooLarge, Unavailable
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.media import incoming
from gateway.core.media.incoming import Finished
from gateway.core.media.records import AWAITED, LOST, REFUSED, SEALED, Attachment
from gateway.core.media.storing import Store
from gateway.core.messages import SendError
from gateway.core.records import District, Line, Message, new_id
from gateway.core.times import Clock

ACTOR = "process:courier"
LEASE = timedelta(minutes=5)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
GIVE_UP = timedelta(days=7)
"""So long a file is asked for that the carrier does not give, though it does not say that it is gone."""
_GONE = frozenset({"404", "410", "20404"})
GONE_TRIES = 6
"""So often it must say that a file is gone, over a quarter of an hour: what is lost is deleted there too."""
_SOME = 20


class Source(Protocol):
    """Where a provider keeps the files of messages."""

    def fetch(self, url: str, place: int) -> AbstractContextManager[Iterator[bytes]]:
        """Open the file at a link, which was its message's `place`-th. Raises: SendError, also while it is read."""


@dataclass(frozen=True)
class Fetching:
    """The courier's part. `stored` is called after each file that is on the store."""

    database: Database
    keys: KeySet
    store: Store
    source: Source
    clock: Clock
    stored: Callable[[], object]

    def fetch_all(self) -> int:
        """Fetch what is due, oldest first; answers how many were settled. Raises: Unavailable."""
        self._note_all()
        done = 0
        while (row := self._take()) is not None:
            done += self._fetch(row)
        return done

    def _note_all(self) -> None:
        """Make a row for each file of texts that have none yet. Files of other accounts are not ours to fetch."""
        noted = select(Attachment.id).where(Attachment.message_id == Message.id).exists()
        query = select(Message.id, Message.media_count, Message.at).join(Line, Line.id == Message.line_id)
        query = query.where(Message.media_sealed.is_not(None), Line.purpose == "reports", ~noted)
        with self.database.read() as session:
            found = session.execute(query.order_by(Message.at).limit(_SOME)).all()
        for message_id, count, at in found:
            rows = [
                Attachment(id=new_id(), message_id=message_id, position=place, state=AWAITED, at=at, size=0)
                for place in range(count)
            ]
            try:
                with self.database.write() as session:
                    session.add_all(rows)
            except IntegrityError:
                continue  # Another courier was faster, or retention was.

    def _take(self) -> Attachment | None:
        now = self.clock()
        due = Attachment.state == AWAITED, or_(Attachment.again_at.is_(None), Attachment.again_at <= now)
        with self.database.read() as session:
            if session.scalar(select(Attachment.id).where(*due).limit(1)) is None:
                return None
        with self.database.write() as session:
            query = select(Attachment).where(*due).limit(1)
            query = query.order_by(Attachment.at, Attachment.message_id, Attachment.position)
            needed = (Attachment.message_id, Attachment.position, Attachment.attempts, Attachment.at)
            row = session.scalar(query.options(load_only(*needed)).with_for_update(skip_locked=True))
            if row is not None:
                row.attempts, row.again_at = row.attempts + 1, now + LEASE
            return row

    def _fetch(self, row: Attachment) -> bool:
        with self.database.read() as session:
            query = select(Message).where(Message.id == row.message_id)
            message = session.scalar(
                query.options(load_only(Message.id, Message.district_id), undefer(Message.media_sealed))
            )
            if message is None or message.media_sealed is None:
                return self._settle(row, Finished(row.id, LOST, "gone"))
            slug = session.scalar(select(District.slug).where(District.id == message.district_id))
        links = json.loads(self.keys.open(message.media_sealed, message.bound("media")))
        if row.position >= len(links):
            return self._settle(row, Finished(row.id, LOST, "gone"))
        try:
            return self._settle(row, self._bring(row, str(links[row.position][1]), slug))
        except TooLarge:
            return self._settle(row, Finished(row.id, REFUSED, "too_large"))
        except SendError as error:
            gone = error.code in _GONE and row.attempts >= GONE_TRIES
            if gone or self.clock() - row.at > GIVE_UP:
                return self._settle(row, Finished(row.id, LOST, "gone" if gone else "given_up"))
            log().warning("a file could not be fetched; it is tried again", attachment=row.id, code=error.code)
            self._wait(row)
            return False
        except NoRoom:
            self._wait(row)  # The carrier has room.
            return False
        except Unavailable:
            self._wait(row)
            raise

    def _bring(self, row: Attachment, url: str, district: str | None) -> Finished:
        with self.source.fetch(url, row.position) as content:
            file = incoming.begin(self.store, self.keys, district, self.clock(), attachment_id=row.id)
            try:
                for chunk in content:
                    self.clock()  # a sign of life
                    file.write(chunk)
            except BaseException:
                file.abort()
                raise
        return file.finish()

    def _wait(self, row: Attachment) -> None:
        wait = min(_FIRST_WAIT * 2 ** min(row.attempts, 12), _LONGEST_WAIT)
        with self.database.write() as session:
            this = Attachment.id == row.id, Attachment.state == AWAITED
            session.execute(update(Attachment).where(*this).values(again_at=self.clock() + wait))

    def _settle(self, row: Attachment, file: Finished) -> bool:
        """Write down what became of it; the links go with the last one."""
        now = self.clock()
        with self.database.write() as session:
            this = Attachment.id == row.id, Attachment.state == AWAITED
            values = {
                "state": file.state, "reason": file.reason, "kind": file.kind, "size": file.size, "again_at": None,
                "original": file.original, "original_key_sealed": file.key_sealed, "stored_at": now, "attempts": 0,
            }  # fmt: skip
            done = session.scalars(update(Attachment).where(*this).values(values).returning(Attachment.id)).all()
            if not done:
                return False  # Retention took it; its file is swept.
            _forget_links(session, row.message_id)
            emit(
                session, f"attachment.{file.state}", subject=f"attachment/{row.id}", actor=ACTOR, at=now,
                district_id=session.scalar(select(Message.district_id).where(Message.id == row.message_id)),
                message=row.message_id, attachment_kind=file.kind, reason=file.reason,
            )  # fmt: skip
        if file.state == SEALED:
            self.stored()
        return True


def _forget_links(session: Session, message_id: str) -> None:
    awaited = Attachment.message_id == message_id, Attachment.state == AWAITED
    if session.scalar(select(Attachment.id).where(*awaited).limit(1)) is None:
        session.execute(update(Message).where(Message.id == message_id).values(media_sealed=None))
