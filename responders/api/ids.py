"""Global ids of inputs: which thing of which type is meant."""

from __future__ import annotations

from strawberry import relay

from gateway.core.errors import BadInput


def expect(given: relay.GlobalID, type_name: str) -> str:
    """Read the id of a thing that must be of one type. Raises: BadInput."""
    if given.type_name != type_name:
        raise BadInput(f"This is not the id of a {type_name}.")
    return given.node_id
