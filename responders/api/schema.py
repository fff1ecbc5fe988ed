"""GraphQL of the event log: every state transition, oldest first, each also as a CloudEvents 1.0 envelope."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy import Select, select
from strawberry import relay

from exports import cloud_events
from exports.snapshot import EventSnapshot
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
    snapshot: strawberry.Private[EventSnapshot]
    type: str = strawberry.field(description="What happened, e.g. `org.tipline.case.acknowledged`.")
    subject: str = strawberry.field(description="What it happened to: `<thing>/<id>`.")
    actor: str = strawberry.field(
        description="Who did it: `account:<id>`, `contact:<id>`, `token:<id>`, `process:<name>` or `reporter`."
    )
    at: datetime
    data: Json = strawberry.field(description="Ids and codes.")

    @strawberry.field(description="The CloudEvents 1.0.2 envelope, structured mode.")
    def cloud_event(self, info: Info) -> Json:
        """Render the envelope."""
        return Json(cloud_events.envelope(self.snapshot, info.context.origin))

    @classmethod
    def of(cls, record: records.Event) -> Self:
        """Show a row."""
        names = ("id", "type", "subject", "actor", "at", "data")
        values = {name: getattr(record, name) for name in names}
        snapshot = EventSnapshot(**values, sequence=record.seq, district_id=record.district_id)
        return cls(**values, snapshot=snapshot)

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
        """List events, all or those of one thing or of some types."""
        info.context.need(SCOPE)
        query = _own(info)
        if subject is not None:
            query = query.where(records.Event.subject == subject)
        if types is not None:
            query = query.where(records.Event.type.in_(types))
        return connect(info, query, _ORDER, Slice(first, after, last, before), _nodes)


NODES = {"Event": Event.find}


def _own(info: Info) -> Select[records.Event]:
    return select(records.Event).where(records.Event.district_id == info.context.district_id)


def _nodes(rows: list[records.Event]) -> list[Event]:
    return [Event.of(row) for row in rows]
