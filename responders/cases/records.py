"""Tables of the cases capability. Words, spans and names are sealed; the rest is codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class Case(Base):
    """What a tip opened. `state`: `new`, `acknowledged`, `in_progress`, `resolved`, `closed`.

    Severity, life-safety and categories are the highest that its messages gave; they never fall by themselves.
    """

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    number: Mapped[str] = mapped_column(String(20))
    """What people call it, e.g. `2026-0012`."""
    state: Mapped[str] = mapped_column(String(14))
    severity: Mapped[str] = mapped_column(String(10))
    urgency_rank: Mapped[int]
    """Sorts the inbox: severity's rank, an `unsure` case standing with the high ones."""
    life_safety: Mapped[bool]
    unsure: Mapped[bool]
    unsure_reason: Mapped[str | None] = mapped_column(String(30))
    categories: Mapped[list[str]]
    stray: Mapped[bool] = mapped_column(default=False)
    """It came in at a number that nobody owns."""
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(80))
    """An actor: `account:<id>` or `contact:<id>`."""
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    joined_into_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    __table_args__ = (
        UniqueConstraint("district_id", "number"),
        Index("cases_inbox", "district_id", "state", "urgency_rank", "opened_at"),
        Index("cases_by_urgency", "district_id", "urgency_rank"),
        Index("cases_by_update", "district_id", "updated_at"),
    )


class CaseCounter(Base):
    """The last case number of a district's year."""

    __tablename__ = "case_counters"
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class CaseThread(Base):
    """A thread belongs to one case; a case may have several threads, which stay apart."""

    __tablename__ = "case_threads"
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)


class CaseMessage(Base):
    """Which case a message that came in belongs to: known even when the courier has not threaded it."""

    __tablename__ = "case_messages"
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)


class CaseAssessment(Base):
    """What the engine said of one message.

    `detail_sealed` is JSON: `{"indicators":[{"name","start","end"}],"missing":[code]}`.
    """

    __tablename__ = "case_assessments"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), index=True)
    severity: Mapped[str] = mapped_column(String(10))
    life_safety: Mapped[bool]
    unsure: Mapped[bool]
    unsure_reason: Mapped[str | None] = mapped_column(String(30))
    categories: Mapped[list[str]]
    rules: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    detail_sealed: Mapped[bytes]


class CaseCorrection(Base):
    """What a responder said a case really is, and what it was taken for; codes alone."""

    __tablename__ = "case_corrections"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    severity_before: Mapped[str] = mapped_column(String(10))
    severity: Mapped[str] = mapped_column(String(10))
    category_before: Mapped[str] = mapped_column(String(30))
    category: Mapped[str] = mapped_column(String(30))
    unsure_before: Mapped[bool]
    rules: Mapped[str] = mapped_column(String(40))
    """The version of the rules that had judged it last."""
    why_code: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(index=True)


class Note(Base):
    """What a responder wrote down for colleagues; reporters never see it."""

    __tablename__ = "notes"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    words_sealed: Mapped[bytes]


class Unmasking(Base):
    """A responder has let staff read one span in which a reporter names themselves; nothing takes that back.

    `ordinal` and `kind` are the span's under the rules of `rules`. `detail_sealed` is JSON:
    `{"start","end","note"}`, the characters that were meant: they alone are shown, whatever later rules count.
    """

    __tablename__ = "unmaskings"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    ordinal: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    rules: Mapped[str] = mapped_column(String(40))
    reason_code: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    detail_sealed: Mapped[bytes]
    __table_args__ = (UniqueConstraint("message_id", "ordinal", "kind", "rules"),)


class CaseHold(Base):
    """A legal hold: while one stands, nothing of its case is destroyed, nor of what was joined with it."""

    __tablename__ = "case_holds"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    reason_code: Mapped[str] = mapped_column(String(20))
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(String(80))
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(80))
