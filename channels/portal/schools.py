"""Schools: found by name or by their own link."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.core.records import District, Line, School, Thread

MOST_SHOWN = 30
"""Up to so many are listed without a search, and of a search's finds."""
_ALL = select(School, District).join(District).order_by(District.name, School.name)


@dataclass(frozen=True)
class Place:
    """A school in its district; `path` is its own link, short where no other district has a school of that name."""

    school: School
    district: District
    path: str


def all_of(session: Session) -> list[Place]:
    """List every school, by district and name."""
    rows = session.execute(_ALL).all()
    times = Counter(school.slug for school, _ in rows)
    return [
        Place(school, district, _path(district, school, alone=times[school.slug] == 1)) for school, district in rows
    ]


def search(places: list[Place], typed: str) -> list[Place]:
    """Find the schools whose name, or whose district's, has every word that was typed, whatever accents and case."""
    words = _plain(typed).split()
    return [
        place for place in places
        if all(word in f"{_plain(place.school.name)} {_plain(place.district.name)}" for word in words)
    ]  # fmt: skip


def by_link(session: Session, school: str, district: str | None = None) -> list[Place]:
    """Find the schools that a link means: none, one, or one each of several districts."""
    rows = session.execute(_ALL.where(School.slug == school)).all()
    found = [Place(one, of, _path(of, one, alone=len(rows) == 1)) for one, of in rows]
    return [place for place in found if district is None or place.district.slug == district]


def number_of(session: Session, place: Place) -> str | None:
    """Find the number to text for a school: its own, else its district's."""
    query = select(Line.number).where(
        Line.district_id == place.district.id,
        Line.purpose == "reports",
        or_(Line.school_id == place.school.id, Line.school_id.is_(None)),
    )
    return session.scalars(query.order_by(Line.school_id.is_(None), Line.number)).first()


def of_receipt(session: Session, lookup_id: bytes) -> Place | None:
    """Find the school that the thread of a receipt is about."""
    query = select(School, District).join(District).join(Thread, Thread.school_id == School.id)
    found = session.execute(query.where(Thread.receipt_lookup == lookup_id)).first()
    return Place(*found, path="/back") if found else None


def district_of_receipt(session: Session, lookup_id: bytes) -> District | None:
    """Find the district of the thread of a receipt."""
    query = select(District).join(Thread, Thread.district_id == District.id)
    return session.scalar(query.where(Thread.receipt_lookup == lookup_id))


def only_district(session: Session) -> District | None:
    """Find the only district there is, for pages that are about no school; none where there are more."""
    found = session.scalars(select(District).limit(2)).all()
    return found[0] if len(found) == 1 else None


def _path(district: District, school: School, *, alone: bool) -> str:
    return f"/s/{school.slug}" if alone else f"/d/{district.slug}/s/{school.slug}"


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
