"""Guesses at receipts: each that is wrong makes the next wrong one wait longer for its answer, whoever it comes from.

80 bits make guessing hopeless anyway; this keeps it slow as well. Nobody is told apart, so no address is remembered; a
right receipt never waits, and who mistypes while somebody else guesses waits for seconds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class Guesses:
    """The wrong receipts of one process: `burst` at once are answered at once, then one each `every`."""

    burst: int = 10
    every: timedelta = timedelta(seconds=0.5)
    longest: timedelta = timedelta(seconds=5)
    _settled_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def wrong(self, now: datetime) -> float:
        """Count a wrong receipt, malformed ones too; answers how many seconds to wait before saying so."""
        with self._lock:
            # Never further ahead than the longest wait: an attack that is over costs nobody anything.
            ahead = min((self._settled_at or now) - now, self.longest + self.burst * self.every)
            self._settled_at = now + max(ahead, timedelta(0)) + self.every
            wait = self._settled_at - now - self.burst * self.every
        return min(max(wait, timedelta(0)), self.longest).total_seconds()
