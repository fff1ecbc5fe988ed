"""The case page says who told something: somebody who stays unknown, another system, or a colleague."""

from __future__ import annotations

from sqlalchemy import select, update

from gateway.core import systems
from gateway.core.records import Contact, Message
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from tests.integration.console.conftest import Desk
from triage.engine import assess
from triage.model import Context

ANONYMOUS = "Anonymous: nobody here can see a number."


def from_a_system(desk: Desk) -> Case:
    world, told = desk.world, "A visitor showed a gun"
    with world.database.write() as session:
        source, _ = systems.add(session, world.district(session), None, "Front desk", None, world.clock())
    heard = [systems.Told("//desk", "1", told, school="lincoln")]
    systems.receive(world.of("intake"), world.keys["intake"], source, heard, world.clock())
    with world.database.write() as session:
        judged = [(session.scalars(select(Message)).one(), assess(told, Context()))]
        return cases.take_messages(session, world.keys["worker"], judged, world.clock())[0].case


def test_another_system_is_no_anonymous_reporter(desk: Desk) -> None:
    text = desk.get(f"/cases/{from_a_system(desk).number}").text
    what = text[text.index('id="what"') : text.index('id="talks"')]
    assert "A visitor" in what
    assert "Front desk, " in what
    assert "Another system told us this." in what
    assert ANONYMOUS not in text


def test_a_colleague_is_none_either(desk: Desk) -> None:
    case = desk.tip("he has a gun")
    assert ANONYMOUS in desk.get(f"/cases/{case.number}").text
    with desk.world.database.write() as session:
        directory.add_responder(session, desk.world.district_id, "Cy", "officer", "+13035550143")
        contact = session.scalars(select(Contact.id).where(Contact.address == "+13035550143")).one()
        session.execute(update(Message).where(Message.direction == "in").values(contact_id=contact))
    text = desk.get(f"/cases/{case.number}").text
    assert "A colleague wrote this." in text
    assert ANONYMOUS not in text
