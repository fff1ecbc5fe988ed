"""Filing: a report or an answer becomes rows: a thread, a message, its copy for the reporter, events. No key opens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from gateway.core import copies, events, pseudonyms, reports
from gateway.core.keys import KeySet
from gateway.core.receipts import Receipt
from gateway.core.records import Copy, Event, Message, Thread, new_id
from gateway.core.reports import Report

ACTOR, CHANNEL = "process:intake", "web"


@dataclass(frozen=True)
class Attachment:
    """Something that comes with words. `digest` is of its content, so that a repeat is known.

    `write(session, message_id)` stores what is to be stored of it, in the transaction that stores the message. What is
    not `taken` leaves only a note that there was something.
    """

    digest: bytes = field(repr=False)
    write: Callable[[Session, str], None] = field(repr=False)
    taken: bool = True


@dataclass(frozen=True)
class Filing:
    """A report that is to be stored, with what came with it, and when."""

    report: Report
    now: datetime
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True)
class Place:
    """Where something belongs: a district (its slug names its keys), and a school of it or none."""

    district_id: str
    slug: str
    school_id: str | None


@dataclass(frozen=True)
class Said:
    """What somebody said in one go; `mark` is by what a repeat of it is known, `read_in` what its reporter reads."""

    words: str = field(repr=False)
    mark: str
    language: str
    at: datetime
    attachments: Sequence[Attachment] = ()
    topic: str | None = None
    read_in: str = "en"
    proved: bool = True


@dataclass(frozen=True)
class Written:
    """Rows that are ready to be stored together; `thread` only of a report that opens one."""

    message: dict[str, Any] = field(repr=False)
    copy: dict[str, Any] = field(repr=False)
    events: list[dict[str, Any]]
    attachments: Sequence[Attachment] = ()
    thread: dict[str, Any] | None = field(default=None, repr=False)


def of_report(filing: Filing, receipt: Receipt) -> Said:
    """Take from a report what is said."""
    report, words = filing.report, filing.report.words()
    return Said(
        words=words,
        mark=mark(receipt, report.once, words, filing.attachments, report.category),
        language=reports.language_of(report.text, report.language),
        at=filing.now,
        attachments=filing.attachments,
        topic=report.category,
        read_in=report.language,
        proved=report.proved,
    )


def mark(receipt: Receipt, once: str, words: str, attachments: Sequence[Attachment], topic: str | None = None) -> str:
    """Mark what is said: who changes a word and sends the same form again has said something else."""
    digests = b"".join(hashlib.sha256(one.digest).digest() for one in attachments)
    return receipt.mark(once, words.encode("utf-8", "surrogatepass"), digests, (topic or "").encode())


def open_thread(
    keys: KeySet, place: Place, receipt: Receipt, said: Said, language: str, choose: Callable[[int], int]
) -> Written:
    """Write a report as a new thread with its first message. `language` is what its reporter is answered in."""
    thread_id = new_id()
    thread = {
        "id": thread_id,
        "district_id": place.district_id,
        "school_id": place.school_id,
        "line_id": None,
        "channel": CHANNEL,
        "pseudonym": pseudonyms.draw(choose),
        "language": language,
        "receipt_lookup": receipt.lookup_id,
        "receipt_public": receipt.private_key.public_key().public_bytes_raw(),
        "opened_at": said.at,
    }
    first = add(keys, place, thread_id, receipt, said)
    opened = events.row(
        "thread.opened", subject=f"thread/{thread_id}", actor=ACTOR, at=said.at, district_id=place.district_id,
        channel=CHANNEL, line=None,
    )  # fmt: skip
    return Written(first.message, first.copy, [*first.events, opened], said.attachments, thread)


def add(keys: KeySet, place: Place, thread_id: str, receipt: Receipt, said: Said) -> Written:
    """Write what is said on a thread. It has its thread from the start, so nothing of it waits for the courier."""
    message = Message(id=new_id())
    media = len(said.attachments)
    row = {
        "id": message.id,
        "district_id": place.district_id,
        "thread_id": thread_id,
        "direction": "in",
        "channel": CHANNEL,
        "kind": "tip",
        "topic": said.topic,
        "unproven": not said.proved,
        "provider_sid": said.mark,
        "language": said.language,
        "first_look": reports.look(said.words, media, said.topic),
        "media_count": media,
        "words_sealed": keys.seal_words(place.slug, said.at, said.words, message.bound("words")),
        "at": said.at,
        "threaded_at": said.at,
    }
    public = receipt.private_key.public_key().public_bytes_raw()
    shown = reports.with_files(said.words, sum(one.taken for one in said.attachments), said.read_in)
    copy = copies.row(public, shown, thread_id=thread_id, message_id=message.id, direction="in", at=said.at)
    received = events.row(
        "message.received", subject=f"message/{message.id}", actor="reporter", at=said.at,
        district_id=place.district_id, channel=CHANNEL, line=None, message_kind="tip", keyword=None, quarantine=None,
        media=media, thread=thread_id,
    )  # fmt: skip
    return Written(row, copy, [received], said.attachments)


def store(session: Session, written: Sequence[Written]) -> None:
    """Write what was said at the same time, in whole statements, in the caller's transaction.

    Raises: sqlalchemy.exc.IntegrityError when any of it is there already, or its thread no longer.
    """
    # By their marks, so that two groups with the same repeats never wait for each other in a circle.
    written = sorted(written, key=lambda one: str(one.message["provider_sid"]))
    tables: Sequence[tuple[Any, list[dict[str, Any]]]] = (
        (Thread.__table__, [one.thread for one in written if one.thread]),
        (Message.__table__, [one.message for one in written]),
        (Copy.__table__, [one.copy for one in written]),
        (Event.__table__, [event for one in written for event in one.events]),
    )
    for table, rows in tables:
        if rows:
            session.execute(insert(table), rows)
    for one in written:
        for attachment in one.attachments:
            attachment.write(session, one.message["id"])
