"""The table of rule packs. What a district watches for is sealed: it is not for thieves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class RulePack(Base):
    """One version of a district's pack; the highest is in force, and none is ever changed."""

    __tablename__ = "rule_packs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    version: Mapped[int]
    """From 1 on."""
    at: Mapped[datetime]
    author: Mapped[str] = mapped_column(String(80))
    """An actor: `account:<id>` or `operator`."""
    words_sealed: Mapped[bytes] = mapped_column(deferred=True)
    """The file as it was written, see `triage.packs`."""
    __table_args__ = (UniqueConstraint("district_id", "version"),)
