"""A round of deliveries to one receiver: lanes side by side, each in order and no further than its first failure."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from exports import cloud_events
from exports.cloud_events import Rendered
from exports.snapshot import EventSnapshot
from gateway.core import signing
from gateway.core.errors import BadInput
from gateway.core.http import Guarded, Unreached
from gateway.core.logs import log
from gateway.core.times import Clock
from responders.subscriptions import verdicts
from responders.subscriptions.outcomes import Pace, Tried
from responders.subscriptions.records import BATCHED, BINARY, Delivery
from responders.subscriptions.verdicts import Fate, Verdict

SECONDS = 5.0
"""So long a round begins new requests; those under way end by their own deadline."""
WIDTH = 4
"""So many lanes are sent at the same time; one, while nobody knows whether the receiver is back."""
BATCH = 100
"""So many events at most are in one request of a receiver that takes several at once."""
GONE = Verdict(Fate.FINAL, "event_gone")
"""Retention has taken the event off the log."""


@dataclass(frozen=True)
class Item:
    """A delivery and its event, if that is still there."""

    row: Delivery
    event: EventSnapshot | None


@dataclass(frozen=True)
class Post:
    """How one receiver is posted to."""

    client: Guarded
    url: str
    mode: str
    source: str
    origin: str
    clock: Clock
    signing: Sequence[str] = field(repr=False)
    token: str | None = field(repr=False)
    rate_per_minute: int | None = None
    width: int = WIDTH

    def send(self, events: Sequence[EventSnapshot]) -> Verdict:
        """Send events in one request, and judge the answer."""
        now, rendered = self.clock(), self._render(events)
        message_id = events[0].id if self.mode != BATCHED else _id_of([one.id for one in events])
        headers = {
            **rendered.headers,
            **signing.headers(self.signing, message_id, now, rendered.body),
            "WebHook-Request-Origin": self.origin,
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            return verdicts.of_answer(self.client.ask("POST", self.url, headers, rendered.body), now)
        except Unreached as error:
            return verdicts.unreached(error.code)
        except BadInput:
            return verdicts.unreached("address")

    def _render(self, events: Sequence[EventSnapshot]) -> Rendered:
        if self.mode == BATCHED:
            return cloud_events.batched(events, self.source)
        render = cloud_events.binary if self.mode == BINARY else cloud_events.structured
        return render(events[0], self.source)


def _id_of(event_ids: Sequence[str]) -> str:
    """Name a batch by all that is in it: a repeat bears the same name, and nothing else does."""
    return hashlib.sha256(",".join(event_ids).encode()).hexdigest()[:32]


class Round:
    """One round. `pace` is kept from round to round; `stopping` is set when this process is to end."""

    def __init__(self, post: Post, items: Sequence[Item], pace: Pace, stopping: threading.Event) -> None:
        self._post, self._pace, self._stopping = post, pace, stopping
        self._tried = [Tried(item.row, GONE) for item in items if item.event is None]
        self._parts = _parts([item for item in items if item.event is not None], post.mode)
        self._end = time.monotonic() + SECONDS
        self._lock = threading.Lock()
        self._taken, self._failed, self._over = 0, 0, False

    def run(self) -> list[Tried]:
        """Send; answers what was tried, and leaves alone what was not."""
        with ThreadPoolExecutor(min(self._post.width, len(self._parts)) or 1, thread_name_prefix="deliver") as pool:
            for future in [pool.submit(self._send_lane, part) for part in self._parts]:
                future.result()
        return self._tried

    def _send_lane(self, requests: Sequence[Sequence[Item]]) -> None:
        for items in requests:
            if not self._go_on():
                return
            verdict = self._send([item.event for item in items if item.event is not None])
            with self._lock:
                self._tried += [Tried(item.row, verdict) for item in items]
                self._count(verdict)
            if verdict.fate not in {Fate.TAKEN, Fate.FINAL}:
                return

    def _send(self, events: Sequence[EventSnapshot]) -> Verdict:
        try:
            return self._post.send(events)
        except Exception as error:  # noqa: BLE001 - whatever it is, what the other lanes came to must be noted
            log().error("a request came to something unforeseen; it will be tried again", error=error)
            return verdicts.unreached("protocol")

    def _go_on(self) -> bool:
        if self._over or self._stopping.is_set() or time.monotonic() >= self._end:
            return False
        return self._pace.wait(self._post.rate_per_minute, self._end)

    def _count(self, verdict: Verdict) -> None:
        """A receiver that takes nothing, asks for a pause or is gone is left alone at once."""
        if verdict.fate is Fate.TAKEN:
            self._taken += 1
        elif verdict.fate is not Fate.FINAL:
            self._failed += 1
        all_failed = self._failed >= self._post.width and not self._taken
        self._over = self._over or verdict.is_limited or verdict.fate is Fate.GONE or all_failed


def _parts(items: Sequence[Item], mode: str) -> list[list[list[Item]]]:
    """Part what is due into lanes of requests. What has failed before goes alone, so that others need not."""
    if mode == BATCHED:
        return [_batches(items)] if items else []
    lanes: dict[str, list[list[Item]]] = defaultdict(list)
    for item in items:
        lanes[item.row.lane].append([item])
    # What has failed least goes first: one event that a receiver chokes on must not be what it is always tried with.
    return sorted(lanes.values(), key=lambda lane: lane[0][0].row.attempts)


def _batches(items: Sequence[Item]) -> list[list[Item]]:
    batches: list[list[Item]] = []
    for item in items:
        alone = (item.row.code or "")[:1] in {"4", "5"}
        if alone or not batches or len(batches[-1]) >= BATCH or _is_alone(batches[-1]):
            batches.append([item])
        else:
            batches[-1].append(item)
    return batches


def _is_alone(batch: Sequence[Item]) -> bool:
    return (batch[0].row.code or "")[:1] in {"4", "5"}
