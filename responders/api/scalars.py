"""Scalars: times as every boundary of ours writes them, and plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.core.times import iso

Json = NewType("Json", object)
"""Any JSON value."""


def scalars() -> Mapping[object, ScalarDefinition]:
    """Say how Python types are written, and how times are read."""
    return {
        datetime: strawberry.scalar(
            name="DateTime", description="ISO 8601 in UTC with milliseconds.", serialize=iso, parse_value=_moment
        ),
        Json: strawberry.scalar(name="JSON", description="Any JSON value."),
    }


def _moment(given: object) -> datetime:
    """Read a time that a client gives. Raises: ValueError for one without a zone."""
    moment = datetime.fromisoformat(str(given))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)
