"""GraphQL type of what came with a message. The file itself is shown by the console, to staff who are signed in."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Self

import strawberry
from sqlalchemy import select
from sqlalchemy.orm import defer

from gateway.core.media import records
from responders.api.context import Info


@strawberry.enum(description="How far an attachment got; states only move forward.")
class AttachmentState(Enum):
    """A state of `gateway.core.media`."""

    AWAITED = records.AWAITED
    SEALED = records.SEALED
    CLEAN = records.CLEAN
    BROKEN = records.BROKEN
    REFUSED = records.REFUSED
    LOST = records.LOST


@strawberry.type(description="A picture, film, recording or paper that came with a message.")
class Attachment:
    """An attachment."""

    id: strawberry.ID
    state: AttachmentState = strawberry.field(description="SEALED waits to be cleaned; only CLEAN can be opened.")
    kind: str | None = strawberry.field(description="What its first bytes say it is, e.g. jpeg; null when unknown.")
    size: int = strawberry.field(description="Bytes of the original.")
    reason: str | None = strawberry.field(
        description="Why it cannot be opened or was not taken, or that it is clean but unscreened, as a code."
    )
    urls: list[str] = strawberry.field(
        description="Where the console shows the clean copy, a page each, to staff who are signed in."
    )

    @classmethod
    def of(cls, row: records.Attachment, origin: str) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            state=AttachmentState(row.state),
            kind=row.kind,
            size=row.size,
            reason=row.reason,
            urls=[f"{origin}/attachments/{row.id}/{part}" for part in range(row.parts)],
        )


def attachments_of(info: Info, message_ids: Sequence[str]) -> dict[str, list[Attachment]]:
    """Read what came with messages in one query, by message."""
    query = select(records.Attachment).where(records.Attachment.message_id.in_(message_ids))
    query = query.order_by(records.Attachment.position).options(defer(records.Attachment.original_key_sealed))
    found: dict[str, list[Attachment]] = {}
    for row in info.context.session.scalars(query):
        found.setdefault(row.message_id, []).append(Attachment.of(row, info.context.origin))
    return found
