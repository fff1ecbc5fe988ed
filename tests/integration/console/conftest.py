"""A console over a small district, and a browser's way of asking it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from gateway.core.records import District, Message, Thread, new_id
from responders import console
from responders.accounts import service as accounts
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.records import Case
from responders.web.state import Console
from tests.support.world import World
from triage.model import Assessment, Category, Indicator, Severity

URL = "http://console.test"
PASSWORD = "correct horse battery"
HTML = {"Accept": "text/html"}


@dataclass
class Waker:
    """Notes who was woken."""

    woken: list[str] = field(default_factory=list)

    def wake(self, name: str) -> None:
        """Note it."""
        self.woken.append(name)


@dataclass
class Desk:
    """A member of staff at the console."""

    world: World
    waker: Waker
    console: Console
    client: TestClient
    account: Account

    def sign_in(self, username: str = "dana", password: str = PASSWORD, to: str = "/") -> Response:
        """Fill in the form."""
        form = {"username": username, "password": password, "next": to}
        return self.client.post("/sign-in", data=form, follow_redirects=False)

    def get(self, path: str, **headers: str) -> Response:
        """Open a page as a browser does."""
        return self.client.get(path, headers={**HTML, **headers}, follow_redirects=False)

    def post(self, path: str, **fields: str) -> Response:
        """Send a form with the CSRF token of the page it stands on."""
        form = {"csrf": self.csrf(), **fields}
        return self.client.post(path, data=form, headers=HTML, follow_redirects=False)

    def csrf(self) -> str:
        """Read the token from the inbox."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/").text)
        assert found is not None
        return found[1]

    def tip(
        self,
        text: str,
        severity: str = "critical",
        *,
        signs: dict[str, str] | None = None,
        unsure: str | None = None,
        missing: tuple[str, ...] = ("where",),
        sender: str = "+13035550123",
        threaded: bool = True,
    ) -> Case:
        """Text a tip and take it up with a judgement of the test's choice; `signs`: name → words."""
        message_id = self.world.text(text, sender=sender)
        if threaded:
            self.world.courier.thread_all()
        spans = [Indicator(name, text.index(w), text.index(w) + len(w)) for name, w in (signs or {}).items()]
        level = Severity(severity)
        judged = Assessment(
            severity=level,
            life_safety=level.life_safety,
            unsure=unsure is not None,
            unsure_reason=unsure,
            categories=(Category.WEAPON,),
            indicators=tuple(spans),
            missing=missing,
            language="en",
            rules="1",
        )
        with self.world.database.write() as session:
            message = session.get_one(Message, message_id)
            return cases.take_messages(session, self.world.keys["worker"], [(message, judged)], self.world.clock())[
                0
            ].case

    def thread_of(self, case: Case) -> Thread:
        """Find the first thread of a case."""
        with self.world.database.read() as session:
            return cases.threads(session, case)[0]

    def case(self, case: Case) -> Case:
        """Read a case afresh."""
        with self.world.database.read() as session:
            return session.get_one(Case, case.id)


@pytest.fixture
def stranger(world: World) -> Iterator[Desk]:
    """Someone at the console who has not signed in; the account `dana` is there."""
    waker = Waker()
    parts = console.prepare(world.of("console"), world.keys["console"], world.clock, waker, URL)
    with world.database.write() as session:
        dana = accounts.create(
            session, world.district_id, "Dana", "Dana Ortiz", "counsellor", PASSWORD, world.clock()
        )  # fmt: skip
    with TestClient(console.create(parts), base_url=URL, raise_server_exceptions=False) as client:
        yield Desk(world, waker, parts, client, dana)


@pytest.fixture
def desk(stranger: Desk) -> Desk:
    """Dana, signed in."""
    assert stranger.sign_in().status_code == 303
    return stranger


@pytest.fixture
def other_district(world: World) -> str:
    """Give the id of a second district."""
    with world.database.write() as session:
        other = District(id=new_id(), slug="other", name="Other District")
        session.add(other)
        return other.id
