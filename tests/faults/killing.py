"""Killing each process at each of its named points, and noting what that cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import zip_longest

from sqlalchemy import select

from gateway.core.errors import TiplineError
from gateway.core.records import LineProof
from tests.faults import points
from tests.faults.crowd import Crowd
from tests.faults.site import OURS, Site, pause
from tests.faults.tally import Tally, look, settle

_ON_THE_WAY = ("intake.", "courier.", "outbox.", "dispatch.", "meters.", "api.")
_REACH_SECONDS, _SETTLE_SECONDS = 8.0, 60.0
_ACCOUNT = {"courier": "reporters", "worker": "paging"}


@dataclass
class Killed:
    """One process, killed at one point: how soon the next one stood, and which texts came twice for it."""

    process: str
    point: str
    takeover_seconds: float
    settled_seconds: float
    sent_twice: int


@dataclass
class Killing:
    """Kills, round after round, one point a process; `stir` gives each process something to do."""

    site: Site
    crowd: Crowd
    killed: list[Killed] = field(default_factory=list)
    missed: list[tuple[str, str]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def watch(self) -> dict[str, list[str]]:
        """Let the house work undisturbed, and list the points that its processes pass."""
        for _ in range(3):
            self.stir()
            settle(self.site, self.crowd, _SETTLE_SECONDS)
        return {name: points.seen(self.site.folder, name) for name in OURS}

    def stir(self) -> None:
        """Text, text gravely, answer pages, reply, and let one text be one that no webhook brings."""
        self.crowd.one(grave=True)
        self.crowd.one(grave=False)
        self.crowd.one_without_webhook()
        self.crowd.acknowledge()
        self.crowd.reply()

    def everywhere(self, found: dict[str, list[str]]) -> None:
        """Kill at every point of the list once."""
        self.tally = look(self.site, self.crowd)
        for one in _rounds(found):
            self._round(one)

    def _round(self, wanted: dict[str, str]) -> None:
        for name, point in wanted.items():
            points.arm(self.site.folder, name, point)
        self._let_lines_be_proved()
        self.stir()
        at = self._await(wanted)
        for name in wanted.keys() - at.keys():
            points.arm(self.site.folder, name, wanted[name])
            self.site.kill(name)  # Some points are passed at a start alone.
        at.update(self._await({name: wanted[name] for name in wanted.keys() - at.keys()}))
        took = {name: self._await_next(name, began) for name, began in at.items()}
        self.missed += [(name, wanted[name]) for name in wanted.keys() - at.keys()]
        before = self.tally
        self.tally, settled = settle(self.site, self.crowd, _SETTLE_SECONDS)
        for name, seconds in took.items():
            account = _ACCOUNT.get(name, "")
            twice = self.tally.doubles[account] - before.doubles[account]
            self.killed.append(Killed(name, wanted[name], seconds, settled, twice))

    def _await(self, wanted: dict[str, str]) -> dict[str, float]:
        """Wait until each has died where it should; answers when. What does not get there is disarmed."""
        at: dict[str, float] = {}
        deadline = time.monotonic() + _REACH_SECONDS
        while len(at) < len(wanted) and time.monotonic() < deadline:
            for name in wanted.keys() - at.keys():
                if not points.is_armed(self.site.folder, name):
                    at[name] = time.monotonic()
            pause(0.02)
        for name in wanted.keys() - at.keys():
            if not points.disarm(self.site.folder, name):
                at[name] = time.monotonic()
        return at

    def _await_next(self, name: str, began: float) -> float:
        return self.site.await_next(name, points.last_killed(self.site.folder, name), began)

    def _let_lines_be_proved(self) -> None:
        """Age the proofs of our lines, so that the worker asks for new ones."""
        try:
            with self.site.database() as database, database.write() as session:
                for proof in session.scalars(select(LineProof)):
                    proof.asked_at -= timedelta(hours=7)
        except TiplineError:
            return


def on_the_way(found: dict[str, list[str]], part: int) -> dict[str, list[str]]:
    """Keep what a text, a page or a reply passes, after the fact: every other one of them, `part` 0 or 1."""
    kept = {
        name: [one for one in listed if one.startswith(_ON_THE_WAY) and ":after-" in one]
        for name, listed in found.items()
    }
    return {name: listed[part::2] for name, listed in kept.items()}


def table(killed: list[Killed], missed: list[tuple[str, str]]) -> str:
    """Say for each point what killing there cost."""
    lines = [f"  {'process':8} {'killed at':44} {'next':>6} {'settled':>8} {'twice':>6}"]
    for one in sorted(killed, key=lambda one: (one.process, one.point)):
        times = f"{one.takeover_seconds:5.1f}s {one.settled_seconds:7.1f}s"
        lines.append(f"  {one.process:8} {one.point:44} {times} {one.sent_twice:6}")
    lines += [f"  {process:8} {point:44} not passed again" for process, point in missed]
    return "\n".join(lines)


def _rounds(found: dict[str, list[str]]) -> Iterator[dict[str, str]]:
    for row in zip_longest(*found.values()):
        yield {name: point for name, point in zip(found, row, strict=True) if point}
