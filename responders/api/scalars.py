"""Scalars: times as every boundary of ours writes them, and plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.core.times import iso

Json = NewType("Json", object)
"""Any JSON value."""


def scalars() -> Mapping[object, ScalarDefinition]:
    """Say how Python types are written. Nothing takes them as input so far."""
    return {
        datetime: strawberry.scalar(name="DateTime", description="ISO 8601 in UTC with milliseconds.", serialize=iso),
        Json: strawberry.scalar(name="JSON", description="Any JSON value."),
    }
