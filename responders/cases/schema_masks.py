"""GraphQL of masks: where a message names its reporter, who was let read it, and letting staff read one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy.orm import Session

from gateway.core import records as core
from gateway.core.characters import showable, typed
from gateway.core.errors import NotFound
from responders.api.context import Info
from responders.api.errors import UserError
from responders.api.ids import expect
from responders.cases import masks
from responders.cases.schema import may_write
from responders.cases.schema_codes import MaskKind, UnmaskReason
from responders.cases.schema_types import Message
from responders.directory.schema import Actor, actor_of


@strawberry.type(description="Who let staff read a span, and why. Nothing takes that back.")
class Unmasking:
    """An unmasking."""

    at: datetime
    reason_code: UnmaskReason
    note: str | None
    actor: strawberry.Private[str]

    @strawberry.field(description="Who did.")
    def unmasked_by(self, info: Info) -> Actor | None:
        """Name who did."""
        return actor_of(info, self.actor)

    @classmethod
    def of(cls, lifted: masks.Lifted) -> Self:
        """Show an opened row."""
        note = showable(lifted.note) or None
        return cls(at=lifted.at, reason_code=UnmaskReason(lifted.reason_code), note=note, actor=lifted.actor)


@strawberry.type(description="A span of a message's text in which its reporter tells who they are.")
class Mask:
    """A mask."""

    ordinal: int = strawberry.field(description="Counts the masks of a message, from 0.")
    kind: MaskKind
    start: int = strawberry.field(description="First character, counted in Unicode code points from 0.")
    end: int = strawberry.field(description="The character after the last.")
    rules: str = strawberry.field(description="The version of the rules that found it.")
    unmasking: Unmasking | None = strawberry.field(description="Null while it is hidden.")

    @classmethod
    def of(cls, mask: masks.Mask) -> Self:
        """Show a mask."""
        span = mask.span
        return cls(
            ordinal=span.ordinal,
            kind=MaskKind(span.kind),
            start=span.start,
            end=span.end,
            rules=mask.rules,
            unmasking=Unmasking.of(mask.lifted) if mask.lifted else None,
        )


def masks_of(info: Info, root: strawberry.Parent[Message]) -> list[Mask]:
    """List the masks of a message."""
    words = root.words(info)
    return [] if words is None else [Mask.of(mask) for mask in root.masks_in(info, words)]


@strawberry.type
class MessageFields:
    """What masks add to the type `Message`."""

    masks: list[Mask] = strawberry.field(
        resolver=masks_of, description="Where its reporter tells who they are, hidden or not, in order."
    )


@strawberry.input
class UnmaskInput:
    """Which mask to lift, as `masks` gave it, and why."""

    message_id: strawberry.ID
    ordinal: int
    kind: MaskKind
    rules: str
    reason_code: UnmaskReason
    note: str | None = None


@strawberry.type
class UnmaskPayload:
    """The message as it may be read now, or why nothing was shown."""

    message: Message | None
    user_errors: list[UserError]


@strawberry.type
class Mutation:
    """What can be done about masks."""

    @strawberry.mutation(description="Let staff read one span in which a reporter tells who they are.")
    def unmask(self, info: Info, input: UnmaskInput) -> UnmaskPayload:  # noqa: A002 - GraphQL's own name for it
        """Lift a mask."""
        context = info.context
        may_write(info)
        ask = masks.Ask(input.ordinal, input.kind, input.rules, input.reason_code, typed(input.note or ""))

        def work(session: Session) -> str:
            message = session.get(core.Message, expect(input.message_id, "Message"))
            if message is None or message.district_id != context.district_id:
                raise NotFound
            masks.lift(session, context.keys, message, ask, context.viewer.actor, context.now)
            return message.id

        message_id, errors = context.attempt(work)
        return UnmaskPayload(message=Message.find(info, message_id) if message_id else None, user_errors=errors)
