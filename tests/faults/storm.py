"""The storm: thousands of texts while everything fails in turn, then a count: `python -m tests.faults.storm`.

The exit code is 0 only if no answered text was lost, none was taken in twice, and every life-safety text was paged.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.faults.crowd import Crowd
from tests.faults.plagues import Plague, all_of
from tests.faults.site import Site, pause, standing, strain
from tests.faults.tally import Tally, settle

TAKEOVER_SECONDS = 10.0
SHORT_TEXTS, LONG_TEXTS = 400, 10_000
_DRAIN_SECONDS, _SHORT_DRAIN_SECONDS = 600.0, 90.0
_BREATH_SECONDS, _SHORT_BREATH_SECONDS = 1.0, 0.5


@dataclass
class Summary:
    """What a storm did and what stood afterwards."""

    database: str
    seconds: float
    drain_seconds: float
    texts_per_second: float
    tally: Tally
    kills: dict[str, int]
    longest_takeover: tuple[str, float]
    strain: float
    plagues: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    @property
    def bad(self) -> dict[str, int]:
        """Name what must not be; nothing when all is well."""
        late = int(self.longest_takeover[1] > TAKEOVER_SECONDS * self.strain)
        return {**self.tally.bad, **({"late_takeover": late} if late else {})}

    def as_data(self) -> dict[str, Any]:
        """Give it as JSON data."""
        rest = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "tally"}
        return {**rest, "tally": self.tally.as_data(), "bad": self.bad}

    def as_table(self) -> str:
        """Give it as a small table."""
        tally, (slowest, takeover) = self.tally, self.longest_takeover
        rows = (
            ("texts", f"{tally.texts} sent, {tally.answered} answered 200 at once, {tally.stored} stored"),
            ("", f"{tally.lost} lost, {tally.doubled} doubled"),
            ("pictures", f"{tally.pictures} sent, {tally.pictures_here} here, {tally.pictures_waiting} still there"),
            ("", f"{tally.pictures_lost} lost, {tally.pictures_doubled} doubled"),
            ("life-safety", f"{tally.life_safety} sent, {tally.paged} paged, {tally.unpaged} unpaged"),
            ("pages", f"{tally.pages} on phones, {tally.pages_doubled} of them twice"),
            ("replies", f"{tally.replies} written, {tally.replies_arrived} on phones, {tally.replies_doubled} doubled"),
            ("", f"{tally.replies_failed_in_sight} failed in sight, {tally.replies_without_trace} without trace"),
            ("receipts", f"{tally.acknowledgements} on phones, {tally.acknowledgements_doubled} doubled"),
            ("killed", ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))),
            ("takeover", f"longest {takeover:.1f} s ({slowest}), on a machine under strain {self.strain:.1f}"),
            ("faults", f"{sum(self.plagues.values())} of {len(self.plagues)} kinds"),
            ("skipped", ", ".join(self.skipped) or "nothing"),
            ("seconds", f"{self.seconds:.0f}, of which drain {self.drain_seconds:.0f}"),
            ("", f"{self.texts_per_second:.1f} texts a second while it stormed"),
        )  # fmt: skip
        return "\n".join([f"storm on {self.database}", *(f"  {name:12} {what}" for name, what in rows)])


def run(
    site: Site, crowd: Crowd, texts: int, *, per_second: float, short: bool, say: Callable[[str], object] = print
) -> Summary:
    """Let it storm: texts, pages answered and replies written all the while, one fault after the other."""
    began, over, strained = time.monotonic(), threading.Event(), [strain()]
    done: dict[str, int] = {}
    hands = [
        threading.Thread(target=_again, args=(over, crowd.acknowledge, 2.0), daemon=True),
        threading.Thread(target=_again, args=(over, crowd.reply, 1.0 if short else 3.0), daemon=True),
    ]
    writer = _Writer(crowd, texts, per_second)
    for thread in (*hands, writer):
        thread.start()
    while True:
        for plague in all_of(site, crowd, short=short):
            _bring(plague, crowd, done, say)
            pause(_SHORT_BREATH_SECONDS if short else _BREATH_SECONDS)
            if not writer.is_alive() and len(done) > 1 and _have_all(site, crowd, done, short=short):
                break
        if not writer.is_alive():
            break
    writer.join()
    crowd.healthy()
    wrote = time.monotonic() - began
    patience = _SHORT_DRAIN_SECONDS if short else _DRAIN_SECONDS
    tally, drained = settle(site, crowd, patience, every=2.0)
    over.set()
    for thread in hands:
        thread.join()
    if writer.error:
        raise writer.error
    tally, more = settle(site, crowd, patience)
    strained.append(strain())
    return Summary(
        database="PostgreSQL" if site.postgres else "SQLite",
        seconds=time.monotonic() - began,
        drain_seconds=drained + more,
        texts_per_second=texts / wrote,
        tally=tally,
        kills=dict(site.kills),
        longest_takeover=max(site.takeovers, key=lambda taken: taken[1]),
        strain=max(strained),
        plagues=done,
        skipped=[] if site.has_small_disk else ["disk full: no small disk could be mounted here (wants root)"],
    )


class _Writer(threading.Thread):
    """Writes the texts, so evenly that each fault meets some."""

    def __init__(self, crowd: Crowd, texts: int, per_second: float) -> None:
        super().__init__(name="writer", daemon=True)
        self._crowd, self._texts, self._per_second = crowd, texts, per_second
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._crowd.write(self._texts, per_second=self._per_second)
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for it
            self.error = error


def _bring(plague: Plague, crowd: Crowd, done: dict[str, int], say: Callable[[str], object]) -> None:
    began = time.monotonic()
    plague.act()
    if plague.name == "kill phones":
        crowd.healthy()  # It forgets with its process which phones are off.
    done[plague.name] = done.get(plague.name, 0) + 1
    say(f"  {plague.name}: {time.monotonic() - began:.1f} s; {len(crowd.answered)} texts answered so far")


def _have_all(site: Site, crowd: Crowd, done: dict[str, int], *, short: bool) -> bool:
    return {plague.name for plague in all_of(site, crowd, short=short)} <= done.keys()


def _again(over: threading.Event, act: Callable[[], object], every_seconds: float) -> None:
    while not over.wait(every_seconds):
        act()


def main(arguments: Sequence[str] | None = None) -> int:
    """Storm on one database or both, print what came of it; the answer is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.storm", description=__doc__)
    parser.add_argument("--texts", type=int, default=LONG_TEXTS)
    parser.add_argument("--rate", type=float, default=20.0, help="texts a second, while it storms")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--short", action="store_true", help="shorter faults, no half minute of a held lock")
    parser.add_argument(
        "--pace", type=float, default=1.0, help="how much faster than the product's the slow clocks run"
    )
    parser.add_argument("--json", help="write the summaries to this file as well")
    options = parser.parse_args(arguments)
    kinds = ("sqlite", "postgresql") if options.database == "both" else (options.database,)
    found = []
    for kind in kinds:
        with standing(kind, options.pace) as site, closing(Crowd(site)) as crowd:
            summary = run(site, crowd, options.texts, per_second=options.rate, short=options.short)
        found.append(summary)
        print(summary.as_table(), flush=True)
    data = json.dumps([summary.as_data() for summary in found], indent=1)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123 - as it was given
            file.write(data + "\n")
    else:
        print(data)
    return 1 if any(summary.bad for summary in found) else 0


if __name__ == "__main__":
    sys.exit(main())
