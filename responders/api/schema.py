"""GraphQL of the event log: every state transition, oldest first. `subscriptions` adds when it was, and envelopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy import Select, select
from strawberry import relay

from exports import event_catalogue
from gateway.core import records
from responders.api.connections import Slice, by, connect
from responders.api.context import Info
from responders.api.scalars import Json

SCOPE = "events:read"
_ORDER = (by(records.Event.seq),)


@strawberry.type(
    description="One state transition. It holds ids, codes and who did it; never words, numbers or addresses."
)
class Event(relay.Node):
    """An event of the log."""

    id: relay.NodeID[str]
    type: str = strawberry.field(description="What happened, as it leaves: `org.tipline.case.acknowledged.v1`.")
    subject: str = strawberry.field(description="What it happened to: `<thing>/<id>`.")
    actor: str = strawberry.field(
        description="Who did it: `account:<id>`, `contact:<id>`, `token:<id>`, `process:<name>` or `reporter`."
    )
    moment: strawberry.Private[datetime]
    data: Json = strawberry.field(description="Ids and codes: what the schema of its type lists.")
    page: strawberry.Private[Sequence[records.Event]]
    """The rows that were read together with it, so that what else is asked of them is asked of all at once."""

    @classmethod
    def of(cls, record: records.Event, page: Sequence[records.Event] = ()) -> Self:
        """Show a row, with those of its page; of its data what would leave, whatever was stored once."""
        return cls(
            id=record.id, type=event_catalogue.type_of(record.type), subject=record.subject, actor=record.actor,
            data=Json(event_catalogue.fitting(record.type, record.data)), moment=record.at, page=page or [record],
        )  # fmt: skip

    @classmethod
    def find(cls, info: Info, event_id: str) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.session.scalar(_own(info).where(records.Event.id == event_id))
        return cls.of(record) if record else None


def events_of(info: Info, subjects: Iterable[str], part: Slice) -> relay.Connection[Event]:
    """List the events of some things, oldest first. Raises: Forbidden."""
    info.context.need(SCOPE)
    return connect(info, _own(info).where(records.Event.subject.in_(list(subjects))), _ORDER, part, _nodes)


@strawberry.type
class Query:
    """What can be asked about events."""

    @strawberry.field(description="The district's event log, oldest first: go on after the last cursor to follow it.")
    def events(
        self,
        info: Info,
        subject: str | None = None,
        types: list[str] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Event]:
        """List events, all or those of one thing or of some types, with their version or without."""
        info.context.need(SCOPE)
        query = _own(info)
        if subject is not None:
            query = query.where(records.Event.subject == subject)
        if types is not None:
            query = query.where(records.Event.type.in_([event_catalogue.stored_as(one) for one in types]))
        return connect(info, query, _ORDER, Slice(first, after, last, before), _nodes)


NODES = {"Event": Event.find}


def _own(info: Info) -> Select[records.Event]:
    return select(records.Event).where(records.Event.district_id == info.context.district_id)


def _nodes(rows: list[records.Event]) -> list[Event]:
    return [Event.of(row, rows) for row in rows]
