"""The foundation's tables. Whoever reads this file knows what a stolen database shows without a key.

Sealed columns end in `_sealed`; nothing else holds a reporter's words or address. Ids are random and say nothing.
Deferred columns are read only where they are asked for: most processes have no right to (`gateway/front/roles`).
Times are UTC-aware. `responders` has tables of its own, beside the code that writes them.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A UTC-aware time in every database; SQLite keeps it without its zone, so the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; hand on UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand back a UTC-aware time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """Draw a random id: 32 hex digits, 128 bits, saying nothing of time or order."""
    return secrets.token_hex(16)


class Base(DeclarativeBase):
    """The one metadata that migrations compare against."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute as it stands
        datetime: UtcDateTime(),
        bytes: LargeBinary(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[dict[str, str]]: JSON(none_as_null=True),
    }

    def bound(self, column: str) -> str:
        """Name what a sealed column of this row is bound to, so that its envelope opens in this place only."""
        return self.bound_by(getattr(self, "id", ""), column)

    @classmethod
    def bound_by(cls, row_id: str, column: str) -> str:
        """Name the same of a row that is only being made, by its id."""
        return f"{cls.__tablename__}/{row_id}/{column}"


Id = String(32)


class District(Base):
    """A school district: the owner of keys, schools, lines, people and cases."""

    __tablename__ = "districts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(64), default="America/Denver")
    country: Mapped[str] = mapped_column(String(2), default="US")
    takes_strays: Mapped[bool] = mapped_column(default=False)
    """Whether messages to numbers that nobody owns come to this district's people."""
    help_lines: Mapped[list[dict[str, str]] | None]
    """Who helps right now beside the country's lines: `name` and `number` (E.164, or short), for its portal's pages."""
    leave_url: Mapped[str | None] = mapped_column(String(200))
    """Where the way out of the portal leads; the country's when there is none."""
    reports_per_minute: Mapped[int] = mapped_column(default=600)
    """More than so many calm reports about one school on the web in a minute are held aside; 0 for no limit."""
    thread_reports_per_minute: Mapped[int] = mapped_column(default=30)
    """The same, of one conversation on the web; and of all together about a school that brought no proof of work."""


class School(Base):
    """A school of a district."""

    __tablename__ = "schools"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    slug: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    help_lines: Mapped[list[dict[str, str]] | None]
    """Its own, e.g. its police officer's; as the district's."""
    __table_args__ = (UniqueConstraint("district_id", "slug"),)


class Line(Base):
    """A number of ours: people text `reports` lines; pages leave from, and are answered to, a `paging` line."""

    __tablename__ = "lines"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    number: Mapped[str] = mapped_column(String(20), unique=True)
    purpose: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(200))
    deletes_at_carrier: Mapped[bool] = mapped_column(default=True)
    """Whether the carrier's copy of a text is deleted once ours is safe and nothing more can become of it."""
    listed_until: Mapped[datetime | None]
    """By the carrier's own clock: all that it took in for this line before then has been looked through."""
    proof_every_minutes: Mapped[int] = mapped_column(default=360)
    """How often a text of our own proves the line; 0 for never."""
    texts_per_minute: Mapped[int] = mapped_column(default=12_000)
    """More than so many calm texts in a minute are held aside; 0 for no limit. Nothing is ever refused."""
    thread_texts_per_minute: Mapped[int] = mapped_column(default=30)
    """The same, of one conversation."""


class LineProof(Base):
    """A text of our own to a line for reports, with a code that nobody else knows; it opens no case."""

    __tablename__ = "line_proofs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    line_id: Mapped[str] = mapped_column(ForeignKey("lines.id"), index=True)
    send_id: Mapped[str] = mapped_column(ForeignKey("sends.id"), unique=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    asked_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    silent_at: Mapped[datetime | None]
    """When it was given up, or came by the carrier's list alone: the webhook had not brought it."""


class Contact(Base):
    """A staff member's number (E.164), so that the courier can tell an answered page from a misdirected tip."""

    __tablename__ = "contacts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    address: Mapped[str] = mapped_column(String(40))
    __table_args__ = (UniqueConstraint("district_id", "address"),)


class Token(Base):
    """The reversible token of a reporter on a line of a district: only the courier finds it, only it opens it.

    It points at the thread that is open now and at no earlier one, so old threads cannot be strung together; nor can
    two lines', since the line is part of what is indexed. Opting out is for a line too, as carriers have it.
    """

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    line_id: Mapped[str] = mapped_column(ForeignKey("lines.id"))
    blind_index: Mapped[bytes]
    address_sealed: Mapped[bytes]
    thread_id: Mapped[str | None] = mapped_column(ForeignKey("threads.id"), index=True)
    opted_out_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("district_id", "blind_index"),)


class Source(Base):
    """Another system of a district that tells us things. What is kept of it proves who it is, and forges nothing."""

    __tablename__ = "sources"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[str | None] = mapped_column(String(64))
    public_key: Mapped[bytes | None]
    """Ed25519, 32 bytes: of a system that signs what it sends. It has no token then."""
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Thread(Base):
    """A conversation with one reporter under a pseudonym. Cases are joined; threads never.

    One by text has a line and an address. One on the web has neither: who holds its receipt is its reporter.
    """

    __tablename__ = "threads"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    line_id: Mapped[str | None] = mapped_column(ForeignKey("lines.id"))
    channel: Mapped[str] = mapped_column(String(20))
    pseudonym: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(3))
    address_sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    receipt_lookup: Mapped[bytes | None] = mapped_column(unique=True, index=True, deferred=True)
    """What a receipt finds its thread by; it says nothing of the receipt: see `receipts`."""
    receipt_public: Mapped[bytes | None]
    """The public half of the receipt's key: what is said here is sealed to it a second time, as a `Copy`."""
    source_key: Mapped[bytes | None] = mapped_column(unique=True, index=True)
    """Of what another system tells: a hash of the system and of what it tells about; see `systems`."""
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    """Written from above: when a person last looked at what had come in here; told to who holds the receipt."""
    closed_at: Mapped[datetime | None]
    """Written from above when its case is closed: the next text then opens a new thread under a new pseudonym."""
    opted_out_at: Mapped[datetime | None]


class Message(Base):
    """One message of a conversation, in or out. Its words are sealed to the district's content key of the month.

    `address_sealed` is there only until the courier has threaded the message.
    """

    __tablename__ = "messages"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str | None] = mapped_column(ForeignKey("districts.id"))
    line_id: Mapped[str | None] = mapped_column(ForeignKey("lines.id"))
    thread_id: Mapped[str | None] = mapped_column(ForeignKey("threads.id"))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"))
    direction: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    """In: `tip`, `keyword`, `page_answer`, `synthetic` (our own proof of a line).

    Out: `receipt` (first acknowledgement), `reply`.
    """
    keyword: Mapped[str | None] = mapped_column(String(12))
    topic: Mapped[str | None] = mapped_column(String(20))
    """What the reporter said it is about, one of `triage.topics.CHOICES`: it raises, and never lowers."""
    quarantine: Mapped[str | None] = mapped_column(String(30))
    """Why nobody owns it (`unknown_line`), why we cannot make out what a system says (`systems.DOUBTS`), or nothing."""
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    """By what a repeat is known: the carrier's id of a text; of a web report a keyed hash that only its page knows."""
    language: Mapped[str] = mapped_column(String(3), default="und")
    first_look: Mapped[int] = mapped_column(SmallInteger, default=0)
    """Orders the queues and decides nothing: see `triage.first_look`."""
    media_count: Mapped[int] = mapped_column(default=0)
    words_sealed: Mapped[bytes]
    media_sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    address_sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    author: Mapped[str | None] = mapped_column(String(80))
    at: Mapped[datetime]
    threaded_at: Mapped[datetime | None]
    thread_attempts: Mapped[int] = mapped_column(default=0)
    thread_again_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    """When the floor above took it up: joined a case with it, took it as an answered page, or held it aside."""
    unproven: Mapped[bool] = mapped_column(default=False)
    """A report from a page that neither solved its puzzle nor waited: see `puzzles`."""
    flooded: Mapped[str | None] = mapped_column(String(6))
    """Which limit it was over: `thread`, `line`, on the web `school` or `proof`, or none."""
    held_at: Mapped[datetime | None]
    """When it was held aside for a person to let through; nothing once it was."""
    repeats_id: Mapped[str | None] = mapped_column(Id)
    """The message of its thread that said the same a moment before."""
    carrier_deleted_at: Mapped[datetime | None]
    """When the carrier's copy was deleted."""
    __table_args__ = (
        UniqueConstraint("channel", "provider_sid"),
        Index("messages_of_thread", "thread_id", "direction", "at"),
        Index("messages_to_thread", "direction", "threaded_at", "at"),
        Index("messages_to_dispatch", "direction", "dispatched_at", "at"),
        Index(
            "messages_with_files",
            "at",
            sqlite_where=text("media_sealed IS NOT NULL"),
            postgresql_where=text("media_sealed IS NOT NULL"),
        ),
        Index("messages_at_carrier", "direction", "line_id", "carrier_deleted_at"),
        Index(
            "messages_held",
            "district_id",
            "thread_id",
            sqlite_where=text("held_at IS NOT NULL"),
            postgresql_where=text("held_at IS NOT NULL"),
        ),
        Index(
            "messages_from_staff",
            "direction",
            "threaded_at",
            "dispatched_at",
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
    )


class Copy(Base):
    """What was said on a web thread, for its reporter: sealed to the receipt's key, which nobody here has.

    No key of ours opens or re-seals it. It is deleted with its message.
    """

    __tablename__ = "copies"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), index=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), unique=True)
    direction: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]
    words_sealed: Mapped[bytes] = mapped_column(deferred=True)
    read_hour: Mapped[datetime | None]
    """The beginning of the hour in which the reporter first read our reply; shown only when that hour is over."""


class Send(Base):
    """One text that must leave: to a reporter (`thread_id`, sealed to the courier) or to staff (`contact_id`).

    The row is the promise. It is taken under a lease, and its status only ever moves forward.
    """

    __tablename__ = "sends"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    account: Mapped[str] = mapped_column(String(10))
    """`reporters` (the courier sends) or `paging` (the worker sends)."""
    line_id: Mapped[str] = mapped_column(ForeignKey("lines.id"))
    thread_id: Mapped[str | None] = mapped_column(ForeignKey("threads.id"))
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"))
    message_id: Mapped[str | None] = mapped_column(ForeignKey("messages.id"), index=True)
    body_sealed: Mapped[bytes] = mapped_column(deferred=True)
    status: Mapped[str] = mapped_column(String(12), default="queued")
    error_code: Mapped[str | None] = mapped_column(String(30))
    provider_sid: Mapped[str | None] = mapped_column(String(64), index=True)
    priority: Mapped[int] = mapped_column(default=5)
    """0 goes first (a critical page), 9 last."""
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    carrier_deleted_at: Mapped[datetime | None]
    __table_args__ = (
        Index("sends_due", "account", "status", "due_at"),
        Index("sends_at_carrier", "line_id", "carrier_deleted_at"),
        Index("sends_of_thread", "thread_id", "status", "created_at"),
    )


class Event(Base):
    """One state transition, append-only: ids, codes and actors; never words, addresses or names."""

    __tablename__ = "events"
    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    id: Mapped[str] = mapped_column(Id, unique=True, default=new_id)
    district_id: Mapped[str | None] = mapped_column(Id, index=True)
    type: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    __table_args__ = ({"sqlite_autoincrement": True},)


class LogSeal(Base):
    """One sealed batch of the event log, append-only: bytes, because they are what was signed; see `log_heads`."""

    __tablename__ = "log_seals"
    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    head: Mapped[bytes]
    entries: Mapped[bytes]
    """Seq, id and digest of each of its events: shows where a change is, and is itself held by the head's root."""
    signature: Mapped[bytes]


class Heartbeat(Base):
    """One instance of a process, from start to end: codes and numbers; see `heartbeats`."""

    __tablename__ = "heartbeats"
    instance: Mapped[str] = mapped_column(Id, primary_key=True)
    process: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
