"""GraphQL types of cases: the case, its conversations, what was said, and what the engine said of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry
from sqlalchemy import Select, select
from strawberry import relay

from gateway.core import conversation, copies
from gateway.core import records as core
from gateway.core.characters import showable
from gateway.core.errors import KeyRefused
from responders.accounts.schema import SCOPE, Account
from responders.api.connections import Slice, by, connect
from responders.api.context import Info
from responders.api.schema import Event, events_of
from responders.cases import masks, records, service
from responders.cases.schema_attachments import Attachment, attachments_of
from responders.cases.schema_codes import CaseState, Direction, MessageKind
from responders.cases.schema_parts import Delivery, Indicator, Note
from responders.directory.schema import Actor, School, actor_of
from triage.model import Category, Severity

BY_TIME = (by(core.Message.at), by(core.Message.id))
_ASSESSED = (by(records.CaseAssessment.at), by(records.CaseAssessment.id))


@strawberry.type(description="What the engine said of one message. It judges messages, never people.")
class Assessment(relay.Node):
    """An assessment of a message."""

    id: relay.NodeID[str]
    message_id: strawberry.Private[str]
    severity: Severity
    life_safety: bool
    unsure: bool = strawberry.field(description="A human must look now, whatever the severity says.")
    unsure_reason: str | None
    categories: list[Category] = strawberry.field(description="The main one first.")
    indicators: list[Indicator]
    missing: list[str] = strawberry.field(description="What to ask for, as codes: where, when, who, means, …")
    rules: str = strawberry.field(description="The version of the rules.")
    at: datetime

    @strawberry.field(description="The message it is about.")
    def message(self, info: Info) -> Annotated[Message, strawberry.lazy("responders.cases.schema_types")] | None:
        """Find the message."""
        return Message.find(info, self.message_id)

    @classmethod
    def of(cls, opened: service.OpenedAssessment) -> Self:
        """Show an opened row."""
        record = opened.record
        return cls(
            id=record.id,
            message_id=record.message_id,
            severity=Severity(record.severity),
            life_safety=record.life_safety,
            unsure=record.unsure,
            unsure_reason=record.unsure_reason,
            categories=categories(record.categories),
            indicators=[Indicator(name=i["name"], start=i["start"], end=i["end"]) for i in opened.indicators],
            missing=list(opened.missing),
            rules=record.rules,
            at=record.at,
        )

    @classmethod
    def find(cls, info: Info, assessment_id: str) -> Self | None:
        """Find one whose case is the viewer's district's. Raises: Forbidden."""
        record = info.context.session.get(records.CaseAssessment, assessment_id)
        case = Case.find(info, record.case_id) if record else None
        opened = assessments_of(info, case.record) if case else []
        return next((cls.of(one) for one in opened if one.record.id == assessment_id), None)


@strawberry.type(description="A conversation with one reporter, under a pseudonym. Conversations are never joined.")
class Thread(relay.Node):
    """A conversation."""

    id: relay.NodeID[str]
    pseudonym: str
    channel: str
    language: str
    opened_at: datetime
    seen_at: datetime | None = strawberry.field(
        description="On the web: when a person last looked at what had come in, as its reporter is told."
    )
    closed_at: datetime | None
    opted_out_at: datetime | None = strawberry.field(description="When the reporter asked for no more texts.")

    @strawberry.field(description="What was said, oldest first.")
    def messages(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Annotated[Message, strawberry.lazy("responders.cases.schema_types")]]:
        """List the messages of this conversation."""
        query = select(core.Message).where(core.Message.thread_id == self.id, core.Message.held_at.is_(None))
        return connect(info, query, BY_TIME, Slice(first, after, last, before), lambda rows: messages_shown(info, rows))

    @classmethod
    def of(cls, record: core.Thread) -> Self:
        """Show a row; what leads to the reporter stays behind."""
        return cls(
            id=record.id,
            pseudonym=record.pseudonym,
            channel=record.channel,
            language=record.language,
            opened_at=record.opened_at,
            seen_at=record.seen_at,
            closed_at=record.closed_at,
            opted_out_at=record.opted_out_at,
        )

    @classmethod
    def find(cls, info: Info, thread_id: str | None) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(core.Thread, thread_id)
        return cls.of(record) if record else None


@strawberry.type(description="One message of a conversation.")
class Message(relay.Node):
    """A message."""

    id: relay.NodeID[str]
    record: strawberry.Private[core.Message]
    sent: strawberry.Private[core.Send | None]
    case_id: strawberry.Private[str | None]
    lifted: strawberry.Private[Sequence[masks.Lifted]]
    direction: Direction
    kind: MessageKind
    at: datetime
    language: str
    media_count: int
    read_hour: datetime | None = strawberry.field(
        description="Of a reply on the web: the beginning of the hour in which it was read, once that hour is over."
    )
    attachments: list[Attachment] = strawberry.field(description="What of that is kept here, in its order.")

    @strawberry.field(
        description="Its words; null when their key is gone. What `masks` hide is written as U+2588, one for one."
    )
    def text(self, info: Info) -> str | None:
        """Open the words. What no text can carry is shown as U+FFFD, one for one, so that spans still fit."""
        words = self.words(info)
        return None if words is None else showable(masks.hide(words, self.masks_in(info, words)))

    def words(self, info: Info) -> str | None:
        """Open the words as they were written, for what must look at them; nothing when their key is gone."""
        try:
            return conversation.words(info.context.keys, self.record)
        except KeyRefused:
            return None

    def masks_in(self, info: Info, words: str) -> Sequence[masks.Mask]:
        """Find the masks of its words."""
        return info.context.once(
            ("masks", self.id), lambda: masks.of(self.record, words, country_of(info), self.lifted)
        )

    @strawberry.field(description="Who wrote it, when it went out.")
    def author(self, info: Info) -> Actor | None:
        """Name the author."""
        return actor_of(info, self.record.author)

    @strawberry.field(
        description="How it fared, when it went out as a text; a reply on the web waits for its reporter."
    )
    def delivery(self) -> Delivery | None:
        """Show the state of the text."""
        return Delivery.of(self.sent) if self.sent else None

    @strawberry.field(description="Its conversation; null until that is known.")
    def thread(self, info: Info) -> Thread | None:
        """Find the conversation."""
        return Thread.find(info, self.record.thread_id)

    @strawberry.field(description="The case it belongs to.")
    def case(self, info: Info) -> Annotated[Case, strawberry.lazy("responders.cases.schema_types")] | None:
        """Find the case."""
        return Case.find(info, self.case_id)

    @strawberry.field(description="What the engine said of it, when it came in.")
    def assessment(self, info: Info) -> Assessment | None:
        """Find the latest assessment."""
        case = Case.find(info, self.case_id)
        found = [a for a in assessments_of(info, case.record) if a.record.message_id == self.id] if case else []
        return Assessment.of(found[-1]) if found else None

    @classmethod
    def find(cls, info: Info, message_id: str) -> Message | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(core.Message, message_id)
        return messages_shown(info, [record])[0] if record else None


@strawberry.type(
    description="What a tip opened. Its severity is the highest of its messages; it never falls by itself."
)
class Case(relay.Node):
    """A case."""

    id: relay.NodeID[str]
    record: strawberry.Private[records.Case]
    number: str = strawberry.field(description="What people call it, e.g. 2026-0012.")
    state: CaseState
    severity: Severity
    life_safety: bool
    unsure: bool = strawberry.field(description="A human must look, whatever the severity says.")
    unsure_reason: str | None
    categories: list[Category] = strawberry.field(description="The main one first.")
    stray: bool = strawberry.field(description="It came in at a number that nobody owns.")
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None

    @strawberry.field(description="Its page in the console.")
    def url(self, info: Info) -> str:
        """Make the link."""
        return f"{info.context.origin}/cases/{self.number}"

    @strawberry.field(description="Who acknowledged it.")
    def acknowledged_by(self, info: Info) -> Actor | None:
        """Name who did."""
        return actor_of(info, self.record.acknowledged_by)

    @strawberry.field(description="In whose hands it is.")
    def assignee(self, info: Info) -> Account | None:
        """Find the assignee."""
        return Account.find(info, self.record.assignee_id)

    @strawberry.field(description="The school it is about, when known.")
    def school(self, info: Info) -> School | None:
        """Find the school."""
        return School.find(info, self.record.school_id)

    @strawberry.field(description="The case that its messages were moved to.")
    def joined_into(self, info: Info) -> Annotated[Case, strawberry.lazy("responders.cases.schema_types")] | None:
        """Find the other case."""
        return Case.find(info, self.record.joined_into_id)

    @strawberry.field(description="Its conversations, oldest first.")
    def threads(self, info: Info) -> list[Thread]:
        """List the conversations."""
        return [Thread.of(record) for record in service.threads(info.context.session, self.record)]

    @strawberry.field(description="All that was said in it, oldest first.")
    def messages(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Message]:
        """List the messages."""
        part = Slice(first, after, last, before)
        return connect(info, service.messages_of(self.id), BY_TIME, part, lambda rows: messages_shown(info, rows))

    @strawberry.field(description="What the engine said of its messages, oldest first.")
    def assessments(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Assessment]:
        """List the assessments."""
        query, part = _assessments(self.id), Slice(first, after, last, before)
        opened = {one.record.id: one for one in assessments_of(info, self.record)}
        return connect(info, query, _ASSESSED, part, lambda rows: [Assessment.of(opened[row.id]) for row in rows])

    @strawberry.field(description="What colleagues wrote down, oldest first.")
    def notes(self, info: Info) -> list[Note]:
        """List the notes."""
        context = info.context
        return [Note.of(opened) for opened in service.notes(context.session, context.keys, self.record)]

    @strawberry.field(description="What happened to it, its messages and conversations, oldest first.")
    def events(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Event]:
        """List the events."""
        said = service.messages(info.context.session, self.record)
        threads = {f"thread/{message.thread_id}" for message in said if message.thread_id}
        subjects = {f"case/{self.id}", *threads, *(f"message/{message.id}" for message in said)}
        return events_of(info, sorted(subjects), Slice(first, after, last, before))

    @classmethod
    def of(cls, record: records.Case) -> Self:
        """Show a row."""
        return cls(
            id=record.id,
            record=record,
            number=record.number,
            state=CaseState(record.state),
            severity=Severity(record.severity),
            life_safety=record.life_safety,
            unsure=record.unsure,
            unsure_reason=record.unsure_reason,
            categories=categories(record.categories),
            stray=record.stray,
            opened_at=record.opened_at,
            updated_at=record.updated_at,
            acknowledged_at=record.acknowledged_at,
        )

    @classmethod
    def find(cls, info: Info, case_id: str | None) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(records.Case, case_id)
        return cls.of(record) if record else None


def categories(codes: Sequence[str]) -> list[Category]:
    """Read category codes; one that newer rules brought and this version does not know is OTHER."""
    known = {category.value for category in Category}
    return [Category(code if code in known else "other") for code in codes]


def assessments_of(info: Info, case: records.Case) -> list[service.OpenedAssessment]:
    """Open a case's assessments once a request."""
    context = info.context
    return context.once(("assessments", case.id), lambda: service.assessments(context.session, context.keys, case))


def messages_shown(info: Info, rows: Sequence[core.Message]) -> list[Message]:
    """Show a page of messages, with what belongs to them read in a query each."""
    session, ids = info.context.session, [row.id for row in rows]
    threads = [row.thread_id for row in rows if row.thread_id]
    sent = {send.message_id: send for send in session.scalars(select(core.Send).where(core.Send.message_id.in_(ids)))}
    out = [row.id for row in rows if row.direction == "out"]
    hours = copies.read_hours(session, out, info.context.now)
    by_message, by_thread = records.CaseMessage, records.CaseThread
    cases = {m.message_id: m.case_id for m in session.scalars(select(by_message).where(by_message.message_id.in_(ids)))}
    joined = {
        t.thread_id: t.case_id for t in session.scalars(select(by_thread).where(by_thread.thread_id.in_(threads)))
    }
    lifted = masks.lifted(session, info.context.keys, ids)
    attached = attachments_of(info, ids)
    return [
        Message(
            id=row.id,
            record=row,
            sent=sent.get(row.id),
            case_id=cases.get(row.id) or joined.get(row.thread_id or ""),
            lifted=lifted.get(row.id, ()),
            direction=Direction(row.direction),
            kind=MessageKind(row.kind),
            at=row.at,
            language=row.language,
            media_count=row.media_count,
            read_hour=hours.get(row.id),
            attachments=attached.get(row.id, []),
        )
        for row in rows
    ]


def country_of(info: Info) -> str:
    """Read the country of the viewer's district once a request."""
    context = info.context
    return context.once("country", lambda: context.session.get_one(core.District, context.district_id).country)


def _assessments(case_id: str) -> Select[records.CaseAssessment]:
    return select(records.CaseAssessment).where(records.CaseAssessment.case_id == case_id)
