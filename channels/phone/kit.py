"""What every part of the carrier works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from channels.phone.config import PhoneConfig
from channels.phone.faults import Faults
from channels.phone.hooks import Poster
from channels.phone.live import Live
from channels.phone.store import Store
from channels.phone.timers import Timers


@dataclass(frozen=True)
class Kit:
    """The shared parts. `now` gives UTC-aware times; `new_hex(n)` gives 2n random hex digits."""

    config: PhoneConfig
    store: Store
    faults: Faults
    poster: Poster
    timers: Timers
    live: Live
    now: Callable[[], datetime]
    new_hex: Callable[[int], str]

    def warn(self, code: int, text: str, sid: str) -> None:
        """Write a line in the carrier's log, and show it; no number and no words of a message."""
        self.store.add_alert(self.now(), code, text, sid)
        self.live.tell(kind="alert")
