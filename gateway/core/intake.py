"""Intake: one transaction from a parsed message to a safe row. It seals; it holds no key that opens anything."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.core import numbers, proofs
from gateway.core.database import Database
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.messages import Inbound
from gateway.core.records import District, Line, Message, new_id
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
        with database.write() as session:
            return Receipt(_store(session, keys, inbound), repeated=False)
    except IntegrityError:
        # It is there already: carriers repeat themselves, seldom enough that nobody looks before.
        with database.read() as session:
            known = _known(session, inbound)
        if known is None:
            raise
        return Receipt(known, repeated=True)


def _known(session: Session, inbound: Inbound) -> str | None:
    query = select(Message.id).where(Message.channel == inbound.channel, Message.provider_sid == inbound.provider_sid)
    return session.scalar(query)


def _store(session: Session, keys: KeySet, inbound: Inbound) -> str:
    line, district = _whose(session, numbers.normalize(inbound.recipient).value)
    sender = numbers.normalize(inbound.sender, district.country if district else "US")
    message = Message(
        id=new_id(),
        district_id=district.id if district else None,
        line_id=line.id if line else None,
        direction="in",
        channel=inbound.channel,
        kind=_kind(line, inbound),
        keyword=inbound.keyword,
        quarantine=None if line else "unknown_line",
        provider_sid=inbound.provider_sid,
        language=language.guess(inbound.text),
        first_look=first_look.look(inbound.text, len(inbound.media)),
        media_count=len(inbound.media),
        at=inbound.received_at,
    )
    slug = district.slug if district else None
    text = numbers.mask(inbound.text, sender)
    # To the key of now, however late it comes: that of an old month may be destroyed.
    sealed_at = inbound.recovered_at or inbound.received_at
    message.words_sealed = keys.seal_words(slug, sealed_at, text, message.bound("words"))
    message.address_sealed = keys.seal_address(sender.value, message.bound("address"))
    if inbound.media:
        # The provider's links name the account's messages, so they are the courier's to follow.
        message.media_sealed = keys.seal_outbound(json.dumps(inbound.media), message.bound("media"))
    if line and _is_proof(session, keys, line, sender, inbound):
        message.kind, message.address_sealed = "synthetic", None
        message.threaded_at = message.dispatched_at = inbound.received_at
    session.add(message)
    emit(
        session, "message.received", subject=f"message/{message.id}",
        actor=proofs.ACTOR if message.kind == "synthetic" else "reporter",
        at=inbound.recovered_at or inbound.received_at,
        district_id=message.district_id, channel=message.channel, line=message.line_id, message_kind=message.kind,
        keyword=message.keyword, quarantine=message.quarantine, media=message.media_count, **_late(inbound),
    )  # fmt: skip
    return message.id


def _is_proof(session: Session, keys: KeySet, line: Line, sender: numbers.Address, inbound: Inbound) -> bool:
    return proofs.recognise(
        session, line, sender.value, inbound.text, inbound.recovered_at or inbound.received_at,
        actor=f"process:{keys.process}", recovered=inbound.recovered_at is not None,
    )  # fmt: skip


def _late(inbound: Inbound) -> dict[str, int]:
    """Say how many seconds after the carrier had it a text got here, when no webhook brought it."""
    if inbound.recovered_at is None:
        return {}
    return {"late_seconds": max(0, round((inbound.recovered_at - inbound.received_at).total_seconds()))}


def _whose(session: Session, number: str) -> tuple[Line | None, District | None]:
    """Find whose message this is; a stray goes to the district whose people look after strays."""
    query = select(Line, District).join(District, District.id == Line.district_id).where(Line.number == number)
    found = session.execute(query).first()
    if found:
        return found[0], found[1]
    return None, session.scalar(select(District).where(District.takes_strays).order_by(District.id))


def _kind(line: Line | None, inbound: Inbound) -> str:
    if line and line.purpose == "paging":
        return "page_answer"
    return "keyword" if inbound.keyword in {"stop", "start", "help"} else "tip"
