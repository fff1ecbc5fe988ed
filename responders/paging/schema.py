"""GraphQL of paging: the pages of a case, and acknowledging it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy import select
from sqlalchemy.orm import Session
from strawberry import relay

from gateway.core.records import Send
from responders.api.connections import Slice, by, connect
from responders.api.context import Info
from responders.cases import records as cases
from responders.cases.schema import CasePayload, payload
from responders.cases.schema_codes import CorrectionReason
from responders.cases.schema_parts import Delivery
from responders.cases.schema_types import Case
from responders.directory.schema import Responder
from responders.paging import records, service
from triage.model import Category, Severity

_ORDER = (by(records.Page.at), by(records.Page.id))


@strawberry.type(description="One text that called one responder. It never holds a word of the tip.")
class Page(relay.Node):
    """A page."""

    id: relay.NodeID[str]
    record: strawberry.Private[records.Page]
    at: datetime
    round: int = strawberry.field(description="Which round of the callout it belongs to.")
    case_count: int = strawberry.field(description="How many cases it told of.")

    @strawberry.field(description="Who was paged.")
    def responder(self, info: Info) -> Responder | None:
        """Find the responder."""
        return Responder.find(info, self.record.responder_id)

    @strawberry.field(description="How the text fared.")
    def delivery(self, info: Info) -> Delivery | None:
        """Find the state of the text."""
        send = info.context.session.get(Send, self.record.send_id)
        return Delivery.of(send) if send else None

    @strawberry.field(description="The case it named.")
    def case(self, info: Info) -> Case | None:
        """Find the case."""
        return Case.find(info, self.record.case_id)

    @classmethod
    def of(cls, record: records.Page) -> Self:
        """Show a row."""
        return cls(id=record.id, record=record, at=record.at, round=record.step, case_count=record.case_count)

    @classmethod
    def find(cls, info: Info, page_id: str) -> Self | None:
        """Find one whose case is the viewer's district's. Raises: Forbidden."""
        record = info.context.session.get(records.Page, page_id)
        return cls.of(record) if record and Case.find(info, record.case_id) else None


def pages_of(
    info: Info,
    root: strawberry.Parent[Case],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> relay.Connection[Page]:
    """List the pages of the callouts that a case was in, from when it was in them, oldest first."""
    own = select(records.CalloutCase).where(records.CalloutCase.case_id == root.id).subquery()
    query = (
        select(records.Page)
        .join(own, own.c.callout_id == records.Page.callout_id)
        .where(records.Page.at >= own.c.added_at)
    )
    return connect(info, query, _ORDER, Slice(first, after, last, before), lambda rows: [Page.of(r) for r in rows])


@strawberry.type
class CaseFields:
    """What paging adds to the type `Case`, which a room below declares."""

    pages: relay.Connection[Page] = strawberry.field(
        resolver=pages_of, description="Who was called about it, oldest first."
    )


@strawberry.input
class AcknowledgeInput:
    """Which case to take up."""

    case_id: strawberry.ID


@strawberry.input
class CorrectInput:
    """What a case really is, and why it is corrected."""

    case_id: strawberry.ID
    severity: Severity
    category: Category
    why: CorrectionReason
    seen_at: datetime | None = strawberry.field(
        default=None, description="The `updatedAt` of the case that was looked at: one changed since is not lowered."
    )


@strawberry.type
class Mutation:
    """What can be done about paging."""

    @strawberry.mutation(description="Say what a case really is. A grave one that nobody attends calls people out.")
    def correct(self, info: Info, input: CorrectInput) -> CasePayload:  # noqa: A002 - GraphQL's own name
        """Correct a case."""
        context = info.context

        def work(session: Session, found: cases.Case) -> None:
            said = (input.severity.value, input.category.value, input.why.value)
            service.correct(session, found, *said, context.viewer.actor, context.now, seen=input.seen_at)

        return payload(info, input.case_id, work, wake="worker")

    @strawberry.mutation(description="Take up a case: nobody is paged for it any more.")
    def acknowledge(self, info: Info, input: AcknowledgeInput) -> CasePayload:  # noqa: A002 - GraphQL's own name
        """Acknowledge a case and end its calls."""
        context = info.context

        def work(session: Session, found: cases.Case) -> None:
            service.acknowledge(session, found, context.viewer.actor, context.now)

        return payload(info, input.case_id, work, wake="worker")


NODES = {"Page": Page.find}
