"""GraphQL of legal holds: those that stand on a case, placing one and ending them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy.orm import Session

from responders.api.context import Info
from responders.cases import holds, records
from responders.cases.schema import CasePayload, payload
from responders.cases.schema_codes import HoldReason
from responders.cases.schema_types import Case
from responders.directory.schema import Actor, actor_of


@strawberry.type(description="A legal hold: while one stands, nothing of its case is destroyed.")
class Hold:
    """A hold."""

    placed_at: datetime
    reason_code: HoldReason
    actor: strawberry.Private[str]

    @strawberry.field(description="Who placed it.")
    def placed_by(self, info: Info) -> Actor | None:
        """Name who did."""
        return actor_of(info, self.actor)

    @classmethod
    def of(cls, record: records.CaseHold) -> Self:
        """Show a row."""
        return cls(placed_at=record.placed_at, reason_code=HoldReason(record.reason_code), actor=record.placed_by)


def holds_of(info: Info, root: strawberry.Parent[Case]) -> list[Hold]:
    """List the holds that stand on a case."""
    return [Hold.of(record) for record in holds.standing(info.context.session, [root.id])]


@strawberry.type
class CaseFields:
    """What holds add to the type `Case`."""

    holds: list[Hold] = strawberry.field(resolver=holds_of, description="The holds that stand on it, oldest first.")


@strawberry.input
class PlaceHoldInput:
    """Which case to keep, and why."""

    case_id: strawberry.ID
    reason_code: HoldReason


@strawberry.input
class ReleaseHoldInput:
    """Which case to keep no longer than others."""

    case_id: strawberry.ID


@strawberry.type
class Mutation:
    """What can be done about holds."""

    @strawberry.mutation(description="Keep a case, and all that belongs to it, beyond any deadline.")
    def place_hold(self, info: Info, input: PlaceHoldInput) -> CasePayload:  # noqa: A002 - GraphQL's own name
        """Hold a case."""
        context = info.context

        def work(session: Session, found: records.Case) -> None:
            holds.place(session, found, input.reason_code, context.viewer.actor, context.now)

        return payload(info, input.case_id, work)

    @strawberry.mutation(description="End every hold of a case: its deadline counts again.")
    def release_hold(self, info: Info, input: ReleaseHoldInput) -> CasePayload:  # noqa: A002 - GraphQL's own name
        """End a case's holds."""
        context = info.context

        def work(session: Session, found: records.Case) -> None:
            holds.release(session, found, context.viewer.actor, context.now)

        return payload(info, input.case_id, work)
