"""Holding texts of a flood aside, showing what is held, and letting it through into its case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.core.events import emit
from gateway.core.records import Line, Message, Thread
from responders.directory import service as directory
from triage.model import Assessment
from triage.policy import urgency

NEWEST = 3
"""So many of a conversation's held texts are shown; the others are counted."""
SHOWN = 50
"""So many conversations of a line are listed, the busiest first."""


def may_wait(message: Message, own: Assessment) -> bool:
    """Tell whether a text over a limit may be held: never one that would call people out, or that cannot be told.

    `own` is what the engine says of it by itself. What a person has let through is not held again.
    """
    calm = urgency(own) == "queue" and not own.life_safety and not own.unsure
    return calm and message.flooded is None and message.thread_id is not None and message.quarantine is None


def hold(session: Session, message: Message, own: Assessment, over: str, now: datetime) -> None:
    """Hold a text aside. It is stored, judged and counted; it waits in `/held` for a person."""
    message.flooded, message.held_at, message.dispatched_at = over, now, now
    emit(
        session, "message.held", subject=f"message/{message.id}", actor="process:worker", at=now,
        district_id=message.district_id, thread=message.thread_id, line=message.line_id, why=over,
        severity=own.severity.value, rules=own.rules,
    )  # fmt: skip


def release(session: Session, thread: Thread, actor: str, now: datetime) -> int:
    """Let a conversation's held texts through: each is taken up anew, and goes to its case. Answers how many."""
    directory.hold(session, thread.district_id)
    held = update(Message).where(Message.thread_id == thread.id, Message.held_at.is_not(None))
    done: int = session.execute(held.values(held_at=None, dispatched_at=None)).rowcount  # type: ignore[attr-defined]  # a CursorResult
    if done:
        emit(
            session, "thread.let_through", subject=f"thread/{thread.id}", actor=actor, at=now,
            district_id=thread.district_id, messages=done,
        )  # fmt: skip
    return done


def counts(session: Session, thread_ids: Sequence[str]) -> dict[str, int]:
    """Count what is held of some conversations."""
    query = select(Message.thread_id, func.count()).where(
        Message.thread_id.in_(thread_ids), Message.held_at.is_not(None)
    )
    return {thread_id or "": count for thread_id, count in session.execute(query.group_by(Message.thread_id))}


@dataclass(frozen=True)
class HeldThread:
    """A conversation of which texts are held: how many, and the newest."""

    thread: Thread
    count: int
    newest: list[Message]


@dataclass(frozen=True)
class HeldLine:
    """A line of ours, and what is held of it."""

    line: Line
    count: int
    threads: list[HeldThread]


def held(session: Session, district_id: str) -> list[HeldLine]:
    """Read what is held in a district, line by line, the busiest conversations first."""
    of_district = Message.district_id == district_id, Message.held_at.is_not(None)
    query = select(Message.line_id, Message.thread_id, func.count()).where(*of_district)
    found = session.execute(query.group_by(Message.line_id, Message.thread_id)).all()
    lines = session.scalars(select(Line).where(Line.id.in_({line_id for line_id, _, _ in found})).order_by(Line.number))
    return [
        _line(session, line, [(thread, count) for of, thread, count in found if of == line.id and thread])
        for line in lines
    ]


def _line(session: Session, line: Line, found: list[tuple[str, int]]) -> HeldLine:
    busiest = sorted(found, key=lambda one: (-one[1], one[0]))[:SHOWN]
    return HeldLine(line, sum(count for _, count in found), [_thread(session, one, count) for one, count in busiest])


def _thread(session: Session, thread_id: str, count: int) -> HeldThread:
    query = select(Message).where(Message.thread_id == thread_id, Message.held_at.is_not(None))
    newest = session.scalars(query.order_by(Message.at.desc(), Message.id).limit(NEWEST))
    return HeldThread(session.get_one(Thread, thread_id), count, list(newest))
