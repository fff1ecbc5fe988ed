"""Run the bench: `python -m tests.bench [--only accept,paging,...] [--database sqlite] [--json FILE] [--quick]`."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import accept, events, growth, memory, paging, parts, picture, portal, report, site
from tests.support import postgres

PIECES = ("accept", "portal", "paging", "events", "growth", "parts")
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Size:
    """How much is measured: rounds and seconds of both accept paths, people at once, texts, cases, events."""

    rounds: int = 9
    seconds: float = 2.0
    connections: int = 16
    steady: int = 600
    rate: float = 20.0
    burst: int = 500
    districts: int = 10
    schools: int = 10
    cases: tuple[int, ...] = (1_000, 10_000, 200_000)
    part_seconds: float = 0.5
    people: int = 60
    times: int = 10
    events: int = 3_000


QUICK = Size(1, 0.5, 4, 20, 20.0, 40, 3, 4, (100, 200), 0.02, 6, 1, 60)


def main() -> None:
    """Measure, print tables, keep the JSON."""
    options = _options()
    if options.picture:
        options.picture.write_text(picture.draw(json.loads(options.json.read_text("utf-8"))), "utf-8")
        return
    size = QUICK if options.quick else Size()
    found: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "quick": options.quick}
    found["machine"] = {"processors": os.cpu_count(), "load_before": os.getloadavg()}
    pieces = options.only.split(",")
    if "parts" in pieces:
        found["parts"] = [asdict(row) for row in parts.run(size.part_seconds)]
    for kind in options.database.split(","):
        found[kind] = {}
        for piece in pieces:
            if piece in _MEASURES:
                _say(f"{kind}: {piece}")
                found[kind][piece] = _MEASURES[piece](kind, size)
    found["machine"]["load_after"] = os.getloadavg()
    print(report.table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _accept(kind: str, size: Size) -> object:
    with _site(kind, 5, 8) as (made, _):
        return asdict(accept.measure(made, size.rounds, size.seconds, size.connections))


def _portal(kind: str, size: Size) -> object:
    with _site(kind, 5, 8) as (made, _):
        return asdict(portal.measure(made, size.rounds, size.seconds, size.connections, size.people, size.times))


def _paging(kind: str, size: Size) -> object:
    """Run the house twice, so that each run has schools that nobody has been called to yet."""
    found: dict[str, object] = {}
    with _site(kind, size.districts, size.schools) as (made, postgres_folder), made.up():
        time.sleep(3)  # Until imports are done with and nothing moves: idle is idle.
        found["memory_idle"] = [asdict(kept) for kept in memory.measure(made.var.root)]
        found["steady"] = asdict(paging.steady(made, size.steady, size.rate))
        found["memory_used"] = [asdict(kept) for kept in memory.measure(made.var.root)]
        if postgres_folder:
            found["postgresql_mb"] = memory.of_postgres(postgres_folder)
    with _site(kind, size.districts, size.schools) as (made, _), made.up():
        found["burst"] = asdict(paging.burst(made, size.burst))
    return found


def _growth(kind: str, size: Size) -> object:
    with _site(kind, 2, 2) as (made, _):
        return [asdict(row) for row in growth.measure(made, list(size.cases), _say)]


def _events(kind: str, size: Size) -> object:
    with _site(kind, 1, 1) as (made, _):
        return [asdict(rate) for rate in events.measure(made, size.events)]


_MEASURES = {"accept": _accept, "portal": _portal, "paging": _paging, "events": _events, "growth": _growth}


@contextmanager
def _site(kind: str, districts: int, schools: int) -> Iterator[tuple[site.Site, Path | None]]:
    """Make an installation on a database of this kind, and PostgreSQL itself, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield site.prepare(folder / "var", None, districts, schools), None
        else:
            with postgres.running(folder / "postgres") as url:
                yield site.prepare(folder / "var", url, districts, schools), folder / "postgres"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PIECES), help=f"pieces, of {', '.join(PIECES)}")
    parser.add_argument("--database", default=",".join(DATABASES), help=f"of {', '.join(DATABASES)}")
    parser.add_argument("--json", type=Path, help="where to keep what was measured")
    parser.add_argument("--quick", action="store_true", help="the smallest of each: shows that it runs, and no more")
    parser.add_argument("--picture", type=Path, help="measure nothing: draw this SVG from the file of --json")
    return parser.parse_args()


def _say(words: str) -> None:
    print(f"[{datetime.now(UTC):%H:%M:%S}] {words}", flush=True)


if __name__ == "__main__":
    main()
