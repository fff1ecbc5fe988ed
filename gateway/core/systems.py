"""Systems: what another system of a district tells us is sealed and stored as any message is. No key opens.

A system stands on a thread under its own name, one thread for each thing that it tells about: what it tells next about
the same thing joins the same case. It says who it is by a token, of which a hash is kept, or by a signature, of which
the public key is: who steals the database can forge neither.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.core import events, reports, signing
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.keys import KeySet
from gateway.core.records import District, Event, Message, School, Source, Thread, new_id
from triage import first_look, language

CHANNEL, ACTOR = "system", "process:intake"
UNKNOWN, UNCLEAR = "unknown_event", "unclear_event"
"""Why a person must look: nobody has told us what such an event means; it lacks what an event of its kind has."""
DOUBTS = frozenset({UNKNOWN, UNCLEAR})
_NO_SCHOOL = "No school of the district has the short name that it gives. Look which one is meant."
REMARK_LENGTH = len(_NO_SCHOOL) + 2
"""So many characters more an event may have here that names a school."""
_TRIES = 3


@dataclass(frozen=True)
class Told:
    """What one event tells. `origin` and `id` are the event's own source and id: by them a repeat is known.

    `subject` is what it tells about, if it says so; `school` the short name that it gives, empty for what can be none;
    `doubt` one of `DOUBTS`, when we could not make out what it says.
    """

    origin: str
    id: str
    words: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    school: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Kept:
    """What became of what a system told: how much was new, and what of it, by its place, names no school there is."""

    new: int
    misplaced: frozenset[int] = frozenset()


def receive(database: Database, keys: KeySet, source: Source, told: Sequence[Told], now: datetime) -> Kept:
    """Store what a system tells in one commit: all that is new of it, or nothing.

    However often and concurrently it comes, it is stored once. When this returns, it is on disk. Raises: Unavailable.
    """
    for last in range(1, _TRIES + 1):
        try:
            with database.write() as session:
                return _store(session, keys, source, told, now)
        except IntegrityError:
            # Somebody has stored one of them, or opened its thread, since we looked.
            if last == _TRIES:
                raise
    raise AssertionError


def find(session: Session, source_id: str) -> Source | None:
    """Find a system that may tell us things."""
    if not reports.is_id(source_id):
        return None
    return session.scalar(select(Source).where(Source.id == source_id, Source.removed_at.is_(None)))


def of_district(session: Session, district_id: str) -> list[Source]:
    """List a district's systems by name."""
    query = select(Source).where(Source.district_id == district_id, Source.removed_at.is_(None))
    return list(session.scalars(query.order_by(Source.name, Source.id)))


def add(
    session: Session, district: District, school: School | None, name: str, public_key: str | None, now: datetime
) -> tuple[Source, str | None]:
    """Let a system tell us things; the answer is also the only copy of its token, unless it signs. Raises: BadInput."""
    if not 0 < len(name.strip()) <= 60:
        raise BadInput("Say what the system is called, in up to 60 characters.")
    if any(one.name == name.strip() for one in of_district(session, district.id)):
        raise BadInput("The district has a system of that name.")
    token = None if public_key else f"tin_{secrets.token_urlsafe(32)}"
    made = Source(
        id=new_id(), district_id=district.id, school_id=school.id if school else None, name=name.strip(),
        token_hash=hash_of(token) if token else None, public_key=signing.public_key(public_key) if public_key else None,
        added_at=now,
    )  # fmt: skip
    session.add(made)
    events.emit(
        session, "source.added", subject=f"source/{made.id}", actor="operator", at=now, district_id=district.id,
        signs=token is None,
    )  # fmt: skip
    return made, token


def remove(session: Session, district: District, name: str, now: datetime) -> None:
    """Hear a system no more; what it told stays. Raises: NotFound."""
    found = next((one for one in of_district(session, district.id) if one.name == name), None)
    if found is None:
        raise NotFound("The district has no system of that name. `tipline sources` lists them.")
    found.removed_at = now
    events.emit(
        session, "source.removed", subject=f"source/{found.id}", actor="operator", at=now, district_id=district.id
    )


def hash_of(token: str) -> str:
    """Say what is kept of a token; it has 256 bits of its own, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _store(session: Session, keys: KeySet, source: Source, told: Sequence[Told], now: datetime) -> Kept:
    schools = _schools(session, source, {one.school for one in told if one.school})
    misplaced = frozenset(place for place, one in enumerate(told) if one.school not in {None, *schools})
    told = [_remarked(one) if place in misplaced else one for place, one in enumerate(told)]
    new = _unknown(session, {_mark(source, "id", one.origin, one.id).hex(): one for one in told})
    if not new:
        return Kept(0, misplaced)
    district = session.get_one(District, source.district_id)
    threads = _threads(session, source, district, schools, new, now)
    rows = [_message(keys, district, threads.ids[mark], mark, one, now) for mark, one in new.items()]
    received = [_received(source, row) for row in rows]
    for table, values in ((Thread, threads.rows), (Message, rows), (Event, [*threads.events, *received])):
        if values:
            session.execute(insert(table.__table__), values)  # type: ignore[arg-type]  # a FromClause
    return Kept(len(rows), misplaced)


def _schools(session: Session, source: Source, slugs: set[str]) -> dict[str, str]:
    """Find the district's schools of these short names: their ids."""
    if not slugs:
        return {}
    query = select(School.slug, School.id).where(School.district_id == source.district_id, School.slug.in_(slugs))
    return {row.slug: row.id for row in session.execute(query)}


def _remarked(told: Told) -> Told:
    """Say to who reads it that it names no school there is."""
    return replace(told, words=f"{told.words}\n\n{_NO_SCHOOL}")


def _unknown(session: Session, told: dict[str, Told]) -> dict[str, Told]:
    """Leave out what is stored already. Sorted, so that two with the same repeats never wait in a circle."""
    query = select(Message.provider_sid).where(Message.channel == CHANNEL, Message.provider_sid.in_(list(told)))
    known = set(session.scalars(query))
    return {mark: told[mark] for mark in sorted(told) if mark not in known}


@dataclass(frozen=True)
class _Threads:
    """The thread of each event, by its mark, and the rows of those that must be opened."""

    ids: dict[str, str]
    rows: list[dict[str, Any]]
    events: list[dict[str, Any]]


def _threads(
    session: Session, source: Source, district: District, schools: dict[str, str], told: dict[str, Told], now: datetime
) -> _Threads:
    wanted = {mark: _about(source, one) for mark, one in told.items()}
    query = select(Thread.source_key, Thread.id).where(Thread.source_key.in_(list(wanted.values())))
    ids = {key: thread_id for key, thread_id in session.execute(query) if key}
    made = _Threads({}, [], [])
    for mark, key in wanted.items():
        if key not in ids:
            ids[key] = new_id()
            made.rows.append(
                {
                    "id": ids[key], "district_id": district.id, "channel": CHANNEL, "pseudonym": source.name,
                    "school_id": schools.get(told[mark].school or "", source.school_id), "language": "en",
                    "source_key": key,
                    # Nobody reads answers there, so none is sent, and none is asked for.
                    "opened_at": now, "opted_out_at": now,
                }
            )  # fmt: skip
            made.events.append(
                events.row(
                    "thread.opened", subject=f"thread/{ids[key]}", actor=ACTOR, at=now, district_id=district.id,
                    channel=CHANNEL, line=None,
                )
            )  # fmt: skip
        made.ids[mark] = ids[key]
    return made


def _message(keys: KeySet, district: District, thread_id: str, mark: str, told: Told, now: datetime) -> dict[str, Any]:
    row_id = new_id()
    return {
        "id": row_id, "district_id": district.id, "thread_id": thread_id, "direction": "in", "channel": CHANNEL,
        "kind": "tip", "quarantine": told.doubt, "provider_sid": mark,
        "language": language.guess(told.words), "first_look": first_look.look(told.words), "media_count": 0,
        "words_sealed": keys.seal_words(district.slug, now, told.words, Message.bound_by(row_id, "words")),
        "at": now, "threaded_at": now,
    }  # fmt: skip


def _received(source: Source, row: dict[str, Any]) -> dict[str, Any]:
    return events.row(
        "message.received", subject=f"message/{row['id']}", actor=f"source:{source.id}", at=row["at"],
        district_id=row["district_id"], channel=CHANNEL, line=None, message_kind="tip", keyword=None,
        quarantine=row["quarantine"], media=0, thread=row["thread_id"],
    )  # fmt: skip


def _about(source: Source, told: Told) -> bytes:
    """Name what is told about: what it says itself, else this event alone."""
    return _mark(source, "subject", told.subject) if told.subject else _mark(source, "event", told.origin, told.id)


def _mark(source: Source, *parts: str) -> bytes:
    whole = "\0".join((source.id, *(f"{len(part)}:{part}" for part in parts)))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
