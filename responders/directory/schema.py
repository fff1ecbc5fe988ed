"""GraphQL of the directory: schools, responders (never their numbers), and who an actor is."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

import strawberry
from sqlalchemy import select
from strawberry import relay

from gateway.core.records import School as SchoolRecord
from responders.accounts.records import ApiToken
from responders.accounts.schema import SCOPE, Account, Role
from responders.api.context import Info
from responders.directory import records, service


@strawberry.type(description="Somebody who can be paged.")
class Responder(relay.Node):
    """A responder, without the number."""

    id: relay.NodeID[str]
    name: str
    role: Role

    @classmethod
    def of(cls, record: records.Responder) -> Self:
        """Show a row."""
        return cls(id=record.id, name=record.name, role=Role(record.role))

    @classmethod
    def find(cls, info: Info, responder_id: str) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(records.Responder, responder_id)
        return cls.of(record) if record else None


@strawberry.type(description="A school of the district.")
class School(relay.Node):
    """A school."""

    id: relay.NodeID[str]
    name: str
    slug: str

    @strawberry.field(description="Whom an urgent case of this school pages, in order.")
    def on_call(self, info: Info) -> list[Responder]:
        """List the school's on-call list, or the district's when it has none."""
        found = service.on_call(info.context.session, info.context.district_id, self.id)
        return [Responder.of(record) for record in found]

    @classmethod
    def of(cls, record: SchoolRecord) -> Self:
        """Show a row."""
        return cls(id=record.id, name=record.name, slug=record.slug)

    @classmethod
    def find(cls, info: Info, school_id: str | None) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(SchoolRecord, school_id)
        return cls.of(record) if record else None


@strawberry.enum(description="What kind of actor did something.")
class ActorKind(StrEnum):
    """The kinds that events know."""

    ACCOUNT = "account"
    CONTACT = "contact"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    PROCESS = "process"
    REPORTER = "reporter"


@strawberry.type(
    description="Who did something: a member of staff, a responder by phone, another system, or the machine."
)
class Actor:
    """An actor with a name to show."""

    kind: ActorKind
    name: str | None = strawberry.field(description="A name to show; null for the machine and for reporters.")


@strawberry.type
class Query:
    """What can be asked about the directory."""

    @strawberry.field(description="The district's schools, by name.")
    def schools(self, info: Info) -> list[School]:
        """List the schools."""
        context = info.context
        context.need(SCOPE)
        query = select(SchoolRecord).where(SchoolRecord.district_id == context.district_id).order_by(SchoolRecord.name)
        return [School.of(record) for record in context.session.scalars(query)]


NODES = {"School": School.find, "Responder": Responder.find}


def actor_of(info: Info, actor: str | None) -> Actor | None:
    """Say who an actor string (`account:<id>`, `process:worker`, …) stands for."""
    if actor is None:
        return None
    kind, _, ref = actor.partition(":")
    name = info.context.once(("actor", actor), lambda: _name(info, kind, ref))
    return Actor(kind=ActorKind(kind), name=name)


def _name(info: Info, kind: str, ref: str) -> str | None:
    context = info.context
    if kind == ActorKind.ACCOUNT:
        account = Account.find(info, ref)
        return account.name if account else None
    if kind == ActorKind.CONTACT:
        responder = service.of_contact(context.session, ref)
        return responder.name if responder and responder.district_id == context.district_id else None
    if kind == ActorKind.TOKEN:
        token = context.row(ApiToken, ref)
        return token.name if token else None
    return None
