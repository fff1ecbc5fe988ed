"""Everything that goes wrong: each plague is a name and an act, which ends when the fault does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from gateway.front import valkey
from gateway.front.places import NAMES
from tests.faults import disk
from tests.faults.crowd import Crowd
from tests.faults.servers import hold_sqlite
from tests.faults.site import OURS, Site, pause

HOUR = 3600


@dataclass(frozen=True)
class Plague:
    """One fault. `act` brings it, lets it last and takes it away."""

    name: str
    act: Callable[[], object]


def all_of(site: Site, crowd: Crowd, *, short: bool) -> Iterator[Plague]:
    """List every plague once; `short` leaves out the half minute of a held lock and lets each last less long."""
    lasting = 1.5 if short else 6.0
    for name in NAMES:
        yield Plague(f"kill {name}", partial(site.kill, name))
    yield Plague("empty valkey", partial(_flush, site))
    yield from _of_database(site, short=short, lasting=lasting)
    if site.has_small_disk:
        yield Plague("disk full", partial(_fill_disk, site, lasting))
    for seconds, way in ((HOUR, "forward"), (-HOUR, "back")):
        yield Plague(f"all clocks an hour {way}", partial(_step, site, "all", seconds, lasting))
    for number, name in enumerate(() if short else OURS):
        yield Plague(f"clock of {name} wrong", partial(_step, site, name, HOUR if number % 2 else -HOUR, lasting))
    yield from _of_carrier(crowd, lasting)


def _of_database(site: Site, *, short: bool, lasting: float) -> Iterator[Plague]:
    if site.postgres is None:
        yield Plague("sqlite locked for 3 s", partial(hold_sqlite, site.var.database, 3))
        if not short:
            yield Plague("sqlite locked for 30 s", partial(hold_sqlite, site.var.database, 30))
        return
    yield Plague("postgresql restarted", site.postgres.restart)
    yield Plague("connections cut", site.postgres.cut)
    if not short:
        yield Plague("postgresql away", partial(_stop_postgres, site, lasting))


def _of_carrier(crowd: Crowd, lasting: float) -> Iterator[Plague]:
    faults: dict[str, dict[str, Any]] = {
        "carrier answers 429": {"api_fault": "429"},
        "carrier answers 500": {"api_fault": "500"},
        "carrier silent": {"api_fault": "silence"},
        "carrier slow": {"latency_ms": 1500},
        "carrier brings texts twice": {"webhook_times": 2, "callback_times": 2, "callback_order": "reversed"},
        "carrier sends, then fails": {"api_fault": "500", "api_fault_after": True, "api_fault_count": 3},
    }
    for name, settings in faults.items():
        yield Plague(name, partial(_carrier, crowd, settings, lasting))


def _flush(site: Site) -> None:
    with suppress(RedisError), Redis.from_url(valkey.url(site.var)) as connection:
        connection.flushall()


def _fill_disk(site: Site, seconds: float) -> None:
    disk.fill(site.disk)
    try:
        pause(seconds)
    finally:
        disk.free(site.disk)
        if site.postgres:
            site.postgres.revive()


def _stop_postgres(site: Site, seconds: float) -> None:
    if site.postgres:
        site.postgres.stop()
        pause(seconds)
        site.postgres.revive()


def _step(site: Site, process: str, seconds: int, lasting: float) -> None:
    site.step_clock(seconds, process)
    try:
        pause(lasting)
    finally:
        site.step_clock(0, process)


def _carrier(crowd: Crowd, settings: dict[str, Any], seconds: float) -> None:
    crowd.site.carrier(**settings)
    try:
        pause(seconds)
    finally:
        crowd.healthy()
