"""The GraphQL schema: merges what each capability declares and says where it is served. Nothing else happens here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import strawberry
from graphql import GraphQLError
from starlette.routing import Route
from strawberry import relay
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import ExecutionContext
from strawberry.types.base import get_object_definition

from gateway.core.logs import log
from responders.accounts import schema as accounts
from responders.api import schema as api
from responders.api.context import Info
from responders.api.endpoint import Endpoint
from responders.api.errors import cause, is_ours_to_mend
from responders.api.limits import Limits
from responders.api.scalars import scalars
from responders.cases import schema as cases
from responders.cases import schema_holds as holds
from responders.cases import schema_masks as masks
from responders.cases.schema_types import Case, Message
from responders.directory import schema as directory
from responders.escalation import schema as escalation
from responders.exporting import schema as exporting
from responders.linking import schema as linking
from responders.paging import schema as paging
from responders.subscriptions import schema as subscriptions
from responders.web.state import Console

NODES: Mapping[str, Any] = {
    **api.NODES,
    **accounts.NODES,
    **directory.NODES,
    **cases.NODES,
    **paging.NODES,
    **escalation.NODES,
    **subscriptions.NODES,
}
"""How to find a node of each type by its own id."""


@strawberry.type
class NodeQuery:
    """Relay's way back to anything that has an id."""

    @strawberry.field(description="Anything with an id, if it is your district's.")
    def node(self, info: Info, id: relay.GlobalID) -> relay.Node | None:  # noqa: A002 - Relay's own name
        """Find a node; null when there is none."""
        find = NODES.get(id.type_name)
        return cast("relay.Node | None", find(info, id.node_id)) if find else None


class Schema(strawberry.Schema):
    """Logs faults of ours by class and place; never a document, a variable or a message."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log what is ours to mend."""
        for error in filter(is_ours_to_mend, errors):
            log().error("a GraphQL request failed", error=cause(error))


@cache
def build() -> Schema:
    """Build the schema once."""
    _extend(Case, holds.CaseFields)
    _extend(Case, paging.CaseFields)
    _extend(Case, linking.CaseFields)
    _extend(Case, escalation.CaseFields)
    _extend(Message, masks.MessageFields)
    _extend(api.Event, subscriptions.EventFields)
    queries = (
        NodeQuery, accounts.Query, directory.Query, cases.Query, escalation.Query, api.Query, subscriptions.Query,
    )  # fmt: skip
    mutations = (
        cases.Mutation, holds.Mutation, masks.Mutation, paging.Mutation, linking.Mutation, escalation.Mutation,
        exporting.Mutation, subscriptions.Mutation,
    )  # fmt: skip
    return Schema(
        query=merge_types("Query", queries),
        mutation=merge_types("Mutation", mutations),
        extensions=[Limits, ParserCache, ValidationCache],
        config=StrawberryConfig(scalar_map=scalars()),
    )


def routes(console: Console) -> list[Route]:
    """Say where GraphQL is served on the console app."""
    return [Endpoint(build(), console, accounts.authenticate).route()]


def _extend(below: type, above: type) -> None:
    """Give a type of a lower room the fields that a higher room has for it, since imports only run downward."""
    lower, upper = get_object_definition(below, strict=True), get_object_definition(above, strict=True)
    lower.fields.extend(upper.fields)
