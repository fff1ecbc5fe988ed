"""How many events a second get to a local receiver, from the log to its 204: spread, signed, posted, noted."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from gateway.core import events, keys
from gateway.core.database import Database
from gateway.core.http import Guarded, Hosts
from gateway.core.records import District, Event, new_id
from gateway.core.times import utc_now
from responders.subscriptions import service
from responders.subscriptions.asking import Asker
from responders.subscriptions.delivering import Deliverer
from responders.subscriptions.records import ACTIVE, BATCHED, BINARY, QUEUED, STRUCTURED, Delivery, Subscription
from responders.subscriptions.service import Wish
from responders.subscriptions.spreading import Spreader
from tests.bench.site import Site

CASES = 50
URL = "http://127.0.0.1:8001"


@dataclass(frozen=True)
class Rate:
    """Events a second in one mode, each of `events` delivered and noted."""

    mode: str
    events: int
    seconds: float
    events_per_second: float


def measure(made: Site, count: int) -> list[Rate]:
    """Deliver so many events in each mode."""
    database = Database(made.database_url)
    with _receiver() as port:
        rates = [_deliver(made, database, port, mode, count) for mode in (STRUCTURED, BINARY, BATCHED)]
    database.close()
    return rates


def _deliver(made: Site, database: Database, port: int, mode: str, count: int) -> Rate:
    client, draw = Guarded(["127.0.0.1"]), random.Random(1).random
    key_set = keys.load(made.var.keys / "worker", "worker")
    with database.write() as session:
        district = session.scalars(select(District.id).limit(1)).one()
        session.execute(update(Subscription).values(state="deleted"))
        wish = Wish(name=mode, sink=f"http://127.0.0.1:{port}/{mode}", mode=mode)
        service.create(session, key_set, Hosts(["127.0.0.1"]), district, wish, "account:1", utc_now())
    assert Asker(database, client, URL, utc_now, draw).ask_all() == 1
    _happen(database, district, count)
    spreader = Spreader(database, URL, utc_now)
    deliverer = Deliverer(database, key_set, client, URL, "127.0.0.1", utc_now, draw, within_minutes=15)
    began = time.perf_counter()
    while _left(database) or spreader.spread_all():
        deliverer.deliver_all()
    seconds = time.perf_counter() - began
    client.close()
    return Rate(mode, count, round(seconds, 2), round(count / seconds, 1))


def _happen(database: Database, district: str, count: int) -> None:
    cases = itertools.cycle([new_id() for _ in range(CASES)])
    rows = [
        events.row("case.noted", subject=f"case/{case}", actor="account:1", at=utc_now(), district_id=district,
                   note=new_id())
        for case in itertools.islice(cases, count)
    ]  # fmt: skip
    with database.write() as session:
        session.execute(insert(Event), rows)


def _left(database: Database) -> bool:
    query = select(Delivery.id).join(Subscription, Subscription.id == Delivery.subscription_id)
    with database.read() as session:
        found = session.scalar(query.where(Subscription.state == ACTIVE, Delivery.state == QUEUED).limit(1))
    return found is not None


@contextmanager
def _receiver() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.bench.receiver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait()
