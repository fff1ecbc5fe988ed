"""A rig: the small district, a worker that delivers, and receivers on real sockets; a desk: the console over it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from gateway.core.events import emit
from gateway.core.http import Guarded, Hosts
from gateway.core.keys import KeySet
from gateway.core.records import Event, new_id
from responders import console
from responders.accounts import service as accounts
from responders.cases.records import Case
from responders.schema import routes
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
PASSWORD = "correct horse battery staple"


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


class Waker:
    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, name: str) -> None:
        self.woken.append(name)


@dataclass
class Desk:
    """The console app over the rig's district."""

    rig: Rig
    client: TestClient
    waker: Waker

    def token(self, *scopes: str) -> dict[str, str]:
        with self.rig.world.database.write() as session:
            plain = accounts.issue_token(
                session, self.rig.world.district_id, "Student system", list(scopes), self.rig.world.clock()
            )
        return {"Authorization": f"Bearer {plain}"}

    def ask(self, method: str, path: str, **how: Any) -> Response:
        return self.client.request(method, path, follow_redirects=False, **how)

    def sign_in(self, role: str) -> None:
        with self.rig.world.database.write() as session:
            now, district = self.rig.world.clock(), self.rig.world.district_id
            accounts.create(session, district, role, role, role, PASSWORD, now)
        assert self.ask("POST", "/sign-in", data={"username": role, "password": PASSWORD}).status_code == 303

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get("/").text)
        assert found is not None
        return found[1]

    def post(self, path: str, **form: Any) -> Response:
        return self.ask("POST", path, data={"csrf": self.csrf(), **form}, headers={"Accept": "text/html"})


@pytest.fixture
def desk(rig: Rig) -> Iterator[Desk]:
    waker = Waker()
    parts = console.prepare(
        rig.world.of("console"), rig.world.keys["console"], rig.world.clock, waker, CONSOLE,
        allowed_hosts=["127.0.0.1"],
    )  # fmt: skip
    with TestClient(console.create(parts, routes(parts)), base_url=CONSOLE) as client:
        yield Desk(rig, client, waker)
