"""What may leave: frozen values without a field that could hold a reporter's words, address or token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exports import event_catalogue

Code = str | int | bool | None


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """One state transition as the event log keeps it: ids, codes and an actor.

    `sequence` grows with each event of the deployment; `subject` is `<thing>/<id>`; `at` is UTC-aware, and no more
    exact than what leaves may be. `case_id`, `school` (its short name) and `severity` are those of the case that the
    event belongs to, as it stands when this is made. Of `data` only what the catalogue lists and what fits is kept.
    """

    id: str
    sequence: int
    type: str
    subject: str
    actor: str
    at: datetime
    district_id: str | None
    data: Mapping[str, Code | list[str]]
    case_id: str | None = None
    school: str | None = None
    severity: str | None = None

    def __post_init__(self) -> None:
        """Leave out what must not leave."""
        object.__setattr__(self, "data", event_catalogue.fitting(self.type, self.data))
