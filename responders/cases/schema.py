"""GraphQL of cases: the inbox, all tips, and what can be done with a case. Acknowledging stands in `paging`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import strawberry
from sqlalchemy import select
from sqlalchemy.orm import Session
from strawberry import relay

from gateway.core import records as core
from gateway.core.characters import typed
from gateway.core.errors import BadInput, NotFound
from gateway.core.queues import Name
from responders.accounts.schema import SCOPE
from responders.api.connections import Slice, by, connect
from responders.api.context import Info
from responders.api.errors import UserError
from responders.api.ids import expect
from responders.cases import records, replying, service
from responders.cases.listing import ORDER
from responders.cases.schema_codes import CaseMove, CaseState, Why
from responders.cases.schema_parts import Note
from responders.cases.schema_types import Assessment, Case, Message, Thread, messages_shown
from triage.model import Severity

T = TypeVar("T")

WRITE = "cases:write"
_NEWEST_FIRST = (by(core.Message.at, descending=True), by(core.Message.id, descending=True))


@strawberry.type
class Query:
    """What can be asked about cases."""

    @strawberry.field(description="Cases as the inbox sorts them: most urgent first, then unattended, then oldest.")
    def cases(
        self,
        info: Info,
        states: list[CaseState] | None = None,
        severities: list[Severity] | None = None,
        school_id: strawberry.ID | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Case]:
        """List cases, of all states unless some are named."""
        info.context.need(SCOPE)
        query = select(records.Case).where(records.Case.district_id == info.context.district_id)
        if states is not None:
            query = query.where(records.Case.state.in_(states))
        if severities is not None:
            query = query.where(records.Case.severity.in_(severities))
        if school_id is not None:
            query = query.where(records.Case.school_id == expect(school_id, "School"))
        return connect(info, query, ORDER, Slice(first, after, last, before), lambda rows: [Case.of(r) for r in rows])

    @strawberry.field(
        description="The case with a number such as 2026-0012, or with an id: its own, or the `caseid` of an event."
    )
    def case(self, info: Info, number: str | None = None, id: strawberry.ID | None = None) -> Case | None:  # noqa: A002 - GraphQL's own name
        """Find a case by what people call it, or by its id. Raises: BadInput unless one of both is given."""
        context = info.context
        context.need(SCOPE)
        if (number is None) == (id is None):
            raise BadInput("Give the number of a case or its id.")
        if number is None:
            record = service.by_id(context.session, context.district_id, expect(str(id), "Case"))
        else:
            record = service.by_number(context.session, context.district_id, number)
        return Case.of(record) if record else None

    @strawberry.field(description="What reporters sent, newest first, whatever the case.")
    def tips(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Message]:
        """List the messages that came in."""
        info.context.need(SCOPE)
        query = (
            select(core.Message)
            .join(records.CaseMessage, records.CaseMessage.message_id == core.Message.id)
            .where(core.Message.district_id == info.context.district_id)
        )
        part = Slice(first, after, last, before)
        return connect(info, query, _NEWEST_FIRST, part, lambda rows: messages_shown(info, rows))


@strawberry.input
class ReplyInput:
    """What to text, and to whom."""

    thread_id: strawberry.ID
    text: str


@strawberry.type
class ReplyPayload:
    """The queued reply, or why there is none."""

    message: Message | None
    user_errors: list[UserError]


@strawberry.input
class NoteInput:
    """What to write down."""

    case_id: strawberry.ID
    text: str


@strawberry.type
class NotePayload:
    """The note, or why there is none."""

    note: Note | None
    user_errors: list[UserError]


@strawberry.input
class AssignInput:
    """In whose hands to put a case; nobody's when `accountId` is null."""

    case_id: strawberry.ID
    account_id: strawberry.ID | None


@strawberry.input
class ChangeStateInput:
    """Where to move a case, and why."""

    case_id: strawberry.ID
    state: CaseMove
    why: Why


@strawberry.type
class CasePayload:
    """The case as it is now, or why it was not touched."""

    case: Case | None
    user_errors: list[UserError]


@strawberry.type
class Mutation:
    """What can be done with cases."""

    @strawberry.mutation(
        description="Text the reporter of a conversation. The same words again within ten seconds are sent once."
    )
    def reply(self, info: Info, input: ReplyInput) -> ReplyPayload:  # noqa: A002 - GraphQL's own name for it
        """Queue a reply and wake the courier."""
        context = info.context
        may_write(info)

        def work(session: Session) -> str:
            thread = session.get(core.Thread, expect(input.thread_id, "Thread"))
            if thread is None or thread.district_id != context.district_id:
                raise NotFound
            actor = context.viewer.actor
            return replying.reply(session, context.keys, thread, input.text, author=actor, now=context.now).id

        message_id, errors = context.attempt(work, wake="courier")
        return ReplyPayload(message=Message.find(info, message_id) if message_id else None, user_errors=errors)

    @strawberry.mutation(description="Write something down for colleagues.")
    def note(self, info: Info, input: NoteInput) -> NotePayload:  # noqa: A002 - GraphQL's own name for it
        """Add a note to a case."""
        context = info.context

        text = typed(input.text)

        def work(session: Session, found: records.Case) -> service.OpenedNote:
            made = service.add_note(session, context.keys, found, text, context.viewer.actor, context.now)
            return service.OpenedNote(made.id, made.author, made.at, text)

        opened, errors = on_case(info, input.case_id, work)
        return NotePayload(note=Note.of(opened) if opened else None, user_errors=errors)

    @strawberry.mutation(description="Put a case in somebody's hands, or in nobody's.")
    def assign(self, info: Info, input: AssignInput) -> CasePayload:  # noqa: A002 - GraphQL's own name for it
        """Assign a case."""
        context = info.context

        def work(session: Session, found: records.Case) -> None:
            account_id = expect(input.account_id, "Account") if input.account_id is not None else None
            service.assign(session, found, account_id, context.viewer.actor, context.now)

        return payload(info, input.case_id, work)

    @strawberry.mutation(description="Move a case to another state.")
    def change_state(self, info: Info, input: ChangeStateInput) -> CasePayload:  # noqa: A002 - GraphQL's own name for it
        """Move a case."""
        context = info.context

        def work(session: Session, found: records.Case) -> None:
            service.change_state(session, found, input.state, input.why, context.viewer.actor, context.now)

        return payload(info, input.case_id, work)


NODES = {"Assessment": Assessment.find, "Case": Case.find, "Message": Message.find, "Thread": Thread.find}


def payload(
    info: Info, case_id: strawberry.ID, work: Callable[[Session, records.Case], object], wake: Name | None = None
) -> CasePayload:
    """Do something with a case of the viewer's district and show the case as it is then. Raises: Forbidden."""
    _, errors = on_case(info, case_id, work, wake)
    return CasePayload(case=None if errors else Case.find(info, expect(case_id, "Case")), user_errors=errors)


def on_case(
    info: Info, case_id: strawberry.ID, work: Callable[[Session, records.Case], T], wake: Name | None = None
) -> tuple[T | None, list[UserError]]:
    """Do something with a case of the viewer's district: what came of it, or why nothing did. Raises: Forbidden."""
    may_write(info)

    def found(session: Session) -> T:
        record = service.by_id(session, info.context.district_id, expect(case_id, "Case"))
        if record is None:
            raise NotFound
        return work(session, record)

    return info.context.attempt(found, wake)


def may_write(info: Info) -> None:
    """A payload shows what was written, so writing needs the reading scope as well. Raises: Forbidden."""
    info.context.need(SCOPE)
    info.context.need(WRITE)
