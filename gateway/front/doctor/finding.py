"""What a look of the doctor ends in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    level: Level
    words: str

    def to_json(self) -> dict[str, str]:
        """Render it for machines."""
        return {"what": self.what, "level": self.level, "words": self.words}
