"""The duty of those who hold keys that rotations replace: renewing, a batch at a time, what is under an old key."""

from __future__ import annotations

from gateway.core.database import Database
from gateway.core.rotation import Renewal, Renewer
from gateway.core.times import utc_now
from gateway.front.duties import Patrol, telling

EVERY_SECONDS = 0.2
"""Between two batches: some 500 rows a second, and whoever writes meanwhile has his turn."""


def duty(database: Database, renewals: list[Renewal]) -> Patrol:
    """Make the duty; while no replaced key is there it looks at nothing but its key folder."""
    return Patrol("renew", Renewer(database, telling(utc_now), renewals).step, every_seconds=EVERY_SECONDS)
