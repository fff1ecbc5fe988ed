"""Tables of the retention capability: deadlines, runs, and what is left of what was destroyed. No words, no numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class RetentionRule(Base):
    """A district's own deadline for a kind: an ISO 8601 duration. Without a row the default holds."""

    __tablename__ = "retention_rules"
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    duration: Mapped[str] = mapped_column(String(20))


class RetentionRun(Base):
    """An order to destroy what is past its deadline, by the clock each day or by a person; the worker carries it out.

    `summary` counts what was past a deadline and kept all the same: `held`, `open`, `carrier`.
    """

    __tablename__ = "retention_runs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    ordered_at: Mapped[datetime]
    ordered_by: Mapped[str] = mapped_column(String(80))
    finished_at: Mapped[datetime | None]
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Destroyed(Base):
    """What a run destroyed, counted in the transaction that did it: a kind of a district's month."""

    __tablename__ = "retention_destroyed"
    run_id: Mapped[str] = mapped_column(ForeignKey("retention_runs.id"), primary_key=True)
    district: Mapped[str] = mapped_column(String(63), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    things: Mapped[int] = mapped_column(default=0)
    """Cases, strays' messages or texts, whatever the kind is made of."""
    messages: Mapped[int] = mapped_column(default=0)


class KeyEnd(Base):
    """The end of a month's content keys, step by step; `district` is a slug, or `common`."""

    __tablename__ = "key_ends"
    district: Mapped[str] = mapped_column(String(63), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("retention_runs.id"), index=True)
    kids: Mapped[list[str]]
    """Ids of its keys in hex, replaced ones too."""
    resealed: Mapped[int] = mapped_column(default=0)
    """How many envelopes went on to a later key."""
    resealed_at: Mapped[datetime | None]
    """When nothing was under these keys any more: from here on they may go."""
    worker_gone_at: Mapped[datetime | None]
    console_gone_at: Mapped[datetime | None]
    finding: Mapped[str | None] = mapped_column(String(40))
    """Why they cannot be destroyed: `unsealable`, envelopes are under them which do not open."""


class Tombstone(Base):
    """All that is left of a case: that there was one. Its id is the case's, as events know it."""

    __tablename__ = "tombstones"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    month: Mapped[str] = mapped_column(String(7))
    """When it was opened."""
    severity: Mapped[str] = mapped_column(String(10))
    destroyed_at: Mapped[datetime]
    run_id: Mapped[str] = mapped_column(ForeignKey("retention_runs.id"))
