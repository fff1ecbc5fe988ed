"""Holding texts of a flood aside, showing what is held, and letting it through into its case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.core.events import emit
from gateway.core.records import Line, Message, School, Thread
from responders.directory import service as directory
from triage.model import Assessment
from triage.policy import urgency

NEWEST = 3
"""So many of a conversation's held texts are shown; the others are counted."""
SHOWN = 50
"""So many conversations of a place are listed, the busiest first."""


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
class HeldPlace:
    """What is held of what came in at one place: on a `line` of ours, else on the web about a `school` or all."""

    line: Line | None
    school: School | None
    count: int
    threads: list[HeldThread]


def held(session: Session, district_id: str) -> list[HeldPlace]:
    """Read what is held in a district, lines by number, then the web by school; the busiest conversations first."""
    of_district = Message.district_id == district_id, Message.held_at.is_not(None)
    query = select(Message.line_id, Thread.school_id, Message.thread_id, func.count()).join(Thread).where(*of_district)
    places = dict[tuple[str | None, str | None], list[tuple[str, int]]]()
    for line_id, school_id, thread_id, count in session.execute(
        query.group_by(Message.line_id, Thread.school_id, Message.thread_id)
    ):
        place = (line_id, None) if line_id else (None, school_id)
        places.setdefault(place, []).append((thread_id or "", count))
    return sorted((_place(session, *place, found) for place, found in places.items()), key=_order)


def _place(session: Session, line_id: str | None, school_id: str | None, found: list[tuple[str, int]]) -> HeldPlace:
    busiest = sorted(found, key=lambda one: (-one[1], one[0]))[:SHOWN]
    return HeldPlace(
        session.get(Line, line_id) if line_id else None,
        session.get(School, school_id) if school_id else None,
        sum(count for _, count in found),
        [_thread(session, one, count) for one, count in busiest],
    )


def _order(place: HeldPlace) -> tuple[bool, str]:
    return place.line is None, place.line.number if place.line else place.school.name if place.school else ""


def _thread(session: Session, thread_id: str, count: int) -> HeldThread:
    query = select(Message).where(Message.thread_id == thread_id, Message.held_at.is_not(None))
    newest = session.scalars(query.order_by(Message.at.desc(), Message.id).limit(NEWEST))
    return HeldThread(session.get_one(Thread, thread_id), count, list(newest))
