"""The desk: where somebody on the web reports, comes back with a receipt, reads and answers. All of it is intake's.

What is said is sealed twice: to the content key, for staff, and to the receipt's key, for its reporter (`copies`). So
intake stores with no key that opens anything, and opens one thread only while its receipt is presented, in memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from gateway.core import copies, filing, reports
from gateway.core.database import Database
from gateway.core.errors import BadInput, Empty, KeyRefused, NotFound, Unavailable
from gateway.core.filing import Attachment, Filing, Place, Said, Written
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.receipts import Receipt, check_seed, of_seed
from gateway.core.records import Copy, District, Message, School, Thread
from gateway.core.reports import Report

Choose = Callable[[int], int]
"""Answers a random whole number below n; for pseudonyms."""


@dataclass(frozen=True)
class Filed:
    """A report or an answer that is on disk. `repeated` says that it had been before: the same form was sent again."""

    receipt: Receipt
    message_id: str
    thread_id: str
    repeated: bool


@dataclass(frozen=True)
class Entry:
    """One thing that was said, and by whom."""

    at: datetime
    by: Literal["you", "staff"]
    text: str = field(repr=False)


@dataclass(frozen=True)
class Conversation:
    """What a receipt shows: its thread, oldest first. `seen_at` is when a person last looked at what had come in.

    `school_name` is None for a report to the whole district. `version` changes whenever any of this does.
    """

    entries: list[Entry] = field(repr=False)
    opened_at: datetime
    seen_at: datetime | None
    closed: bool
    language: str
    school_name: str | None
    version: str


def file(
    database: Database,
    keys: KeySet,
    report: Report,
    now: datetime,
    attachments: Sequence[Attachment] = (),
    *,
    choose: Choose = secrets.randbelow,
) -> Filed:
    """Store a report once, however often and however concurrently its form comes. When this returns, it is on disk.

    Words that were changed before the same form came again are stored too, on the same thread.
    Raises: Empty, TooLong, BadInput for what no page of ours sends or a school that is not there; Unavailable when the
    database cannot take it.
    """
    return file_all(database, keys, [Filing(report, now, attachments)], choose=choose)[0]


def file_all(
    database: Database, keys: KeySet, filings: Sequence[Filing], *, choose: Choose = secrets.randbelow
) -> list[Filed]:
    """Store reports that came at the same time in one commit: all, or none.

    Raises: what `file` raises; for several also sqlalchemy.exc.IntegrityError when one is there already.
    """
    receipts = [_receipt(one) for one in filings]
    with database.read() as session:
        places = _places(session, [one.report for one in filings])
    said = [filing.of_report(one, receipt) for one, receipt in zip(filings, receipts, strict=True)]
    written = [
        filing.open_thread(keys, place, receipt, what, one.report.language, choose)
        for one, place, receipt, what in zip(filings, places, receipts, said, strict=True)
    ]
    try:
        with database.write() as session:
            filing.store(session, written)
    except IntegrityError:
        # Its form came before: people press twice and go back, seldom enough that nobody looks first.
        if len(filings) == 1 and (again := _file_again(database, keys, places[0], receipts[0], said[0])):
            return [again]
        raise
    return [
        Filed(receipt, one.message["id"], one.message["thread_id"], repeated=False)
        for receipt, one in zip(receipts, written, strict=True)
    ]


def read(database: Database, receipt: Receipt, now: datetime) -> Conversation:
    """Open the thread of a receipt, and note the hour in which replies were first read.

    Raises: NotFound when there is none: it never was, or its time is over.
    """
    with database.read() as session:
        thread = _thread(session, receipt)
        query = select(Copy).where(Copy.thread_id == thread.id).options(undefer(Copy.words_sealed))
        # What came in stands before its answer of the same moment.
        found = session.scalars(query.order_by(Copy.at, Copy.direction, Copy.id)).all()
        school = session.scalar(select(School.name).where(School.id == thread.school_id))
        version = _version(session, thread)
    entries = [entry for entry in (_entry(receipt, copy) for copy in found) if entry]
    if any(copy.direction == "out" and copy.read_hour is None for copy in found):
        _note_read(database, thread.id, {copy.id for copy in found}, now)
    return Conversation(
        entries, thread.opened_at, thread.seen_at, thread.closed_at is not None, thread.language, school, version
    )


def answer(
    database: Database,
    keys: KeySet,
    receipt: Receipt,
    text: str,
    once: str,
    now: datetime,
    attachments: Sequence[Attachment] = (),
) -> Filed:
    """Add what a reporter says to the thread of the receipt, once. When this returns, it is on disk.

    Closed or not, it is the same thread: the message is taken up like any other, and its case reopens.
    Raises: NotFound; Empty, TooLong, BadInput when `once` is not what `receipts.new_seed` draws; Unavailable.
    """
    check_seed(once)
    reports.check_words(text)
    if not text.strip() and not attachments:
        raise Empty
    with database.read() as session:
        thread = _thread(session, receipt)
        slug = session.scalars(select(District.slug).where(District.id == thread.district_id)).one()
    words = text.strip()
    said = Said(
        words, filing.mark(receipt, once, words, attachments), reports.language_of(words, thread.language), now,
        attachments, read_in=thread.language,
    )  # fmt: skip
    place = Place(thread.district_id, slug, thread.school_id)
    message_id, repeated = _add(database, keys, place, thread.id, receipt, said)
    return Filed(receipt, message_id, thread.id, repeated)


def version(database: Database, receipt: Receipt) -> str:
    """Tell whether anything is new: a cheap question, whose answer changes with what `read` shows. Raises: NotFound."""
    with database.read() as session:
        return _version(session, _thread(session, receipt))


@dataclass(frozen=True)
class _Found:
    """The thread of a receipt, as far as intake may read it."""

    id: str
    district_id: str
    school_id: str | None
    language: str
    opened_at: datetime
    seen_at: datetime | None
    closed_at: datetime | None


def _receipt(one: Filing) -> Receipt:
    reports.check(one.report, len(one.attachments))
    return of_seed(one.report.once, one.report.place)


def _places(session: Session, wanted: Sequence[Report]) -> list[Place]:
    """Find where reports belong. Raises: BadInput for a school that is not there, or is another district's."""
    ids = {report.district_id for report in wanted}
    slugs = dict(session.execute(select(District.id, District.slug).where(District.id.in_(ids))).all())
    query = select(School.id, School.district_id).where(School.id.in_({report.school_id for report in wanted}))
    schools = dict(session.execute(query).all())
    for report in wanted:
        known = report.school_id is None or schools.get(report.school_id) == report.district_id
        if report.district_id not in slugs or not known:
            raise BadInput("That school is not on our list any more. Choose again.")
    return [Place(report.district_id, slugs[report.district_id], report.school_id) for report in wanted]


def _thread(session: Session, receipt: Receipt) -> _Found:
    columns = (
        Thread.id, Thread.district_id, Thread.school_id, Thread.language, Thread.opened_at, Thread.seen_at,
        Thread.closed_at,
    )  # fmt: skip
    found = session.execute(select(*columns).where(Thread.receipt_lookup == receipt.lookup_id)).first()
    if found is None:
        raise NotFound
    return _Found(*found)


def _file_again(database: Database, keys: KeySet, place: Place, receipt: Receipt, said: Said) -> Filed | None:
    """Store what is new in a report whose thread is there already; nothing when it is not."""
    try:
        with database.read() as session:
            thread = _thread(session, receipt)
    except NotFound:
        return None
    message_id, repeated = _add(database, keys, place, thread.id, receipt, said)
    return Filed(receipt, message_id, thread.id, repeated)


def _add(
    database: Database, keys: KeySet, place: Place, thread_id: str, receipt: Receipt, said: Said
) -> tuple[str, bool]:
    """Store what is said on a thread that is there, once; answers its id, and whether it had been stored before."""
    written = filing.add(keys, place, thread_id, receipt, said)
    try:
        return _store(database, written), False
    except IntegrityError:
        with database.read() as session:
            query = select(Message.id).where(Message.channel == filing.CHANNEL, Message.provider_sid == said.mark)
            known = session.scalar(query)
            if known is None:
                _thread(session, receipt)  # Retention has just ended it: there is nothing left to answer on.
                raise
        return known, True


def _store(database: Database, written: Written) -> str:
    with database.write() as session:
        filing.store(session, [written])
    return str(written.message["id"])


def _entry(receipt: Receipt, copy: Copy) -> Entry | None:
    try:
        return Entry(copy.at, "you" if copy.direction == "in" else "staff", copies.opened(receipt, copy))
    except KeyRefused:
        log().error("a copy does not open with its receipt", copy=copy.id, code="unreadable")
        return None


def _note_read(database: Database, thread_id: str, ids: Collection[str], now: datetime) -> None:
    """Note the hour, no more: who sees to the second when a reply is read can look who holds a phone just then.

    What was shown is noted, not what came meanwhile; and who wants to read must not wait for a database to write.
    """
    unread = Copy.thread_id == thread_id, Copy.direction == "out", Copy.read_hour.is_(None), Copy.id.in_(ids)
    hour = now.replace(minute=0, second=0, microsecond=0)
    with suppress(Unavailable), database.write() as session:
        session.execute(update(Copy).where(*unread).values(read_hour=hour))


def _version(session: Session, thread: _Found) -> str:
    count = session.scalar(select(func.count()).select_from(Copy).where(Copy.thread_id == thread.id))
    moments = (thread.seen_at, thread.closed_at)
    return "-".join([str(count), *(str(int(moment.timestamp() * 1000)) if moment else "" for moment in moments)])
