"""Exporting a case: the one way that command, console and GraphQL share, so that all give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import NotFound
from gateway.core.events import emit
from responders.cases import service as cases
from responders.cases.records import Case
from responders.exporting import formats
from responders.exporting.reading import Reader


@dataclass(frozen=True)
class Wanted:
    """Which case of which district, in what format; the format's default flavour when none is named."""

    district_id: str
    number: str
    format: str
    flavour: str | None = None


@dataclass(frozen=True)
class Document:
    """An exported case: bytes, what they are, and a name for a file."""

    case: Case = field(repr=False)
    format: str
    flavour: str
    content: bytes = field(repr=False)
    media_type: str
    filename: str


def export(database: Database, reader: Reader, wanted: Wanted, actor: str) -> Document:
    """Write a case as a document, and note who had it. Without the note there is no document.

    Raises: what `write` raises; Unavailable.
    """
    with database.read() as session:
        document = write(session, reader, wanted)
    with database.write() as session:
        note(session, document, actor, reader.now)
    return document


def write(session: Session, reader: Reader, wanted: Wanted) -> Document:
    """Write the document; it may be handed out once `note` is committed.

    Raises: NotFound for a case that is not the district's; BadInput for an unknown format or flavour.
    """
    chosen = formats.find(wanted.format)
    flavour = chosen.flavour(wanted.flavour)
    case = cases.by_number(session, wanted.district_id, wanted.number)
    if case is None:
        raise NotFound("There is no case of that number.")
    content = chosen.make(session, reader, case, flavour)
    filename = f"case-{case.number}.{chosen.name}-{flavour}.{chosen.ending}"
    return Document(case, chosen.name, flavour, content, chosen.media_type, filename)


def note(session: Session, document: Document, actor: str, now: datetime) -> None:
    """Note that somebody had a case, and as what."""
    case = document.case
    emit(
        session, "case.exported", subject=f"case/{case.id}", actor=actor, at=now, district_id=case.district_id,
        format=document.format, flavour=document.flavour,
    )  # fmt: skip
