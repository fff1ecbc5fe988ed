"""The duty of those who hold keys that rotations replace: renewing, a batch at a time, what is under an old key."""

from __future__ import annotations

from gateway.core import rotation
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.records import Message, Send
from gateway.core.rotation import Renewal, Renewer, Resealing
from gateway.core.times import utc_now
from gateway.core.tokens import Reindexing
from gateway.front.duties import Duty
from responders.cases.records import CaseAssessment, Note

EVERY_SECONDS = 0.2
"""Between two batches: some 500 rows a second, and whoever writes meanwhile has his turn."""


def of_courier(keys: KeySet) -> list[Renewal]:
    """List what the courier renews: what is sealed to identity and outbound, and blind indexes."""
    return [*rotation.of_courier(keys), Reindexing(keys)]


def of_worker(keys: KeySet) -> list[Renewal]:
    """List what the worker renews: what is sealed to content keys."""
    columns = (Message.words_sealed, CaseAssessment.detail_sealed, Note.words_sealed, Send.body_sealed)
    return [Resealing(keys, column) for column in columns]


def duty(database: Database, renewals: list[Renewal]) -> Duty:
    """Make the duty; while no replaced key is there it looks at nothing but its key folder."""
    return Duty("renew", Renewer(database, utc_now, renewals).step, every_seconds=EVERY_SECONDS)
