"""How much one GraphQL request may ask for: tokens, depth, aliases, and the objects it could return at most.

Each fragment is measured once however often it is spread, so that no small document can make the measuring itself slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_composite_type,
    is_interface_type,
    is_list_type,
    is_object_type,
    value_from_ast_untyped,
)
from strawberry.extensions import SchemaExtension

from responders.api.connections import LONGEST_PAGE, PAGE
from responders.api.errors import ONE_OPERATION, LimitExceeded

MAX_TOKENS = 2000
MAX_DEPTH = 15
MAX_ALIASES = 30
MAX_OBJECTS = 10_000
LIST_GUESS = 5
"""How many items a plain list is taken to have."""


@dataclass(frozen=True)
class Measure:
    """What a part of a document asks for."""

    depth: int = 0
    aliases: int = 0
    objects: int = 0

    def beside(self, other: Measure) -> Measure:
        """Put another part next to this one."""
        return Measure(max(self.depth, other.depth), self.aliases + other.aliases, self.objects + other.objects)


class Limits(SchemaExtension):
    """Refuses a document that asks for too much: after validation, before anything is read."""

    def on_operation(self) -> Iterator[None]:
        """Bound the parser, and with it the work of validation."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_execute(self) -> Iterator[None]:
        """Measure the operation with the variables it came with."""
        asked = self.execution_context
        assert asked.graphql_document is not None
        schema: GraphQLSchema = asked.schema._schema  # noqa: SLF001 - Strawberry has no public door to it
        name = asked._provided_operation_name  # noqa: SLF001 - nor to this: it would run the first of several
        operation = get_operation_ast(asked.graphql_document, name)
        if operation is None:
            asked.result = ExecutionResult(None, [GraphQLError(ONE_OPERATION)])
        elif refusal := refuse(measure(schema, asked.graphql_document, operation, asked.variables or {})):
            asked.result = ExecutionResult(None, [GraphQLError(refusal.public, original_error=refusal)])
        yield


def refuse(found: Measure) -> LimitExceeded | None:
    """Say which limit is exceeded, if any."""
    if found.depth > MAX_DEPTH:
        return LimitExceeded(f"The query is {found.depth} levels deep; {MAX_DEPTH} are allowed.")
    if found.aliases > MAX_ALIASES:
        return LimitExceeded(f"The query has {found.aliases} aliases; {MAX_ALIASES} are allowed.")
    if found.objects > MAX_OBJECTS:
        return LimitExceeded(
            f"The query could return {found.objects} objects; {MAX_OBJECTS} are allowed. Ask for smaller pages."
        )
    return None


def measure(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Measure:
    """Measure an operation of a valid document (without fragment circles, all fields known)."""
    root = schema.get_root_type(operation.operation)
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value
    }
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return _Gauge(schema, fragments, {**defaults, **variables}).of(operation.selection_set, root)


@dataclass
class _Gauge:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    measured: dict[str, Measure] = field(default_factory=dict)

    def of(self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        parts = (self._part(node, parent) for node in (selected.selections if selected else ()))
        return reduce(Measure.beside, parts, Measure())

    def _part(self, node: SelectionNode, parent: GraphQLNamedType | None) -> Measure:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self.measured:
                self.measured[name] = self._typed(self.fragments[name], parent)
            return self.measured[name]
        return self._typed(node, parent)

    def _typed(self, node: Any, parent: GraphQLNamedType | None) -> Measure:
        condition = node.type_condition
        return self.of(node.selection_set, self.schema.get_type(condition.name.value) if condition else parent)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        aliases = 1 if node.alias else 0
        known = parent.fields.get(node.name.value) if is_object_type(parent) or is_interface_type(parent) else None
        if known is None:  # introspection, which has a depth rule of its own in graphql-core
            return Measure(1, aliases, 0)
        of_type = get_named_type(known.type)
        if not is_composite_type(of_type):
            return Measure(1, aliases, 0)
        inner = self.of(node.selection_set, of_type)
        return Measure(1 + inner.depth, aliases + inner.aliases, 1 + self._times(node, known, parent) * inner.objects)

    def _times(self, node: FieldNode, known: GraphQLField, parent: GraphQLNamedType | None) -> int:
        """How often the inside of a field may come: a connection's page, a guess for a list, else once."""
        if get_named_type(known.type).name.endswith("Connection"):
            given = {argument.name.value: argument.value for argument in node.arguments or ()}
            sizes = [value_from_ast_untyped(given[n], dict(self.variables)) for n in ("first", "last") if n in given]
            size = next((size for size in sizes if isinstance(size, int)), PAGE)
            return min(max(size, 0), LONGEST_PAGE)
        in_connection = parent is not None and parent.name.endswith("Connection")
        return LIST_GUESS if is_list_type(get_nullable_type(known.type)) and not in_connection else 1
