"""Texts a second through the whole `POST /sms/inbound` of the real intake process, beside the floor.

Both are served in the same run by turns (ours, floor, ours, floor ...), so that a noisy machine troubles both alike;
the ratio is the median of the ratios of neighbouring rounds. Ours wakes the courier through a real Valkey; nobody
consumes, so that only intake is measured.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.bench import floor, outside
from tests.bench.memory import cpu_seconds
from tests.bench.site import Site
from tests.bench.texts import Place
from tests.support.house import ROOT, free_ports, until

_MOST_A_SECOND = 3000


@dataclass(frozen=True)
class Round:
    """One turn: texts or reports a second, how long one took, and how much processor time of the server for each."""

    texts_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True)
class Accept:
    """Medians over the rounds; `ratios` are ours to floor of each pair of rounds."""

    ours: Round
    floor: Round
    ratio: float
    ratios: list[float]
    connections: int


def measure(site: Site, rounds: int, seconds: float, connections: int, schools: Sequence[str] = ()) -> Accept:
    """Run rounds of so many seconds by turns; the first pair warms up and does not count.

    With `schools`, ours takes reports at their paths; the floor takes texts all the same.
    """
    with site.running("valkey", "intake") as pids, _floor(site) as (bare, bare_pid):
        real = Place(site.public_url, site.account_sid, site.webhook_secret)
        served = {real: pids[1], bare: bare_pid}
        pairs = []
        for number in range(rounds + 1):
            order = (real, bare) if number % 2 else (bare, real)
            ways = {real: list(schools), bare: []}
            done = {
                place: _round(site, place, served[place], number, seconds, connections, ways[place]) for place in order
            }
            pairs.append((done[real], done[bare]))
    pairs = pairs[1:]
    ratios = [round(ours.texts_per_second / least.texts_per_second, 3) for ours, least in pairs]
    return Accept(
        _median([ours for ours, _ in pairs]),
        _median([least for _, least in pairs]),
        median(ratios),
        ratios,
        connections,
    )


def _round(
    site: Site, place: Place, pid: int, number: int, seconds: float, connections: int, schools: list[str]
) -> Round:
    before = cpu_seconds(pid)
    kinds = (["calm"] * 7 + ["high"] * 2 + ["critical"]) * int(seconds * _MOST_A_SECOND / 10)
    seen = outside.send(
        outside.Order(place, site.lines, kinds, seed=number, connections=connections, seconds=seconds, schools=schools)
    )
    assert not seen.refused, f"{seen.refused} were refused"
    lasted = max(seen.answered.values()) - min(seen.asked.values())
    cuts = quantiles(seen.waits, n=100)
    count = len(seen.answered)
    cpu = (cpu_seconds(pid) - before) / count * 1e6
    return Round(round(count / lasted, 1), round(cuts[49] * 1000, 2), round(cuts[98] * 1000, 2), round(cpu))


def _median(rounds: list[Round]) -> Round:
    return Round(
        *(median(getattr(one, name) for one in rounds) for name in ("texts_per_second", "p50_ms", "p99_ms", "cpu_us"))
    )


@contextmanager
def _floor(site: Site) -> Iterator[tuple[Place, int]]:
    (port,) = free_ports(1)
    folder = site.var.root
    url = site.database_url if site.database_url.startswith("postgresql") else f"sqlite:///{folder / 'floor.db'}"
    ready = folder / "floor.ready"
    served = floor.Floor(url, port, site.webhook_secret, str(ready))
    process = subprocess.Popen(floor.command(served), cwd=ROOT)
    try:
        until(lambda: ready.exists() and _listens(port), "the floor")
        yield Place(f"http://127.0.0.1:{port}", site.account_sid, site.webhook_secret), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _listens(port: int) -> bool:
    return f":{port:04X} " in Path("/proc/net/tcp").read_text("ascii")
