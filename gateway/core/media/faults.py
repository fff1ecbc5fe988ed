"""Why a file could not be opened: codes that its row keeps, and the one error that cleaning itself raises."""

from __future__ import annotations

UNKNOWN = "unknown"
"""None of the kinds that we open."""
DAMAGED = "damaged"
"""It says that it is one, and is not; or it is cut off."""
TOO_HEAVY = "too_heavy"
"""It would take more memory, time, pixels, frames or pages than a file is worth."""

INFECTED = "infected"
"""A virus scanner found something in it."""
UNSCREENED = "unscreened"
"""No fault: what stands beside a clean copy that the scanner, though there should be one, has not looked at."""


class TooHeavy(Exception):
    """A file asks for more than it may have."""
