"""A rig: the small district, a worker that delivers, and receivers on real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from gateway.core.events import emit
from gateway.core.http import Guarded, Hosts
from gateway.core.keys import KeySet
from gateway.core.records import Event, new_id
from responders.cases.records import Case
from responders.subscriptions import service
from responders.subscriptions.asking import Asker
from responders.subscriptions.delivering import Deliverer
from responders.subscriptions.records import Delivery, Subscription
from responders.subscriptions.service import Made, Wish
from responders.subscriptions.spreading import Spreader
from tests.support.receivers import Receiver
from tests.support.world import World

CONSOLE = "https://console.example.org"
STAFF = "account:" + "a" * 32


@dataclass
class Rig:
    """Everything a test of deliveries needs; times are set by hand, jitter is in the middle."""

    world: World
    client: Guarded
    at_point: Callable[[str], object] = lambda _where: None
    clients: list[Guarded] = field(default_factory=list)

    def __post_init__(self) -> None:
        database, clock = self.world.of("worker"), self.world.clock
        self.spreader = Spreader(database, CONSOLE, clock)
        self.asker = Asker(database, self.client, CONSOLE, clock, lambda: 0.5)
        self.deliverer = self.another_worker()

    @property
    def keys(self) -> KeySet:
        return self.world.keys["console"]

    def another_worker(self) -> Deliverer:
        """Make a worker of its own, as a second process would be."""
        return Deliverer(
            self.world.of("worker"), self.world.keys["worker"], self.client, CONSOLE, self.asker.origin,
            self.world.clock, lambda: 0.5, at_point=self._pass,
        )  # fmt: skip

    def _pass(self, where: str) -> None:
        self.at_point(where)

    def subscribe(self, receiver: Receiver, *, agree: bool = True, **wish: Any) -> Made:
        """Make a subscription as the console does, and let the worker ask."""
        asked = Wish(**{"name": "Case system", "sink": receiver.url, **wish})
        with self.world.of("console").write() as session:
            made = service.create(
                session, self.keys, Hosts(["127.0.0.1"]), self.world.district_id, asked, STAFF, self.world.clock()
            )
        if agree:
            assert self.asker.ask_all() == 1
        return made

    def case(self, severity: str = "high", school: str | None = None, into: str | None = None) -> str:
        """Write a case; the answer is its id."""
        now = self.world.clock()
        with self.world.database.write() as session:
            row = Case(
                id=new_id(), district_id=self.world.district_id, school_id=school or self.world.school_id,
                number=new_id()[:12], state="new", severity=severity, urgency_rank=1, life_safety=False, unsure=False,
                categories=[], opened_at=now, updated_at=now, joined_into_id=into,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def happen(self, case_id: str, kind: str = "case.noted", count: int = 1, **data: Any) -> list[str]:
        """Let things happen to a case; the answer is the events' ids, in order."""
        with self.world.database.write() as session:
            for _ in range(count):
                emit(
                    session, kind, subject=f"case/{case_id}", actor=STAFF, at=self.world.clock(),
                    district_id=self.world.district_id, **(data or {"note": new_id()}),
                )  # fmt: skip
                session.flush()
            query = select(Event.id).order_by(Event.seq.desc()).limit(count)
            return list(session.scalars(query))[::-1]

    def run(self) -> int:
        """Spread and deliver all that is due; the answer counts what was tried."""
        self.spreader.spread_all()
        return self.deliverer.deliver_all()

    def wait(self, **by: float) -> int:
        """Let time pass, then run."""
        self.world.clock.forward(**by)
        return self.run()

    def read(self, made: Made) -> Subscription:
        """Read a subscription afresh."""
        with self.world.database.read() as session:
            return session.get_one(Subscription, made.row.id)

    def deliveries(self, made: Made) -> list[Delivery]:
        """List the deliveries of a subscription, in the log's order."""
        with self.world.database.read() as session:
            query = select(Delivery).where(Delivery.subscription_id == made.row.id)
            return list(session.scalars(query.order_by(Delivery.seq)))

    def states(self, made: Made) -> dict[str, int]:
        """Count deliveries by state."""
        with self.world.database.read() as session:
            return {state: count for state, count in service.counts(session, made.row.id).items() if count}


@pytest.fixture
def rig(world: World) -> Iterator[Rig]:
    """Give a rig whose worker may reach receivers on loopback, which the operator has allowed."""
    client = Guarded(["127.0.0.1"], seconds=2.0, body_bytes=4096)
    yield Rig(world, client)
    client.close()
