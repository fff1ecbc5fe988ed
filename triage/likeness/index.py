"""Index: which of many conversations may be like one, found by what they share and not by looking at each."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import log

USUAL_AFTER = timedelta(days=1)
"""What is told over and over today may be one thing that happened; what was before is what people talk about."""
_FEW = 30
"""Of fewer conversations nothing can be said of what is usual."""
_LOOKED_AT, _CANDIDATES = 300, 12
"""A key that more conversations have finds none by itself; so many of the likeliest are named."""


@dataclass
class _Entry:
    at: datetime
    keys: array[int]
    usual: bool = False


@dataclass
class Index:
    """Conversations by their keys, the oldest forgotten first. Keys are numbers below 2^64, whatever they stand for."""

    most: int = 20_000
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _places: dict[int, set[str]] = field(default_factory=dict)
    _usual: Counter[int] = field(default_factory=Counter)
    _settled: int = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """Name all that is in it."""
        return list(self._entries)

    def put(self, name: str, keys: Iterable[int], at: datetime) -> None:
        """Remember a conversation, in place of what was known of it; `at` is when its latest text came."""
        self.drop(name)
        self._entries[name] = _Entry(at, array("Q", keys))
        for key in self._entries[name].keys:
            self._places.setdefault(key, set()).add(name)
        while len(self._entries) > self.most:
            self.drop(min(self._entries, key=lambda one: self._entries[one].at))

    def drop(self, name: str) -> None:
        """Forget a conversation."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        for key in entry.keys:
            self._places[key].discard(name)
            if not self._places[key]:
                del self._places[key]
        if entry.usual:
            self._settled -= 1
            self._usual.subtract(entry.keys)
            for key in entry.keys:
                if self._usual[key] <= 0:
                    del self._usual[key]

    def age(self, now: datetime, window: timedelta) -> None:
        """Forget what is older than the window, and count what has become usual."""
        for name, entry in list(self._entries.items()):
            if entry.at < now - window:
                self.drop(name)
            elif not entry.usual and entry.at < now - USUAL_AFTER:
                entry.usual = True
                self._settled += 1
                self._usual.update(entry.keys)

    def near(self, keys: Iterable[int], leave_out: str) -> list[str]:
        """Name those that share most with some keys, the likeliest first."""
        found: Counter[str] = Counter()
        total = len(self._entries) + 1
        for key in keys:
            places = self._places.get(key, ())
            if 0 < len(places) <= max(_LOOKED_AT, total // 50):
                weight = log(1 + total / len(places))
                for name in places:
                    found[name] += weight  # type: ignore[assignment]  # a Counter of floats sorts as well
        del found[leave_out]
        return [name for name, _ in found.most_common(_CANDIDATES)]

    def rarity(self, key: int) -> float:
        """Tell what a key counts: 1 where hardly anybody has spoken of it, 0.2 where most do."""
        if self._settled < _FEW:
            return 1.0
        often = self._usual[key] / self._settled
        return max(0.2, min(1.0, 1.0 - 2.5 * (often - 0.02)))
