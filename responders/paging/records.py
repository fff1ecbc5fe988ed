"""Tables of the paging capability."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class Callout(Base):
    """Calling people out for one school (or the whole district): open until every case in it is acknowledged.

    Many tips within minutes are one callout, so each responder gets one page with a count, not a storm.
    """

    __tablename__ = "callouts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    urgency: Mapped[str] = mapped_column(String(10))
    """`critical` (everyone on call at once) or `high` (one after the other)."""
    code: Mapped[str] = mapped_column(String(8))
    """What a responder answers to acknowledge; unique among the district's open callouts."""
    step: Mapped[int] = mapped_column(default=0)
    """How many rounds of pages have gone out."""
    opened_at: Mapped[datetime]
    next_at: Mapped[datetime]
    """When the next round is due."""
    escalated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    __table_args__ = (Index("callouts_due", "closed_at", "next_at"),)


class CalloutCase(Base):
    """A case that a callout is about."""

    __tablename__ = "callout_cases"
    callout_id: Mapped[str] = mapped_column(ForeignKey("callouts.id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True, index=True)
    added_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    __table_args__ = (Index("callout_cases_taken_up", "acknowledged_at"),)


class Page(Base):
    """One text to one responder. How it fared is its send's status; `case_count` is what it told of."""

    __tablename__ = "pages"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    callout_id: Mapped[str] = mapped_column(ForeignKey("callouts.id"), index=True)
    responder_id: Mapped[str] = mapped_column(ForeignKey("responders.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    """The case it named."""
    send_id: Mapped[str] = mapped_column(ForeignKey("sends.id"), index=True)
    step: Mapped[int]
    case_count: Mapped[int]
    at: Mapped[datetime]
    failure_seen_at: Mapped[datetime | None]
    """When paging took note that this page did not arrive, and went on to the next person."""
