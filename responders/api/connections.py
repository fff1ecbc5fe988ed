"""Relay connections over keyset pagination: a page costs the same wherever it is, and rows that come in shift nothing.

A cursor holds the values of the sorting columns of its row. Source: https://relay.dev/graphql/connections.htm
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute
from strawberry import relay

from gateway.core.errors import BadInput
from gateway.core.records import UtcDateTime
from responders.api.context import Info

PAGE = 20
"""How many items a connection gives when nobody says how many."""
LONGEST_PAGE = 100

Row = TypeVar("Row")
NodeT = TypeVar("NodeT", bound=relay.Node)


@dataclass(frozen=True)
class Sort:
    """One thing to sort by: an SQL expression and how a row's value of it is read. The last of an order is unique."""

    expression: ColumnElement[Any]
    kind: type
    value: Callable[[Any], Any]
    descending: bool = False

    @property
    def directed(self) -> ColumnElement[Any]:
        """The expression with its direction, to order a query by."""
        return self.expression.desc() if self.descending else self.expression.asc()


def by(column: InstrumentedAttribute[Any], *, descending: bool = False) -> Sort:
    """Sort by a column that is never null."""
    kind = datetime if isinstance(column.type, UtcDateTime) else column.type.python_type
    return Sort(column.expression, kind, attrgetter(column.key), descending)


@dataclass(frozen=True)
class Slice:
    """Which part of a connection is asked for. Raises: BadInput when that makes no sense."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadInput("Give first or last, not both.")
        if not 0 <= self.size <= LONGEST_PAGE:
            raise BadInput(f"A page has 0 to {LONGEST_PAGE} items.")

    @property
    def size(self) -> int:
        """How many items are wanted."""
        return next((size for size in (self.first, self.last) if size is not None), PAGE)

    @property
    def backward(self) -> bool:
        """Whether the page is counted from the end."""
        return self.last is not None


def connect(
    info: Info,
    query: Select[Row],
    order: Sequence[Sort],
    part: Slice,
    nodes: Callable[[list[Row]], list[NodeT]],
) -> relay.Connection[NodeT]:
    """Read one page of a query over one table; `nodes` turns its rows into nodes, all at once."""
    if part.after:
        query = query.where(_beyond(order, part.after, backward=False))
    if part.before:
        query = query.where(_beyond(order, part.before, backward=True))
    directions = [s.expression.desc() if s.descending != part.backward else s.expression.asc() for s in order]
    found = list(info.context.session.scalars(query.order_by(*directions).limit(part.size + 1)))
    more, rows = len(found) > part.size, found[: part.size]
    if part.backward:
        rows.reverse()
    cursors = [_cursor(order, row) for row in rows]
    page_info = relay.PageInfo(
        has_next_page=part.before is not None if part.backward else more,
        has_previous_page=more if part.backward else part.after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
    edges = [relay.Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes(rows), strict=True)]
    return relay.Connection(page_info=page_info, edges=edges)


def _beyond(order: Sequence[Sort], cursor: str, *, backward: bool) -> ColumnElement[bool]:
    """Spell out "sorts after (or before) these values" column by column, since directions may differ."""
    values = _values(order, cursor)
    cases = []
    for index, (sort, value) in enumerate(zip(order, values, strict=True)):
        level = [s.expression == v for s, v in zip(order[:index], values[:index], strict=True)]
        further = sort.expression < value if sort.descending != backward else sort.expression > value
        cases.append(and_(*level, further))
    return or_(*cases)


def _cursor(order: Sequence[Sort], row: object) -> str:
    values = [sort.value(row) for sort in order]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode()


def _values(order: Sequence[Sort], cursor: str) -> list[Any]:
    """Read a cursor back. Raises: BadInput for one that is not ours."""
    try:
        plain = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        kinds = [sort.kind for sort in order]
        values = [
            datetime.fromisoformat(value) if kind is datetime else value
            for kind, value in zip(kinds, plain, strict=True)
        ]
        if not all(_fits(kind, value) for kind, value in zip(kinds, values, strict=True)):
            raise ValueError("of another connection")
    except (binascii.Error, UnicodeError, ValueError, TypeError, RecursionError) as error:
        raise BadInput("This cursor is not one of this connection's.") from error
    return values


def _fits(kind: type, value: object) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return type(value) is kind and (not isinstance(value, int) or abs(value) < 2**63)
