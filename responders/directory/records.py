"""Tables of the directory capability."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id


class Responder(Base):
    """A person who can be paged; `account_id` is their way into the console, when they have one."""

    __tablename__ = "responders"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    contact_id: Mapped[str] = mapped_column(ForeignKey("contacts.id"), unique=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))


class Duty(Base):
    """A place on a school's on-call list (`tier` `on_call`) or on the list to try next (`escalation`).

    Without a school it holds for the whole district, and for schools that have no list of their own.
    """

    __tablename__ = "duties"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    tier: Mapped[str] = mapped_column(String(12))
    position: Mapped[int]
    responder_id: Mapped[str] = mapped_column(ForeignKey("responders.id"))
    __table_args__ = (Index("duties_of_school", "district_id", "school_id", "tier", "position"),)


class SchoolArea(Base):
    """Where a school is, as alerts tell it: shapes and codes in CAP's own notation."""

    __tablename__ = "school_areas"
    school_id: Mapped[str] = mapped_column(ForeignKey("schools.id"), primary_key=True)
    description: Mapped[str] = mapped_column(String(200))
    polygons: Mapped[list[str]]
    """`lat,lon lat,lon …`, closed."""
    circles: Mapped[list[str]]
    """`lat,lon radius`, the radius in kilometres."""
    geocodes: Mapped[list[str]]
    """`SAME=008059` and the like."""
