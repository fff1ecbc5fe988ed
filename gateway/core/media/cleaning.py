"""Cleaning: the worker opens what came in, has it screened and cleaned, seals the copy and deletes the original.

Each step is a state of the row, so whoever is killed on the way leaves a row that the next one takes up: a clean copy
that no row names is swept, an original that has a clean copy is deleted by the next round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import BadInput, KeyRefused, NotFound, Unavailable
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.media import sealing
from gateway.core.media.faults import DAMAGED, INFECTED, TOO_HEAVY, UNSCREENED
from gateway.core.media.records import BROKEN, CLEAN, SEALED, Attachment
from gateway.core.media.screening import Scanner, Verdict
from gateway.core.media.sealing import SealedWriting
from gateway.core.media.storing import Store
from gateway.core.media.workshop import Broken, Cleaned, Workshop
from gateway.core.records import District, Message
from gateway.core.times import Clock

ACTOR = "process:worker"
LEASE = timedelta(minutes=5)
"""So long nobody else takes up a file that is being cleaned: longer than a cleaner may live."""
MOST_ATTEMPTS = 5
"""Who takes the worker down with him as often as that is not tried again."""
_RETRY = timedelta(minutes=1)
SCREENED_WITHIN = timedelta(minutes=2)
"""So long a file waits for a scanner that does not answer; then it is cleaned without, and people are told."""
_ASK_AGAIN = timedelta(seconds=20)


@dataclass
class Cleaning:
    """The worker's part: it holds the content key."""

    database: Database
    keys: KeySet
    store: Store
    workshop: Workshop
    clock: Clock
    scanner: Scanner | None = None
    _warned: bool = False

    def clean_all(self) -> int:
        """Clean what is due, oldest first, one after the other; answers how many were settled. Raises: Unavailable."""
        self._delete_originals()
        done = 0
        while (taken := self._take()) is not None:
            done += self._clean(*taken)
        return done

    def _take(self) -> tuple[Attachment, str | None] | None:
        """Take up the next file under a lease; each try is counted before it begins."""
        now = self.clock()
        due = Attachment.state == SEALED, or_(Attachment.again_at.is_(None), Attachment.again_at <= now)
        with self.database.read() as session:
            if session.scalar(select(Attachment.id).where(*due).limit(1)) is None:
                return None
        with self.database.write() as session:
            query = select(Attachment).where(*due).limit(1)
            query = query.order_by(Attachment.at, Attachment.message_id, Attachment.position)
            row = session.scalar(query.with_for_update(skip_locked=True))
            if row is None:
                return None
            row.attempts, row.again_at = row.attempts + 1, now + LEASE
            owner = select(District.slug).join(Message, Message.district_id == District.id)
            return row, session.scalar(owner.where(Message.id == row.message_id))

    def _clean(self, row: Attachment, district: str | None) -> bool:
        if row.attempts > MOST_ATTEMPTS:
            return self._settle(row, BROKEN, reason=TOO_HEAVY)
        now = self.clock()
        try:
            verdict = self.scanner.screen(self._content(row)) if self.scanner else Verdict.CLEAN
            if verdict is Verdict.INFECTED:
                raise Broken(INFECTED)
            if verdict is Verdict.AWAY and now - (row.stored_at or row.at) < SCREENED_WITHIN:
                return self._wait(row, _ASK_AGAIN)
            with self.workshop.clean(self._content(row)) as cleaned:
                self._look_at(cleaned)
                if cleaned.fault:
                    raise Broken(cleaned.fault)
                return self._keep(row, district, cleaned, now, None if verdict is Verdict.CLEAN else UNSCREENED)
        except Broken as error:
            return self._settle(row, BROKEN, reason=error.fault)
        except NotFound:
            return self._settle(row, BROKEN, reason="missing")
        except KeyRefused:
            return self._settle(row, BROKEN, reason="no_key")
        except BadInput:
            return self._settle(row, BROKEN, reason=DAMAGED)
        except Unavailable:
            self._wait(row, _RETRY)
            raise

    def _content(self, row: Attachment) -> Iterator[bytes]:
        """Open the original."""
        bound = row.bound("original_key")
        return sealing.read(self.store, self.keys, row.original, row.original_key_sealed, bound)

    def _wait(self, row: Attachment, wait: timedelta) -> bool:
        """Try it again later; it was not this file's fault, so the attempt is not counted."""
        with self.database.write() as session:
            this = Attachment.id == row.id, Attachment.state == SEALED
            values = {"attempts": row.attempts - 1, "again_at": self.clock() + wait}
            session.execute(update(Attachment).where(*this).values(values))
        return False

    def _keep(self, row: Attachment, district: str | None, cleaned: Cleaned, now: datetime, reason: str | None) -> bool:
        """Seal the clean copy: for each part eight bytes that say how long it is, and the part."""
        made = SealedWriting(self.store, self.keys, district, now, row.bound("clean_key"))
        try:
            content, waiting = cleaned.content, b""
            for size in cleaned.sizes:
                made.write(size.to_bytes(8, "big"))
                while len(waiting) < size:
                    made.write(waiting)
                    size -= len(waiting)  # noqa: PLW2901 - what is left of it
                    waiting = next(content)
                made.write(waiting[:size])
                waiting = waiting[size:]
            made.commit()
        except BaseException:
            made.abort()
            raise
        return self._settle(
            row, CLEAN, reason=reason, clean=made.name, clean_key_sealed=made.key_sealed, clean_kind=cleaned.kind,
            parts=len(cleaned.sizes), original_key_sealed=None,
        )  # fmt: skip

    def _settle(self, row: Attachment, state: str, *, reason: str | None = None, **values: object) -> bool:
        """Write down what became of it, unless retention has taken it meanwhile."""
        now = self.clock()
        with self.database.write() as session:
            this = Attachment.id == row.id, Attachment.state == SEALED
            found = session.scalar(select(Attachment).where(*this).with_for_update())
            if found is None:
                return False
            # What a backup has of it is right from now on: one of before names an original that is about to go.
            found.state, found.reason, found.again_at, found.stored_at = state, reason, None, now
            for name, value in values.items():
                setattr(found, name, value)
            emit(
                session, f"attachment.{state}", subject=f"attachment/{row.id}", actor=ACTOR, at=now,
                district_id=_district_of(session, row), message=row.message_id, reason=reason,
            )  # fmt: skip
        if state == CLEAN:
            self._delete_originals()
        return True

    def _delete_originals(self) -> None:
        """Delete every original that has a clean copy; its key went in the transaction that wrote that down."""
        with self.database.read() as session:
            done = Attachment.state == CLEAN, Attachment.original.is_not(None)
            rows = session.execute(select(Attachment.id, Attachment.original).where(*done)).all()
        for one, name in rows:
            self.store.delete(str(name))
            with self.database.write() as session:
                session.execute(update(Attachment).where(Attachment.id == one).values(original=None))

    def _look_at(self, cleaned: Cleaned) -> None:
        if cleaned.fault is None and not cleaned.confined and not self._warned:
            self._warned = True
            log().warning("this system has no seccomp: files are cleaned under limits alone", code="not_confined")


def _district_of(session: Session, row: Attachment) -> str | None:
    return session.scalar(select(Message.district_id).where(Message.id == row.message_id))
