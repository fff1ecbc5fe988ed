"""The linker where things come late, fail, or lead by way of a third case; what is alike is told by the tests."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import delete

from gateway.core.records import new_id
from responders.cases import moves
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage, CaseThread
from responders.linker import Linker
from responders.linking import reading
from responders.linking import service as linking
from tests.integration.responders.conftest import Desk

DANA = "account:1"


def test_what_was_refused_does_not_come_back_by_way_of_a_third(desk: Desk) -> None:
    world = desk.world
    one, other, third = (desk.tip("low x", sender=f"+1303555018{place}") for place in range(3))
    with world.database.write() as session:
        for later, earlier in ((other, one), (third, one), (third, other)):
            linking.propose(
                session, world.keys["worker"], linking.Found(later.id, earlier.id, "same", ()), world.clock()
            )

    def proposals(case: Case) -> list[str]:
        with world.of("console").read() as session:
            found = reading.proposals(session, world.keys["console"], session.get_one(Case, case.id))
            return [proposal.other.id for proposal in found]

    with world.of("console").write() as session:
        linking.refuse(session, session.get_one(Case, other.id), session.get_one(Case, one.id), DANA, world.clock())
    assert proposals(one) == [third.id]
    with world.of("console").write() as session:
        both = session.get_one(Case, third.id), session.get_one(Case, other.id)
        assert linking.join(session, world.keys["console"], *both, DANA, world.clock()).id == other.id
    assert proposals(one) == []
    assert proposals(other) == []


def test_what_failed_once_while_the_window_was_read_is_compared_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.tip("low one", sender="+13035550181")
    desk.world.clock.forward(hours=3)  # Far longer than late messages are looked for.
    desk.tip("low two", sender="+13035550182")
    linker = Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock, desk.engine)
    looked, names, failing = linker._look_at, list[str](), [True]

    def fail(name: str, latest: datetime, *, known: bool) -> None:
        if failing.pop() if failing else False:
            raise ValueError(name)
        looked(name, latest, known=known)
        names.append(name)

    monkeypatch.setattr(linker, "_look_at", fail)
    linker.run()
    assert len(names) == 1
    desk.world.clock.forward(seconds=16)
    linker.run()
    with desk.world.database.read() as session:
        (missed,) = cases.threads(session, session.get_one(Case, first.id))
    assert names[1:] == [missed.id]
    linker.run()
    assert len(names) == 2


def test_words_are_forgotten_too_when_the_word_of_it_comes_late(desk: Desk) -> None:
    if desk.world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    case = desk.tip("low one")
    linker = Linker(desk.world.of("worker"), desk.world.keys["worker"], desk.world.clock, desk.engine)
    linker.run()
    (index,) = linker._indexes.values()
    assert len(index) == 1
    with desk.world.database.write() as session:
        moves.tell(
            session,
            session.get_one(Case, case.id),
            "case.destroyed",
            "process:clock",
            desk.now,
            run=new_id(),
            number=case.number,
        )
        session.execute(delete(CaseThread))
        session.execute(delete(CaseMessage))
        session.flush()  # It has its number, and nobody sees it yet.
        with desk.world.of("console").write() as another:
            moves.tell(another, another.get_one(Case, case.id), "case.noted", DANA, desk.now, note=new_id())
        linker.forget()
        assert len(index) == 1
    linker.forget()
    assert len(index) == 0
    assert linker._at_hand == {}
