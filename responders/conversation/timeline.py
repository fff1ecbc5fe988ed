"""What happened to a case, in plain words: its events, and those of its messages, threads, texts and callouts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.events import TYPE_PREFIX
from gateway.core.records import Event, Thread
from responders.cases import words
from responders.cases.people import People

_WORDS = {
    "case.opened": "Case opened, {severity}",
    "case.joined": "A message joined the case",
    "case.likened": "It may be the same as another case",
    "case.not_likened": "{who} said that another case is something else",
    "case.merged": "{who} joined another case with it",
    "case.raised": "Raised from {old} to {new}",
    "case.acknowledged": "{who} acknowledged",
    "case.assigned": "{who} gave it to {assignee}",
    "case.state_changed": "{who} moved it to “{new}”: {why}",
    "case.reopened": "Reopened: {why}",
    "case.noted": "{who} wrote a note",
    "case.exported": "{who} exported it ({format})",
    "case.held": "{who} put it under a legal hold",
    "case.released": "{who} ended the legal hold",
    "case.not_paged": "Calling people failed; it is tried again",
    "case.corrected": "{who} corrected it from {old} to {new}, {category}: {corrected}",
    "case.doubted": "A person must look: {doubt}",
    "case.noticed": "Told by text: the reporter wrote again",
    "case.threaded": "The conversation was found",
    "message.asked_back": "It said too little: the line asked what is going on",
    "message.received": "A message came in",
    "message.unmasked": "{who} made a hidden {kind} readable: {reason}",
    "message.reply_queued": "{who} replied",
    "thread.let_through": "{who} let texts through that were held aside",
    "thread.opted_out": "{name} asked for no more texts",
    "thread.opted_in": "{name} takes texts again",
    "send.delivered": "A reply was delivered",
    "send.undelivered": "A reply was not delivered ({code})",
    "send.failed": "A reply could not be sent ({code})",
    "alert.drafted": "{who} drafted an alert",
    "alert.proposed": "{who} asked for approval of the alert",
    "alert.approved": "{who} approved the alert",
    "alert.handed_back": "{who} took the alert back",
    "alert.sent_again": "{who} had the alert sent again",
    "alert.issued": "The alert went out",
    "alert.refused": "The alert did not go out ({code})",
    "alert.expired": "The alert expired",
    "callout.opened": "Paging began",
    "callout.joined": "Added to the paging under way",
    "callout.escalated": "Nobody answered: the next list is paged too",
    "callout.told": "The others were told who has it",
    "callout.nobody": "There was nobody to page",
    "callout.closed": "Paging ended",
}
"""Event types worth a line here; the others are in the event log."""


Callouts = Mapping[str, tuple[datetime, datetime | None]]
"""Callout id: when the case joined it, and when the calls for this case ended."""


@dataclass(frozen=True)
class Entry:
    """One line of the timeline; `kind` is the event's type without our prefix, the rest is the event's too."""

    at: datetime
    text: str
    kind: str
    actor: str = ""
    subject: str = ""


def read(
    session: Session,
    case_id: str,
    subjects: Iterable[str],
    callouts: Callouts,
    people: People,
    threads: Iterable[Thread],
) -> list[Entry]:
    """Read the lines of some subjects (`case/<id>`, `message/<id>`, …) and of a case's callouts, oldest first."""
    kinds = [TYPE_PREFIX + kind for kind in _WORDS]
    wanted = [*subjects, *(f"callout/{one}" for one in callouts)]
    query = select(Event).where(Event.subject.in_(wanted), Event.type.in_(kinds)).order_by(Event.seq)
    names = {f"thread/{thread.id}": thread.pseudonym for thread in threads}
    return [
        describe(event, people, names.get(event.subject, "The reporter"))
        for event in session.scalars(query)
        if _is_told(event, case_id, callouts)
    ]


def _is_told(event: Event, case_id: str, callouts: Callouts) -> bool:
    """A callout is shared: only what concerned this case is told. A message that came in is told once."""
    thing, _, key = event.subject.partition("/")
    if thing != "callout":
        return not (event.type == f"{TYPE_PREFIX}case.joined" and "message" in event.data)
    if event.type == f"{TYPE_PREFIX}callout.joined":
        return event.data.get("case") == case_id
    joined, ended = callouts[key]
    return event.at >= joined and (ended is None or event.at <= ended)


def describe(event: Event, people: People, name: str) -> Entry:
    """Put one event into words; `name` is what its thread is called."""
    kind = event.type.removeprefix(TYPE_PREFIX)
    data: dict[str, Any] = event.data
    if kind == "case.joined" and "source" in data:
        kind = "case.merged"
    assignee = data.get("assignee")
    if kind == "case.assigned" and event.actor == f"account:{assignee}":
        text = f"{people.name(event.actor)} took it on"
        return Entry(event.at, text, kind, event.actor, event.subject)
    text = _WORDS.get(kind, words.plain(kind.replace(".", "_"), {})).format(
        who=people.name(event.actor),
        name=name,
        assignee=people.name(f"account:{assignee}") if assignee else "nobody",
        severity=_low(words.plain(str(data.get("severity", "")), words.SEVERITY)),
        old=_low(words.plain(str(data.get("old", "")), words.SEVERITY | words.STATE)),
        new=_low(words.plain(str(data.get("new", "")), words.SEVERITY | words.STATE)),
        why=_low(words.plain(str(data.get("why", "")), words.WHY)),
        kind=words.plain(str(data.get("what", "")), words.HIDDEN),
        category=_low(words.categories([str(data.get("category", "other"))])),
        corrected=_low(words.plain(str(data.get("why", "")), words.CORRECTED)),
        reason=_low(words.plain(str(data.get("why", "")), words.UNMASK)),
        doubt=_low(words.plain(str(data.get("reason", "")), words.UNSURE)),
        code=data.get("code") or "no code",
        format=f"{str(data.get('format', '')).upper()} {data.get('flavour') or ''}".strip(),
    )
    return Entry(event.at, text, kind, event.actor, event.subject)


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]
