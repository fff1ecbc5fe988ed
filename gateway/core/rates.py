"""Rates: how much each of several senders may bring in a minute. One that brings more waits, and no other does.

Counted in the memory of one process, so it wants no database and no Redis; a start forgives everything. Only senders
that have shown who they are may be counted: else a stranger could use up what somebody else may bring.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)


@dataclass
class Rates:
    """What each sender brings: so many things `per_minute`, all at once or one after the other."""

    per_minute: int
    _settled_at: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def wait(self, sender: str, count: int, now: datetime) -> float:
        """Count what a sender brings; answers 0, or in how many seconds it may come, and then nothing is counted.

        `count` is at most `per_minute`; more would never be let through.
        """
        with self._lock:
            # Never further ahead than a minute: a clock that is set back costs nobody more than that.
            ahead = min(max(self._settled_at.get(sender, now) - now, timedelta(0)), _MINUTE)
            more = ahead + count * _MINUTE / self.per_minute
            self._settled_at[sender] = now + (more if more <= _MINUTE else ahead)
        return max(more - _MINUTE, timedelta(0)).total_seconds()
