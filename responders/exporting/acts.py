"""What happened in a case as it may leave: the timeline that staff read, with what they wrote and whom they called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.case_snapshot import ActSnapshot
from exports.words import Code, Moment, Words
from gateway.core.keys import KeySet
from gateway.core.records import Message, Send, Thread
from responders.cases import service as cases
from responders.cases.records import Case
from responders.conversation import timeline
from responders.conversation.delivery import describe
from responders.conversation.timeline import Entry
from responders.escalation import service as escalation
from responders.exporting import rounds, times, tips
from responders.exporting.staff import Staff
from responders.paging.calls import Calls

_TOLD_OTHERWISE = frozenset({"case.noted", "case.exported"})
"""A note is told with its words; that a case was exported is no part of the case, and would make each export differ."""


@dataclass(frozen=True)
class Told:
    """What it takes to tell what happened."""

    session: Session
    keys: KeySet
    case: Case
    said: Sequence[Message]
    threads: Mapping[str, Thread]
    staff: Staff
    region: str
    minutes: int


def read(told: Told) -> tuple[ActSnapshot, ...]:
    """Read what happened, oldest first. What people did is told to the second.

    What the house or another system did follows a report within seconds, and whoever knew when would know when the
    report came: so it is told as coarsely as that, pages too. Nor may its place in the order tell more than its time
    does: within a span all that is told coarsely stands before what is told to the second. How often people were called
    is not told at all: see `rounds`.
    """
    called = rounds.called(told.session, told.case)
    entries = timeline.read(
        told.session, told.case.id, _subjects(told), called.callouts, told.staff.people, told.threads.values()
    )
    found = [*_entries(told, entries), *_notes(told), *_pages(told, called)]
    return tuple(act for _, act in sorted(found, key=lambda one: _order(told, *one)))


def _order(told: Told, at: datetime, act: ActSnapshot) -> tuple[datetime, bool, datetime]:
    return *times.place(at, told.minutes, exact=act.at.within_minutes == 0), at


def _entries(told: Told, entries: Iterable[Entry]) -> Iterator[tuple[datetime, ActSnapshot]]:
    by_subject = {f"message/{message.id}": message for message in told.said}
    for entry in rounds.once(entries, lambda one: (one.kind, one.subject)):
        if entry.kind in _TOLD_OTHERWISE:
            continue
        message = by_subject.get(entry.subject)
        replied = message is not None and message.direction == "out"
        yield (
            entry.at,
            ActSnapshot(
                kind=Code(entry.kind),
                label=Words(entry.text),
                at=times.moment(entry.at, entry.actor, told.minutes),
                responder=told.staff.who(entry.actor),
                to=tips.pseudonym(told.threads, message) if message else None,
                system=tips.system(told.threads, message) if message else None,
                words=tips.opened(told.keys, message, told.region) if message and replied else None,
            ),
        )


def _notes(told: Told) -> Iterator[tuple[datetime, ActSnapshot]]:
    for note in cases.notes(told.session, told.keys, told.case):
        author = told.staff.who(note.author)
        label = Words(f"{told.staff.people.name(note.author)} wrote a note")
        words = None if note.text is None else Words(note.text, region=told.region)
        at = times.moment(note.at, note.author, told.minutes)
        yield note.at, ActSnapshot(Code("case.noted"), label, at, author, words=words)


def _pages(told: Told, called: Calls) -> Iterator[tuple[datetime, ActSnapshot]]:
    for call in called.first:
        name = told.staff.paged(call.contact_id).name
        label = Words(f"{name} was paged: {describe(called.best(call)).text}")
        yield call.at, ActSnapshot(Code(rounds.PAGED), label, Moment.coarse(call.at, told.minutes), None)


def _subjects(told: Told) -> list[str]:
    replies = [message.id for message in told.said if message.direction == "out" and message.kind == "reply"]
    sends = told.session.scalars(select(Send.id).where(Send.message_id.in_(replies)))
    return [
        f"case/{told.case.id}",
        *(f"thread/{thread_id}" for thread_id in told.threads),
        *(f"message/{message.id}" for message in told.said),
        *(f"send/{send_id}" for send_id in sends),
        *(f"alert/{alert.id}" for alert in escalation.of_case(told.session, told.case.id)),
    ]
