"""What is judged anew after a join is held against the case as it is then, not as it was read before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from gateway.core.records import Message
from responders.cases import service as cases
from responders.cases.records import Case
from responders.linker import Linker
from responders.linking import service as linking
from tests.integration.responders.conftest import Desk
from triage.local import Pack
from triage.model import Assessment, Context

FRIEND = "+13035550161"
STRANGER = "+13035550162"


def join(desk: Desk, case: Case, other: Case) -> Case:
    """Join as somebody at the console does."""
    with desk.world.of("console").write() as session:
        one, two = session.get_one(Case, case.id), session.get_one(Case, other.id)
        return linking.join(session, desk.world.keys["console"], one, two, "account:1", desk.now)


def test_a_case_that_was_raised_meanwhile_is_not_lowered(desk: Desk) -> None:
    if desk.world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    case = desk.tip("low one")
    judged = desk.engine("high one", Context())
    with desk.world.of("worker").write() as session:
        found = session.get_one(Case, case.id)
        message = session.scalars(select(Message).where(Message.direction == "in")).one()
        with desk.world.database.write() as another:
            one = another.get_one(Case, case.id)
            one.severity, one.life_safety, one.urgency_rank = "critical", True, 4
        assert not cases.judge_again(session, desk.world.keys["worker"], found, message, judged, desk.now)
    assert desk.case(case).severity == "critical"
    assert desk.events("case.raised") == []


def test_what_was_joined_on_meanwhile_is_raised_where_it_belongs_by_now(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desk.tip("low one"), desk.tip("low two", sender=FRIEND)
    third = desk.tip("low three", sender=STRANGER)
    assert join(desk, third, second).id == second.id
    linker = Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock, desk.engine)

    def gravest(said: Sequence[Message], _pack: Pack | None) -> tuple[Message, Assessment]:
        if desk.case(second).joined_into_id is None:
            join(desk, second, first)
        return said[-1], desk.engine("critical two", Context())

    monkeypatch.setattr(linker, "_gravest", gravest)
    linker.judge_all()
    assert desk.case(first).severity == "critical"
    assert desk.case(second).severity == "low"
    desk.worker.run()
    assert desk.calls() == ["Ana", "Ben"]
