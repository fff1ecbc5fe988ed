"""GraphQL over a small district: tips that have been threaded, judged and paged, and a client with a token."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from starlette.testclient import TestClient

from gateway.core.records import Message
from responders import console
from responders.accounts import service as accounts
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from responders.paging import service as paging
from responders.schema import routes
from tests.support.world import STUDENT, World
from triage.engine import assess
from triage.model import Context

URL = "https://console.example.org"
PASSWORD = "correct horse battery staple"
RESPONDER = "+13035550177"
SCOPES = list(accounts.SCOPES)


@dataclass
class RecordingWaker:
    woken: list[str] = field(default_factory=list)

    def wake(self, name: Literal["courier", "worker"]) -> None:
        self.woken.append(name)


@dataclass
class Rig:
    world: World
    waker: RecordingWaker = field(default_factory=RecordingWaker)

    def __post_init__(self) -> None:
        world = self.world
        self.console = console.prepare(world.of("console"), world.keys["console"], world.clock, self.waker, URL)
        app = console.create(self.console, routes(self.console))
        self.client = TestClient(app, base_url=URL)
        with world.database.write() as session:
            responder = directory.add_responder(session, world.district_id, "Officer Lee", "officer", RESPONDER)
            directory.set_duty(session, world.district_id, None, directory.ON_CALL, [responder.id])
        self.token = self.issue(*SCOPES)

    @cached_property
    def account(self) -> Account:
        """Somebody who can sign in, made when first asked for: the password's hash is slow on purpose."""
        with self.world.database.write() as session:
            now = self.world.clock()
            return accounts.create(session, self.world.district_id, "ana", "Ana Ruiz", "counsellor", PASSWORD, now)

    def issue(self, *scopes: str) -> str:
        with self.world.database.write() as session:
            now = self.world.clock()
            return accounts.issue_token(session, self.world.district_id, "sis", list(scopes), now)

    def tip(self, words: str, *, sender: str = STUDENT, to: str | None = None) -> Case:
        """Text a tip and bring it all the way to its case; the clock moves on a minute."""
        world = self.world
        where = {"to": to} if to else {}
        message_id = world.text(words, sender=sender, **where)
        world.clock.forward(seconds=1)
        world.courier.thread_all()
        with world.database.write() as session:
            message = session.get_one(Message, message_id)
            judged = assess(words, Context())
            taken = cases.take_messages(session, world.keys["worker"], [(message, judged)], world.clock())[0]
            paging.call_out(session, taken.case, "critical" if judged.life_safety else "queue", world.clock())
        world.clock.forward(minutes=1)
        return taken.case

    def page(self) -> None:
        """Write the pages that are due."""
        with self.world.database.write() as session:
            now = self.world.clock()
            for callout_id in paging.due(session, now):
                paging.run_due(session, self.world.keys["worker"], [callout_id], now, console_url=URL)

    def post(self, query: str, *, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """Ask, and insist on a 200; the answer is the whole body."""
        answer = self.client.post(
            "/graphql",
            content=json.dumps({"query": query, "variables": variables}),
            headers={"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"},
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def ask(self, query: str, **variables: Any) -> Any:
        """Ask, and insist that nothing went wrong; the answer is the data."""
        body = self.post(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    def code(self, query: str, *, token: str | None = None, **variables: Any) -> str:
        """Ask, and insist on one error; the answer is its code."""
        (error,) = self.post(query, token=token, **variables)["errors"]
        return str(error["extensions"]["code"])
