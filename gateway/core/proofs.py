"""Proofs: a text of our own, from a paging line to a line for reports, shows that texts come in there.

The worker asks for one on each line's schedule; carrier, webhook and intake bring it back. Intake knows it by its
sender, one of our paging lines, and by a code that is drawn for it and kept as a hash. It opens no case.
A line whose text does not come back, or comes by the carrier's list alone, is silent: an event, and for the doctor.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import District, Line, LineProof, Send, new_id
from gateway.core.times import Clock

ACTOR = "process:worker"
WITHIN = timedelta(minutes=10)
"""How long a line has to bring its text."""
_SHAPE = re.compile(r"Tipline line check ([0-9a-f]{32})\. No reply needed\.")
_PRIORITY = 9


@dataclass(frozen=True)
class Prover:
    """The worker's part: asking for proofs, and naming the lines that gave none. `draw(n)` gives n bytes as hex."""

    database: Database
    keys: KeySet
    clock: Clock
    draw: Callable[[int], str] = secrets.token_hex

    def prove_all(self) -> int:
        """Do what is due; answers how many lines were texted or named silent. Raises: Unavailable."""
        now = self.clock()
        with self.database.read() as session:
            if not _due(session, now) and session.scalar(_overdue(now).limit(1)) is None:
                return 0
        with self.database.write() as session:
            asked = sum(_queue(session, self.keys, line, now, self.draw(16)) for line in _due(session, now, hold=True))
            return asked + _give_up(session, now)


def latest(session: Session, line_id: str) -> LineProof | None:
    """Find the newest proof asked of a line."""
    query = select(LineProof).where(LineProof.line_id == line_id).order_by(LineProof.asked_at.desc())
    return session.scalar(query.limit(1))


def number_of(session: Session, send_id: str) -> str | None:
    """Find the number of ours that a text goes to, if it is a proof."""
    query = select(Line.number).join(LineProof, LineProof.line_id == Line.id).where(LineProof.send_id == send_id)
    return session.scalar(query)


def is_shaped(text: str) -> bool:
    """Tell whether a text looks like one of our own; `recognise` says whether it is."""
    return _SHAPE.fullmatch(text.strip()) is not None


def recognise(
    session: Session, line: Line, sender: str, text: str, now: datetime, *, actor: str, recovered: bool
) -> bool:
    """Tell whether a text is our own to this line, and note that the line is proved, unless no webhook brought it.

    `sender` is E.164; `recovered` says that the carrier's list brought it. What has the shape alone is somebody's
    text, and a tip like any other.
    """
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None or line.purpose != "reports":
        return False
    ours = select(Line.id).where(
        Line.district_id == line.district_id, Line.purpose == "paging", Line.number == sender
    )  # fmt: skip
    proof = session.scalar(
        select(LineProof).where(LineProof.code_hash == _hash(shape[1]), LineProof.line_id == line.id)
    )
    if proof is None or session.scalar(ours) is None:
        return False
    if recovered:
        _silent(session, proof, line, "webhook_failed", actor, now)
    elif proof.proved_at is None:
        proof.proved_at = now
        seconds = round((now - proof.asked_at).total_seconds())
        _tell(session, "line.proved", line, actor, now, seconds=seconds)
    return True


def _overdue(now: datetime) -> Select[LineProof]:
    open_still = LineProof.proved_at.is_(None), LineProof.silent_at.is_(None)
    return select(LineProof).where(*open_still, LineProof.asked_at < now - WITHIN)


def _give_up(session: Session, now: datetime) -> int:
    found = list(session.scalars(_overdue(now).with_for_update(skip_locked=True)))
    for proof in found:
        left = session.get_one(Send, proof.send_id).status in {"sent", "delivered"}
        line, reason = session.get_one(Line, proof.line_id), "not_received" if left else "not_sent"
        _silent(session, proof, line, reason, ACTOR, now)
    return len(found)


def _due(session: Session, now: datetime, *, hold: bool = False) -> list[Line]:
    query = select(Line).where(Line.purpose == "reports", Line.proof_every_minutes > 0).order_by(Line.number)
    lines = session.scalars(query.with_for_update() if hold else query)
    return [line for line in lines if _paging_line(session, line) and _is_due(session, line, now)]


def _is_due(session: Session, line: Line, now: datetime) -> bool:
    last = latest(session, line.id)
    return last is None or now - last.asked_at >= timedelta(minutes=line.proof_every_minutes)


def _paging_line(session: Session, line: Line) -> Line | None:
    query = select(Line).where(Line.district_id == line.district_id, Line.purpose == "paging").order_by(Line.number)
    return session.scalar(query.limit(1))


def _queue(session: Session, keys: KeySet, line: Line, now: datetime, code: str) -> bool:
    paging = _paging_line(session, line)
    if paging is None:
        return False
    send = Send(
        id=new_id(), district_id=line.district_id, account="paging", line_id=paging.id, priority=_PRIORITY,
        created_at=now, due_at=now,
    )  # fmt: skip
    slug = session.get_one(District, line.district_id).slug
    send.body_sealed = keys.seal_words(slug, now, f"Tipline line check {code}. No reply needed.", send.bound("body"))
    session.add(send)
    session.flush()
    session.add(LineProof(line_id=line.id, send_id=send.id, code_hash=_hash(code), asked_at=now))
    return True


def _silent(session: Session, proof: LineProof, line: Line, reason: str, actor: str, now: datetime) -> None:
    if proof.silent_at is None and proof.proved_at is None:
        proof.silent_at = now
        _tell(session, "line.silent", line, actor, now, reason=reason)
        log().error("a line did not bring our own text", line=line.id, reason=reason)


def _tell(session: Session, kind: str, line: Line, actor: str, now: datetime, **data: str | int) -> None:
    subject = f"line/{line.id}"
    emit(session, kind, subject=subject, actor=actor, at=now, district_id=line.district_id, **data)


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
