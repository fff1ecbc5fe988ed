"""Places: which case an event belongs to, of which school and severity, and in which lane it keeps its order.

An event without a case stands alone, in the lane of its subject. When its case becomes known while it still waits, it
goes over to that case's lane, so that a case's events leave in order whatever was known when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.snapshot import EventSnapshot
from gateway.core.media.records import Attachment
from gateway.core.records import Event, Line, Message, School, Send, Thread
from responders.cases.people import is_person
from responders.cases.records import Case, CaseMessage, CaseThread
from responders.cases.service import joined_into
from responders.escalation.records import Alert
from responders.paging.records import CalloutCase, Page

AT_ONCE = 500
"""So many values at most are in one question to the database, which takes no list of any length."""


@dataclass(frozen=True)
class Place:
    """Where one event belongs."""

    case_id: str | None
    school: str | None
    severity: str | None
    lane: str


def snapshots(session: Session, events: Sequence[Event], within_minutes: int) -> list[EventSnapshot]:
    """Make what may leave of some events, in the same order; see `snapshot`."""
    found = of(session, events)
    return [snapshot(event, found[event.id], within_minutes) for event in events]


def of_case(session: Session, case_id: str, within_minutes: int) -> list[EventSnapshot]:
    """Make what may leave of all that belongs to a case, in the log's order; see `snapshot`."""
    query = select(Event).where(Event.subject.in_(lanes_of_cases(session, [case_id]))).order_by(Event.seq)
    return snapshots(session, list(session.scalars(query)), within_minutes)


def snapshot(event: Event, place: Place, within_minutes: int) -> EventSnapshot:
    """Make what may leave of an event.

    When a report came in leaves no more exact than `within_minutes`, and so does whatever follows it by itself; what
    a person on staff did leaves with its own time.
    """
    exact = is_person(event.actor) or not within_minutes
    return EventSnapshot(
        id=event.id, sequence=event.seq, type=event.type, subject=event.subject, actor=event.actor,
        at=event.at if exact else coarse(event.at, within_minutes), district_id=event.district_id,
        data=event.data if exact else _coarse_data(event.data, within_minutes),
        case_id=place.case_id, school=place.school, severity=place.severity,
    )  # fmt: skip


def coarse(at: datetime, minutes: int) -> datetime:
    """Tell a time by the beginning of its span of so many minutes of its day."""
    into = at.hour * 60 + at.minute
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=into - into % minutes)


def _coarse_data(data: Mapping[str, Any], minutes: int) -> Mapping[str, Any]:
    """Tell by whole spans alone how late a text got here: what is found together differs by it to the second."""
    late = data.get("late_seconds")
    return {**data, "late_seconds": late - late % (minutes * 60)} if isinstance(late, int) else data


def of(session: Session, events: Sequence[Event]) -> Mapping[str, Place]:
    """Find the places of some events, by event id, in a handful of questions however many they are."""
    return _Finder(session, events).places()


def lanes_of_cases(session: Session, case_ids: Sequence[str]) -> list[str]:
    """Name every subject whose events belong to some cases: themselves and those joined into them, with all of theirs.

    Which is their messages with files and answers, threads, pages, callouts and alerts.
    """
    cases = [*case_ids, *joined_into(session, *case_ids)]
    told = [f"case/{one}" for one in cases]
    messages = _column(session, CaseMessage.message_id, CaseMessage.case_id, cases)
    threads = _column(session, CaseThread.thread_id, CaseThread.case_id, cases)
    told += [f"thread/{one}" for one in threads]
    messages += _column(session, Message.id, Message.thread_id, threads)
    told += [f"message/{one}" for one in messages]
    told += [f"attachment/{one}" for one in _column(session, Attachment.id, Attachment.message_id, messages)]
    told += [f"send/{one}" for one in _column(session, Send.id, Send.message_id, messages)]
    told += [f"alert/{one}" for one in _column(session, Alert.id, Alert.case_id, cases)]
    told += [f"page/{one}" for one in _column(session, Page.id, Page.case_id, cases)]
    told += [f"send/{one}" for one in _column(session, Page.send_id, Page.case_id, cases)]
    told += [f"callout/{one}" for one in _column(session, CalloutCase.callout_id, CalloutCase.case_id, cases)]
    return list(dict.fromkeys(told))


def _column(session: Session, wanted: object, by: object, values: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(values), AT_ONCE):
        some = by.in_(values[start : start + AT_ONCE])  # type: ignore[attr-defined]  # a column
        found += session.scalars(select(wanted).where(some))  # type: ignore[call-overload]  # a column
    return found


@dataclass
class _Known:
    """One row of a case: its school and severity, and the case that it was joined into."""

    school_id: str | None
    severity: str
    into: str | None


@dataclass
class _Finder:
    session: Session
    events: Sequence[Event]
    _message_case: dict[str, str] = field(default_factory=dict)
    _message_thread: dict[str, str] = field(default_factory=dict)
    _message_line: dict[str, str] = field(default_factory=dict)
    _thread_case: dict[str, str] = field(default_factory=dict)
    _thread_school: dict[str, str] = field(default_factory=dict)
    _page_case: dict[str, str] = field(default_factory=dict)
    _callout_case: dict[str, str] = field(default_factory=dict)
    _cases: dict[str, _Known] = field(default_factory=dict)
    _schools: dict[str, str] = field(default_factory=dict)
    _lines: dict[str, str] = field(default_factory=dict)

    def places(self) -> dict[str, Place]:
        """Ask for all at once, then put each event where it belongs."""
        self._load_messages()
        self._load_pages()
        self._load_cases(filter(None, (self._case_of(event) for event in self.events)))
        self._load_schools()
        return {event.id: self._place(event) for event in self.events}

    def _load_messages(self) -> None:
        messages = {message for event in self.events for message in _messages(event)}
        self._message_case = self._pairs(CaseMessage.message_id, CaseMessage.case_id, messages)
        query = select(Message.id, Message.thread_id, Message.line_id).where(Message.id.in_(messages))
        for message, thread, line in self.session.execute(query) if messages else ():
            if thread:
                self._message_thread[message] = thread
            if line:
                self._message_line[message] = line
        threads = {thread for event in self.events for thread in _threads(event)} | set(self._message_thread.values())
        self._thread_case = self._pairs(CaseThread.thread_id, CaseThread.case_id, threads)
        self._thread_school = self._pairs(Thread.id, Thread.school_id, threads)

    def _load_pages(self) -> None:
        sends = {_key(event) for event in self.events if event.subject.startswith("send/")}
        pages = {_key(event) for event in self.events if event.subject.startswith("page/")}
        self._page_case = {
            **self._pairs(Page.send_id, Page.case_id, sends), **self._pairs(Page.id, Page.case_id, pages),
        }  # fmt: skip
        callouts = {_key(event) for event in self.events if event.subject.startswith("callout/")}
        query = select(CalloutCase.callout_id, CalloutCase.case_id).where(CalloutCase.callout_id.in_(callouts))
        for callout, case in self.session.execute(query.order_by(CalloutCase.added_at, CalloutCase.case_id)):
            self._callout_case.setdefault(callout, case)

    def _load_cases(self, wanted: Iterable[str]) -> None:
        """Load cases and those that they were joined into, to the end of each chain."""
        fresh = set(wanted) - set(self._cases)
        while fresh:
            query = select(Case.id, Case.school_id, Case.severity, Case.joined_into_id).where(Case.id.in_(fresh))
            found = {
                case: _Known(school, severity, into) for case, school, severity, into in self.session.execute(query)
            }
            self._cases.update(found)
            fresh = {known.into for known in found.values() if known.into} - set(self._cases)

    def _load_schools(self) -> None:
        lines = set(self._message_line.values())
        self._lines = self._pairs(Line.id, Line.school_id, lines)
        wanted = {known.school_id for known in self._cases.values()} | set(self._thread_school.values())
        self._schools = self._pairs(School.id, School.slug, {*filter(None, wanted), *self._lines.values()})

    def _pairs(self, key: object, value: object, wanted: Iterable[str]) -> dict[str, str]:
        asked = sorted(wanted)
        if not asked:
            return {}
        query = select(key, value).where(key.in_(asked))  # type: ignore[call-overload, attr-defined]  # columns
        return {found: of for found, of in self.session.execute(query) if of is not None}

    def _case_of(self, event: Event) -> str | None:
        thing, key = event.subject.partition("/")[0], _key(event)
        if thing == "case":
            return key
        for message in _messages(event):
            case = self._message_case.get(message) or self._thread_case.get(self._message_thread.get(message, ""))
            if case:
                return case
        if thing == "callout":
            return self._callout_case.get(key)
        told = event.data.get("case")
        return self._page_case.get(key) or self._thread_case.get(key) or (told if isinstance(told, str) else None)

    def _place(self, event: Event) -> Place:
        first = self._case_of(event)
        if first not in self._cases:  # None, or destroyed by retention
            return Place(first, self._school_of(event), None, f"case/{first}" if first else event.subject)
        root, chain = first, {first}
        while (into := self._cases[root].into) in self._cases and into not in chain:
            root = str(into)
            chain.add(root)
        known = self._cases[root]
        return Place(root, self._schools.get(known.school_id or ""), known.severity, f"case/{root}")

    def _school_of(self, event: Event) -> str | None:
        message = next(iter(_messages(event)), "")
        thread = self._message_thread.get(message) or next(iter(_threads(event)), "")
        school = self._thread_school.get(thread) or self._lines.get(self._message_line.get(message, ""))
        return self._schools.get(school or "")


def _key(event: Event) -> str:
    return event.subject.partition("/")[2]


def _messages(event: Event) -> list[str]:
    """Name the message that an event is about, or that its case or attachment came by."""
    if event.subject.startswith("message/"):
        return [_key(event)]
    told = event.data.get("message")
    return [told] if isinstance(told, str) else []


def _threads(event: Event) -> list[str]:
    if event.subject.startswith("thread/"):
        return [_key(event)]
    told = event.data.get("thread")
    return [told] if isinstance(told, str) else []
