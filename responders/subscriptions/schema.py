"""GraphQL of subscriptions: who is sent events, what of it arrived, and the envelope of each event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

import strawberry
from sqlalchemy import select
from sqlalchemy.orm import Session
from strawberry import relay

from exports import cloud_events
from exports.snapshot import EventSnapshot
from gateway.core.errors import BadInput, NotFound
from responders.accounts.schema import SCOPE as CASES_READ
from responders.api.connections import Slice, by, connect
from responders.api.context import Info
from responders.api.errors import UserError
from responders.api.ids import expect
from responders.api.scalars import Json
from responders.api.schema import Event
from responders.cases.people import is_person
from responders.subscriptions import filters, places, records, service
from responders.subscriptions.service import SCOPE_READ, SCOPE_WRITE, Made, Wish
from responders.subscriptions.troubles import trouble

_ORDER = (by(records.Delivery.seq, descending=True), by(records.Delivery.id))


@strawberry.enum(description="How events are put into requests.")
class EventMode(StrEnum):
    """The content modes of CloudEvents over HTTP."""

    STRUCTURED = "structured"
    BINARY = "binary"
    BATCHED = "batched"


@strawberry.enum(description="How far a delivery has come.")
class EventDeliveryState(StrEnum):
    """The states of a delivery."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    DEAD = "dead"


@strawberry.enum(description="What a subscription waits for, if it does.")
class SubscriptionState(StrEnum):
    """The states of a subscription, but for `deleted`."""

    PENDING = "pending"
    WAITING = "waiting"
    ACTIVE = "active"
    RETIRED = "retired"


@strawberry.type(description="One event on its way to one receiver.")
class EventDelivery(relay.Node):
    """A delivery."""

    id: relay.NodeID[str]
    event_id: str = strawberry.field(description="The id of its CloudEvent.")
    lane: str = strawberry.field(description="What it keeps its order in: `case/<id>`, or its own subject.")
    state: EventDeliveryState
    attempts: int
    code: str | None = strawberry.field(description="What the last try came to.")
    trouble: str | None = strawberry.field(description="What went wrong, in a sentence; null when it was taken.")
    due: strawberry.Private[datetime]
    done: strawberry.Private[datetime | None]

    @strawberry.field(
        description="When it is due. Without the scope cases:read in spans: it follows its event at once."
    )
    def due_at(self, info: Info) -> datetime:
        """Tell when."""
        return told(info, self.due)

    @strawberry.field(description="When it was taken or given up, as coarsely.")
    def done_at(self, info: Info) -> datetime | None:
        """Tell when, if it was."""
        return None if self.done is None else told(info, self.done)

    @classmethod
    def of(cls, row: records.Delivery) -> Self:
        """Show a row."""
        return cls(
            id=row.id, event_id=row.event_id, lane=row.lane, state=EventDeliveryState(row.state), attempts=row.attempts,
            code=row.code, due=row.due_at, done=row.done_at,
            trouble=None if row.state == records.DELIVERED else trouble(row.code),
        )  # fmt: skip


@strawberry.type(description="A system of the district that is sent events.")
class Subscription(relay.Node):
    """A subscription, without its secrets."""

    id: relay.NodeID[str]
    name: str
    sink: str
    mode: EventMode
    types: list[str] = strawberry.field(description="Types as they leave; none means all.")
    filters: Json = strawberry.field(description="As in the CloudEvents Subscriptions API.")
    state: SubscriptionState
    code: str | None = strawberry.field(description="What was last wrong.")
    trouble: str | None = strawberry.field(description="The same in a sentence.")
    rate_per_minute: int | None = strawberry.field(description="What the receiver agreed to; null for no limit.")

    @strawberry.field(description="What is on its way, was taken or was given up, the newest first.")
    def deliveries(
        self,
        info: Info,
        state: EventDeliveryState | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> relay.Connection[EventDelivery]:
        """List deliveries."""
        query = select(records.Delivery).where(records.Delivery.subscription_id == self.id)
        if state is not None:
            query = query.where(records.Delivery.state == state.value)
        return connect(info, query, _ORDER, Slice(first, after), lambda rows: [EventDelivery.of(row) for row in rows])

    @classmethod
    def of(cls, row: records.Subscription) -> Self:
        """Show a row."""
        return cls(
            id=row.id, name=row.name, sink=row.sink, mode=EventMode(row.mode), types=row.types,
            filters=Json(row.filters), state=SubscriptionState(row.state), code=row.code,
            trouble=trouble(row.code),
            rate_per_minute=row.rate_per_minute,
        )  # fmt: skip

    @classmethod
    def find(cls, info: Info, subscription_id: str) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE_READ)
        try:
            return cls.of(service.find(info.context.session, info.context.district_id, subscription_id))
        except NotFound:
            return None


def at_of(info: Info, root: strawberry.Parent[Event]) -> datetime:
    """Tell when it was, as exactly as the viewer may know; who may read cases sees there when reports came in."""
    return root.moment if is_person(root.actor) else told(info, root.moment)


def told(info: Info, moment: datetime) -> datetime:
    """Bring a moment down to the beginning of its span for whoever may not read cases."""
    context = info.context
    if CASES_READ in context.viewer.scopes:
        return moment
    return places.coarse(moment, context.policy.report_minutes)


def cloud_event_of(info: Info, root: strawberry.Parent[Event]) -> Json:
    """Render the envelope of an event, with the case that it belongs to."""
    context = info.context

    def load() -> tuple[object, dict[str, EventSnapshot]]:
        made = places.snapshots(context.session, root.page, context.policy.report_minutes)
        return root.page, {one.id: one for one in made}

    # The page is kept with what was made of it: else the next page could be given its number.
    _, found = context.once(("snapshots", id(root.page)), load)
    return Json(cloud_events.envelope(found[root.id], context.origin))


@strawberry.type
class EventFields:
    """What this room adds to the type `Event`."""

    at: datetime = strawberry.field(
        resolver=at_of,
        description="When. Without the scope cases:read in spans, as receivers get it, unless a person did it.",
    )
    cloud_event: Json = strawberry.field(
        resolver=cloud_event_of, description="The CloudEvents 1.0.2 envelope, structured mode, as receivers get it."
    )


@strawberry.type
class Query:
    """What can be asked about subscriptions."""

    @strawberry.field(description="Who is sent events, oldest first.")
    def subscriptions(self, info: Info) -> list[Subscription]:
        """List the district's subscriptions."""
        context = info.context
        context.need(SCOPE_READ)
        return [Subscription.of(row) for row in service.of_district(context.session, context.district_id)]


@strawberry.input
class SubscribeInput:
    """Where to send events, in which form, and which: about some things, of some schools, of some severities."""

    name: str
    sink: str
    mode: EventMode = EventMode.STRUCTURED
    types: list[str] = strawberry.field(default_factory=list)
    things: list[str] = strawberry.field(default_factory=list)
    schools: list[str] = strawberry.field(default_factory=list, description="Their short names.")
    severities: list[str] = strawberry.field(default_factory=list)
    bearer: str | None = strawberry.field(default=None, description="The receiver's own token, sent as a bearer's.")


@strawberry.type
class SubscribePayload:
    """The subscription with its secret, shown this once; or why there is none."""

    subscription: Subscription | None
    secret: str | None
    user_errors: list[UserError]


@strawberry.type
class SubscriptionPayload:
    """The subscription as it is now, or why it was not touched."""

    subscription: Subscription | None
    user_errors: list[UserError]


@strawberry.type
class ReplayPayload:
    """How many events are sent again, or why none is."""

    count: int
    user_errors: list[UserError]


@strawberry.type
class Mutation:
    """What can be done with subscriptions."""

    @strawberry.mutation(description="Send events to a system. It is asked first, and sent nothing before it agrees.")
    def subscribe(self, info: Info, input: SubscribeInput) -> SubscribePayload:  # noqa: A002 - GraphQL's own name for it
        """Make a subscription."""
        context = info.context
        _may_write(info)
        chosen = filters.of_choices(input.things, input.schools, input.severities)
        wish = Wish(input.name, input.sink, input.mode.value, input.types, chosen, input.bearer)

        def work(session: Session) -> Made:
            return service.create(
                session, context.keys, context.hosts, context.district_id, wish, context.viewer.actor, context.now
            )

        made, errors = context.attempt(work, wake="worker")
        shown = Subscription.of(made.row) if made else None
        return SubscribePayload(subscription=shown, secret=made.secret if made else None, user_errors=errors)

    @strawberry.mutation(description="Make a new signing secret; the old one signs beside it for a day.")
    def rotate_subscription_secret(self, info: Info, subscription_id: strawberry.ID) -> SubscribePayload:
        """Rotate a secret."""
        context = info.context
        secret, errors = _on(
            info, subscription_id,
            lambda session, row: service.rotate_secret(session, context.keys, row, context.viewer.actor, context.now),
        )  # fmt: skip
        shown = None if errors else Subscription.find(info, expect(subscription_id, "Subscription"))
        return SubscribePayload(subscription=shown, secret=secret, user_errors=errors)

    @strawberry.mutation(description="Ask a receiver again that did not agree, or was retired.")
    def ask_subscriber_again(self, info: Info, subscription_id: strawberry.ID) -> SubscriptionPayload:
        """Have it asked."""
        return _changed(info, subscription_id, service.ask_again)

    @strawberry.mutation(description="Try at once what waits for a receiver that failed, or asked for a pause.")
    def try_subscriber_now(self, info: Info, subscription_id: strawberry.ID) -> SubscriptionPayload:
        """End its pause."""
        return _changed(info, subscription_id, service.try_now)

    @strawberry.mutation(description="Send nothing more to a receiver, and forget its secrets.")
    def unsubscribe(self, info: Info, subscription_id: strawberry.ID) -> SubscriptionPayload:
        """End a subscription."""
        context = info.context
        _, errors = _on(
            info, subscription_id, lambda session, row: service.end(session, row, context.viewer.actor, context.now)
        )
        return SubscriptionPayload(subscription=None, user_errors=errors)

    @strawberry.mutation(
        description="Send again what was given up, or with `since` everything from that moment on: without the scope "
        "cases:read from the beginning of its span on, since how many there are would tell when each was."
    )
    def replay_deliveries(self, info: Info, subscription_id: strawberry.ID, since: str | None = None) -> ReplayPayload:
        """Replay."""
        context = info.context

        def work(session: Session, row: records.Subscription) -> int:
            if since is None:
                return service.replay_dead(session, row, context.viewer.actor, context.now)
            return service.replay_since(session, row, told(info, _moment(since)), context.viewer.actor, context.now)

        count, errors = _on(info, subscription_id, work)
        return ReplayPayload(count=count or 0, user_errors=errors)


NODES = {"Subscription": Subscription.find}


def _changed(
    info: Info, subscription_id: strawberry.ID, change: Callable[[Session, records.Subscription, str, datetime], object]
) -> SubscriptionPayload:
    """Change a subscription as the viewer, and show it as it is then."""
    context = info.context
    _, errors = _on(info, subscription_id, lambda session, row: change(session, row, context.viewer.actor, context.now))
    shown = None if errors else Subscription.find(info, expect(subscription_id, "Subscription"))
    return SubscriptionPayload(subscription=shown, user_errors=errors)


def _on(
    info: Info, subscription_id: strawberry.ID, work: Callable[[Session, records.Subscription], Any]
) -> tuple[Any, list[UserError]]:
    """Do something with a subscription of the viewer's district. Raises: Forbidden."""
    _may_write(info)

    def found(session: Session) -> Any:
        key = expect(subscription_id, "Subscription")
        return work(session, service.find(session, info.context.district_id, key, lock=True))

    return info.context.attempt(found, wake="worker")


def _may_write(info: Info) -> None:
    """A payload shows what was written, so writing needs the reading scope as well. Raises: Forbidden."""
    info.context.need(SCOPE_READ)
    info.context.need(SCOPE_WRITE)


def _moment(given: str) -> datetime:
    """Read an ISO 8601 time with a zone, as UTC, whose day has the spans. Raises: BadInput."""
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadInput("since must be a time in ISO 8601, with a zone.")
