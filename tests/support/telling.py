"""Another system that tells us things: what it sends, and what has become of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from channels import cloud_events
from gateway.core import conversation, systems
from gateway.core.records import Message, School, Source
from responders.cases import service as cases
from responders.cases.records import Case
from tests.support.world import World
from triage.engine import assess
from triage.model import Context

GUN = "A visitor showed a gun at the front desk"
STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"


def event(**changes: Any) -> dict[str, Any]:
    given = {
        "specversion": "1.0", "id": "1", "source": "//visitors.example/desk", "type": cloud_events.CONCERN,
        "datacontenttype": "application/json", "data": {"summary": GUN}, **changes,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


@dataclass
class Site:
    world: World
    client: TestClient
    source: Source
    token: str
    woken: list[str] = field(default_factory=list)

    def post(self, content: Any, kind: str = STRUCTURED, **headers: str) -> Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        given = {"content-type": kind, "authorization": f"Bearer {self.token}", **headers}
        return self.client.post(f"/inbound/{self.source.id}", content=body, headers=given)

    def messages(self) -> list[Message]:
        with self.world.database.read() as session:
            return list(session.scalars(select(Message).order_by(Message.at, Message.id)))

    def words(self) -> list[str]:
        return sorted(conversation.words(self.world.keys["worker"], one) for one in self.messages())

    def take(self) -> list[Case]:
        """Judge what waits and make cases of it, as the worker does."""
        world = self.world
        with world.of("worker").write() as session:
            waiting = session.scalars(select(Message).where(Message.dispatched_at.is_(None)).order_by(Message.at))
            judged = [(one, assess(conversation.words(world.keys["worker"], one), Context())) for one in waiting]
            return [one.case for one in cases.take_messages(session, world.keys["worker"], judged, world.clock())]


def add(world: World, name: str = "Front desk", key: str | None = None) -> tuple[Source, str | None]:
    with world.database.write() as session:
        school = session.get_one(School, world.school_id)
        return systems.add(session, world.district(session), school, name, key, world.clock())


def refused(answer: Response) -> tuple[int, str]:
    """Insist on the standard's form of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]
