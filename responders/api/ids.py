"""Ids of inputs: which thing of which type is meant.

Where the type is known, an id is taken as Relay writes it, and bare as events, exports and REST show it: a system that
was told `caseid` need not know how Relay writes that.
"""

from __future__ import annotations

import re

from strawberry import relay
from strawberry.relay.types import GlobalIDValueError

from gateway.core.errors import BadInput

_BARE = re.compile(r"[0-9a-f]{32}")


def expect(given: str, type_name: str) -> str:
    """Read the id of a thing that must be of one type. Raises: BadInput."""
    if _BARE.fullmatch(given):
        return given
    try:
        found = relay.GlobalID.from_id(given)
    except GlobalIDValueError:
        found = None
    if found is None or found.type_name != type_name:
        raise BadInput(f"This is not the id of a {type_name}.")
    return found.node_id
