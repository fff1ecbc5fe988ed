"""GraphQL of accounts: who asks, and to whom cases can be assigned."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

import strawberry
from starlette.requests import Request
from strawberry import relay

from responders.accounts import gate, records, service
from responders.api.context import Info, Viewer
from responders.web import state

SCOPE = "cases:read"


@strawberry.enum(description="What somebody is in the district.")
class Role(StrEnum):
    """The roles of `service.ROLES`."""

    COUNSELLOR = "counsellor"
    ADMINISTRATOR = "administrator"
    OFFICER = "officer"
    OPERATOR = "operator"


@strawberry.type(description="A member of staff who can sign in.")
class Account(relay.Node):
    """A member of staff."""

    id: relay.NodeID[str]
    name: str
    role: Role

    @classmethod
    def of(cls, record: records.Account) -> Self:
        """Show a row."""
        return cls(id=record.id, name=record.name, role=Role(record.role))

    @classmethod
    def find(cls, info: Info, account_id: str | None) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(records.Account, account_id)
        return cls.of(record) if record else None


@strawberry.type(name="Viewer", description="Who asks.")
class ViewerShown:
    """What may be told of the viewer."""

    actor: str = strawberry.field(description="How events name you: `account:<id>` or `token:<id>`.")
    name: str
    scopes: list[str]


@strawberry.type
class Query:
    """What can be asked about accounts."""

    @strawberry.field(description="Who asks, and what they may do.")
    def viewer(self, info: Info) -> ViewerShown:
        """Show the viewer; no scope is needed."""
        viewer = info.context.viewer
        return ViewerShown(actor=viewer.actor, name=viewer.name, scopes=sorted(viewer.scopes))

    @strawberry.field(description="The people to whom a case can be assigned, by name.")
    def accounts(self, info: Info) -> list[Account]:
        """List the district's accounts."""
        context = info.context
        context.need(SCOPE)
        return [Account.of(record) for record in service.of_district(context.session, context.district_id)]


NODES = {"Account": Account.find}


def authenticate(request: Request) -> Viewer | None:
    """Find who asks: by the bearer token when one is shown, else by the session cookie. Source: RFC 6750 §2.1."""
    shown = request.headers.get("authorization")
    return _of_cookie(request) if shown is None else _of_token(request, shown)


def _of_cookie(request: Request) -> Viewer | None:
    visit = gate.visitor(request)
    if visit is None:
        return None
    scopes = service.scopes_of(visit.account.role)
    return Viewer(visit.actor, visit.account.district_id, scopes, visit.account.name, visit.csrf)


def _of_token(request: Request, shown: str) -> Viewer | None:
    scheme, _, plain = shown.partition(" ")
    console = state.of(request)
    if scheme.lower() != "bearer":
        return None
    with console.database.read() as session:
        token = service.token(session, plain.strip(), console.clock())
    if token is None:
        return None
    return Viewer(f"token:{token.id}", token.district_id, frozenset(token.scopes), token.name)
