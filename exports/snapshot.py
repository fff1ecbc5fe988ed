"""What may leave: frozen values without a field that could hold a reporter's words, address or token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exports import event_catalogue
from exports.words import Code, Id, Slug, Subject

Value = str | int | bool | None
_ID = re.compile(r"[0-9a-f]{32}")
_TYPE = re.compile(re.escape(event_catalogue.PREFIX) + r"[a-z_]{1,30}\.[a-z_]{1,40}")
_OTHER = f"{event_catalogue.PREFIX}other.other"


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """One state transition as the event log keeps it: ids, codes and an actor.

    `sequence` grows with each event of the deployment; `subject` is `<thing>/<id>`; `at` is UTC-aware, and no more
    exact than what leaves may be. `case_id`, `school` (its short name) and `severity` are those of the case that the
    event belongs to, as it stands when this is made. Of `data` only what the catalogue lists and what fits is kept; of
    the rest, what does not fit becomes `other`, and a case whose id is none is left out.
    Raises: ValueError when the id of the event or of its district is none.
    """

    id: str
    sequence: int
    type: str
    subject: str
    actor: str
    at: datetime
    district_id: str | None
    data: Mapping[str, Value | list[str]]
    case_id: str | None = None
    school: str | None = None
    severity: str | None = None

    def __post_init__(self) -> None:
        """Leave out what must not leave."""
        kept: dict[str, str | None] = {
            "id": Id(self.id),
            "type": self.type if _TYPE.fullmatch(self.type) else _OTHER,
            "subject": Subject(self.subject),
            "actor": _actor(self.actor),
            "district_id": None if self.district_id is None else Id(self.district_id),
            "case_id": self.case_id if _ID.fullmatch(self.case_id or "") else None,
            "school": None if self.school is None else Slug(self.school),
            "severity": None if self.severity is None else Code(self.severity),
        }
        for name, value in kept.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "data", event_catalogue.fitting(self.type, self.data))


def _actor(actor: str) -> str:
    """Keep an actor if it is one; of one whose id is none, what kind it is."""
    if re.fullmatch(event_catalogue.ACTOR, actor):
        return actor
    kind = actor.partition(":")[0]
    return f"{kind}:other" if re.fullmatch(r"[a-z]+", kind) else "other"
