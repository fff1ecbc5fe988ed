"""What may leave: frozen values without a field that could hold a reporter's words, address or token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Code = str | int | bool | None


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """One state transition as the event log keeps it: ids, codes and an actor.

    `sequence` grows with each event of the deployment; `subject` is `<thing>/<id>`; `at` is UTC-aware.
    """

    id: str
    sequence: int
    type: str
    subject: str
    actor: str
    at: datetime
    district_id: str | None
    data: Mapping[str, Code | list[str]]
