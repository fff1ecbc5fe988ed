"""Everything beyond the installation, in a process of its own: who texts, and the carrier that takes the pages.

`python -m tests.bench.outside` reads an order (JSON) from stdin, sends, and prints what it saw (JSON). Raw sockets that
stay open, requests written beforehand: what is measured is the other side.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench import carrier, texts
from tests.support.house import ROOT

SETTLE_SECONDS = 15.0
LISTENING_SECONDS = 6.0
"""How long the carrier is there before anybody texts, so that what was tried in vain without it has been done."""


@dataclass(frozen=True)
class Order:
    """What to send: `kinds` of texts to `lines`, or of reports to `schools` (their paths) when there are any.

    `rate` a second, or 0 for as fast as it is taken.

    `seconds` ends it early; with a `carrier_port` the carrier stays until `pages` critical pages were seen or
    `SETTLE_SECONDS` went by.
    """

    place: texts.Place
    lines: list[str]
    kinds: list[str]
    seed: int
    connections: int = 16
    rate: float = 0.0
    seconds: float = 0.0
    carrier_port: int = 0
    settle_seconds: float = SETTLE_SECONDS
    schools: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """What was seen, in seconds of one clock: SID → asked and answered; what the carrier took, by its SID."""

    asked: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    taken: dict[str, float] = field(default_factory=dict)

    @property
    def waits(self) -> list[float]:
        """How long each answered webhook took, in seconds, sorted."""
        return sorted(self.answered[sid] - self.asked[sid] for sid in self.answered)


def send(order: Order) -> Seen:
    """Let the other process do it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.outside"],
        input=json.dumps(asdict(order)), capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Seen(**json.loads(done.stdout))


async def _run(order: Order) -> Seen:
    seen = Seen()
    served = carrier.Carrier(order.place, seen.taken) if order.carrier_port else None
    server = await served.listen(order.carrier_port) if served else None
    await asyncio.sleep(LISTENING_SECONDS if server else 0)
    await _text(order, seen)
    if server and served:
        await served.settled(order.settle_seconds)
        server.close()
    return seen


async def _text(order: Order, seen: Seen) -> None:
    write, to = (texts.reported, order.schools) if order.schools else (texts.mixed, order.lines)
    waiting = iter(write(order.place, to, order.kinds, order.seed))
    port = int(order.place.url.rpartition(":")[2])
    start, gap = time.monotonic(), 1 / order.rate if order.rate else 0.0
    end = start + order.seconds if order.seconds else float("inf")
    turn = 0

    async def one_after_another() -> None:
        nonlocal turn
        line = await carrier.Connection.open(port)
        for webhook in waiting:
            if gap:
                turn += 1
                await asyncio.sleep(max(0.0, start + (turn - 1) * gap - time.monotonic()))
            seen.kinds[webhook.sid] = webhook.kind
            seen.asked[webhook.sid] = time.monotonic()
            if seen.asked[webhook.sid] > end:
                del seen.asked[webhook.sid], seen.kinds[webhook.sid]
                break
            if await line.ask(webhook.raw) == 200:
                seen.answered[webhook.sid] = time.monotonic()
            else:
                seen.refused += 1
        line.close()

    await asyncio.gather(*(one_after_another() for _ in range(order.connections)))


def main() -> None:
    """Read the order, send, print what was seen."""
    given: dict[str, Any] = json.load(sys.stdin)
    order = Order(**{**given, "place": texts.Place(**given["place"])})
    json.dump(asdict(asyncio.run(_run(order))), sys.stdout)


if __name__ == "__main__":
    main()
