"""Tables of the linking capability. Which two cases are alike is readable, and as what; why is sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class Likeness(Base):
    """Two cases that may be one. A pair is proposed once; what a person has refused stays refused.

    `kind`: `same` (one thing), `earlier` (an earlier concern about the same person), `copy` (a message that is passed
    on), `person` (joined by somebody to whom it was not proposed). `state`: `proposed`, `joined`, `refused`.
    `detail_sealed` is JSON: `{"reasons":[{"kind","here","there"}],"cue"}`, words of the later case first.
    """

    __tablename__ = "likenesses"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    """The later of both."""
    other_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8), default="proposed")
    at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    judged_at: Mapped[datetime | None]
    """When the whole was judged anew, after they were joined."""
    detail_sealed: Mapped[bytes]
    __table_args__ = (
        UniqueConstraint("case_id", "other_id"),
        Index("likenesses_to_judge", "state", "judged_at"),
    )
