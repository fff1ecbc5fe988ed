"""Intake: one transaction from a parsed message to a safe row. It seals; it holds no key that opens anything.

This is what a reporter's phone waits for, so it speaks to the database in whole statements, and what comes at the same
time may share a commit.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import Select, bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.core import events, numbers, proofs
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.messages import Inbound
from gateway.core.records import District, Event, Line, Message, new_id
from triage import first_look, language

ACTOR = "process:intake"


@dataclass(frozen=True)
class Receipt:
    """What intake answers: the id of the stored message, and whether it had been stored before."""

    message_id: str
    repeated: bool


def receive(database: Database, keys: KeySet, inbound: Inbound) -> Receipt:
    """Store a message once, however often and however concurrently it comes. When this returns, it is on disk.

    Raises: Unavailable when the database cannot take it: the caller must then not answer that all is well.
    """
    try:
        return _store_together(database, keys, [inbound])[0]
    except IntegrityError:
        # It is there already: carriers repeat themselves, seldom enough that nobody looks before.
        with database.read() as session:
            known = _known(session, inbound)
        if known is None:
            raise
        return Receipt(known, repeated=True)


def receive_all(database: Database, keys: KeySet, inbounds: Sequence[Inbound]) -> list[Receipt]:
    """Store messages that came at the same time in one commit: all, or none.

    Raises: what `receive` raises; for several also sqlalchemy.exc.IntegrityError when one is there already.
    """
    if len(inbounds) == 1:
        return [receive(database, keys, inbounds[0])]
    return _store_together(database, keys, inbounds)


def _known(session: Session, inbound: Inbound) -> str | None:
    query = select(Message.id).where(Message.channel == inbound.channel, Message.provider_sid == inbound.provider_sid)
    return session.scalar(query)


def _store_together(database: Database, keys: KeySet, inbounds: Sequence[Inbound]) -> list[Receipt]:
    """Store messages in one transaction; on SQLite, where it keeps all others waiting, they are sealed before."""
    if database.is_sqlite:
        with database.read() as session:
            sealed = seal(session, keys, inbounds)
    with database.write() as session:
        if not database.is_sqlite:
            sealed = seal(session, keys, inbounds)
        return [Receipt(message_id, repeated=False) for message_id in write(session, keys, sealed)]


@dataclass(frozen=True)
class Sealed:
    """A message that is ready to be stored: the row that is stored of it."""

    inbound: Inbound
    row: dict[str, Any]


def seal(session: Session, keys: KeySet, inbounds: Sequence[Inbound]) -> list[Sealed]:
    """Find whose messages these are, and seal them."""
    recipients = [numbers.normalize(inbound.recipient).value for inbound in inbounds]
    owners = _owners(session, set(recipients))
    return [
        Sealed(inbound, _row(keys, owners[recipient], inbound))
        for recipient, inbound in zip(recipients, inbounds, strict=True)
    ]


def write(session: Session, keys: KeySet, sealed: Sequence[Sealed]) -> list[str]:
    """Write messages and their events in the caller's transaction, in two statements; answers their ids.

    Raises: sqlalchemy.exc.IntegrityError when one is there already.
    """
    for one in sealed:
        if one.row["line_id"] and proofs.is_shaped(one.inbound.text) and _is_proof(session, keys, one):
            at = one.inbound.received_at
            one.row.update(kind="synthetic", address_sealed=None, threaded_at=at, dispatched_at=at)
    # By their ids, so that two groups with the same repeats never wait for each other in a circle.
    rows = sorted((one.row for one in sealed), key=lambda row: (row["channel"], row["provider_sid"]))
    session.execute(insert(Message.__table__), rows)  # type: ignore[arg-type]  # a FromClause
    session.execute(insert(Event.__table__), [_event(one) for one in sealed])  # type: ignore[arg-type]
    return [one.row["id"] for one in sealed]


@dataclass(frozen=True)
class _Owner:
    """Whose message it is: a line and its district; a stray's district, or nobody at all."""

    line_id: str | None = None
    purpose: str | None = None
    district_id: str | None = None
    slug: str | None = None
    country: str = "US"


def _owners(session: Session, recipients: Collection[str]) -> dict[str, _Owner]:
    """Find whose messages to these numbers are; a stray goes to the district whose people look after strays."""
    of_lines = session.execute(_lines_of_numbers(), {"numbers": list(recipients)})
    found = {number: _Owner(*owner) for number, *owner in of_lines}
    if len(found) < len(recipients):
        columns = District.id, District.slug, District.country
        strays = select(*columns).where(District.takes_strays).order_by(District.id).limit(1)
        keeper = session.execute(strays).first()
        found.update(dict.fromkeys(set(recipients) - found.keys(), _Owner(None, None, *keeper) if keeper else _Owner()))
    return found


@cache
def _lines_of_numbers() -> Select[str, str, str, str, str, str]:
    """Make the one query of every text once: making it takes as long as asking it."""
    columns = Line.number, Line.id, Line.purpose, District.id, District.slug, District.country
    query = select(*columns).join(District, District.id == Line.district_id)
    return query.where(Line.number.in_(bindparam("numbers", expanding=True)))


def _row(keys: KeySet, owner: _Owner, inbound: Inbound) -> dict[str, Any]:
    """Seal a message into the row that is stored of it."""
    sender = numbers.normalize(inbound.sender, owner.country)
    row_id = new_id()
    bound = partial(Message.bound_by, row_id)
    at, text = inbound.received_at, numbers.mask(inbound.text, sender)
    media = json.dumps(inbound.media) if inbound.media else None
    return {
        "id": row_id,
        "district_id": owner.district_id,
        "line_id": owner.line_id,
        "direction": "in",
        "channel": inbound.channel,
        "kind": _kind(owner.purpose, inbound),
        "keyword": inbound.keyword,
        "quarantine": None if owner.line_id else "unknown_line",
        "provider_sid": inbound.provider_sid,
        "language": language.guess(inbound.text),
        "first_look": first_look.look(inbound.text, len(inbound.media)),
        "media_count": len(inbound.media),
        # To the key of now, however late it comes: that of an old month may be destroyed.
        "words_sealed": keys.seal_words(owner.slug, inbound.recovered_at or at, text, bound("words")),
        "address_sealed": keys.seal_address(sender.value, bound("address")),
        # The provider's links name the account's messages, so they are the courier's to follow.
        "media_sealed": keys.seal_outbound(media, bound("media")) if media else None,
        "at": at,
        "threaded_at": None,
        "dispatched_at": None,
    }


def _event(sealed: Sealed) -> dict[str, Any]:
    row, inbound = sealed.row, sealed.inbound
    return events.row(
        "message.received", subject=f"message/{row['id']}",
        actor=proofs.ACTOR if row["kind"] == "synthetic" else "reporter",
        at=inbound.recovered_at or inbound.received_at, district_id=row["district_id"], channel=row["channel"],
        line=row["line_id"], message_kind=row["kind"], keyword=row["keyword"], quarantine=row["quarantine"],
        media=row["media_count"], **_late(inbound),
    )  # fmt: skip


def _is_proof(session: Session, keys: KeySet, sealed: Sealed) -> bool:
    inbound, line = sealed.inbound, session.get_one(Line, sealed.row["line_id"])
    sender = numbers.normalize(inbound.sender, session.get_one(District, line.district_id).country).value
    return proofs.recognise(
        session, line, sender, inbound.text, inbound.recovered_at or inbound.received_at,
        actor=f"process:{keys.process}", recovered=inbound.recovered_at is not None,
    )  # fmt: skip


def _late(inbound: Inbound) -> dict[str, int]:
    """Say how many seconds after the carrier had it a text got here, when no webhook brought it."""
    if inbound.recovered_at is None:
        return {}
    return {"late_seconds": max(0, round((inbound.recovered_at - inbound.received_at).total_seconds()))}


def _kind(purpose: str | None, inbound: Inbound) -> str:
    if purpose == "paging":
        return "page_answer"
    return "keyword" if inbound.keyword in {"stop", "start", "help"} else "tip"
