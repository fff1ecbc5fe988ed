"""A text of our own proves a line: asked for on a schedule, known again by its sender and code, never a case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway.core import intake
from gateway.core.messages import Inbound, Outbound
from gateway.core.proofs import Prover
from gateway.core.records import Event, Line, LineProof, Message, Send
from responders.dispatch import Dispatcher
from tests.support.world import PAGING, REPORTS, SECOND, START, STUDENT, World


def prover(world: World) -> Prover:
    return Prover(world.of("worker"), world.keys["worker"], world.clock)


def sent(world: World) -> list[Outbound]:
    """Send what waits in the paging account, and give what the carrier was handed."""
    Dispatcher(
        world.of("worker"), world.keys["worker"], world.clock, world.carrier, "https://console.example"
    ).send_all()
    return [text for text in world.carrier.sent if "line check" in text.text]


def asked(world: World) -> Outbound:
    """Ask for proofs and send them; the answer is the text to `REPORTS`."""
    assert prover(world).prove_all() == 2
    return next(text for text in sent(world) if text.to == REPORTS)


def proof(world: World, number: str = REPORTS) -> LineProof:
    with world.database.read() as session:
        return session.scalars(select(LineProof).join(Line).where(Line.number == number)).one()


def kinds(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(Message.kind).where(Message.direction == "in").order_by(Message.at)))


def cases_opened(world: World) -> int:
    world.courier.thread_all()
    return Dispatcher(
        world.of("worker"), world.keys["worker"], world.clock, world.carrier, "https://console.example"
    ).take_all()


def test_proof_goes_from_the_paging_line_to_each_line_for_reports(world: World) -> None:
    assert prover(world).prove_all() == 2
    texts = sent(world)
    assert {(text.sender, text.to) for text in texts} == {(PAGING, REPORTS), (PAGING, SECOND)}
    assert texts[0].text != texts[1].text


def test_proof_that_comes_back_proves_the_line_and_opens_no_case(world: World) -> None:
    text = asked(world)
    world.clock.forward(seconds=4)
    message = world.message(world.text(text.text, sender=PAGING))
    assert (message.kind, message.address_sealed) == ("synthetic", None)
    assert proof(world).proved_at == START + timedelta(seconds=4)
    assert cases_opened(world) == 0
    assert len(world.carrier.sent) == 2, "nobody is answered"
    with world.database.read() as session:
        event = session.scalars(select(Event).where(Event.type == "org.tipline.line.proved")).one()
    assert (event.data, event.actor) == ({"seconds": 4}, "process:intake")


@pytest.mark.parametrize(
    ("sender", "to", "change"),
    [
        (STUDENT, REPORTS, ""),
        (PAGING, SECOND, ""),
        (PAGING, REPORTS, "code"),
        (PAGING, REPORTS, "more"),
    ],
    ids=["by-somebody-else", "to-another-line", "with-another-code", "with-more-words"],
)
def test_text_that_looks_like_a_proof_is_a_tip(world: World, sender: str, to: str, change: str) -> None:
    words = asked(world).text
    if change == "code":
        words = f"Tipline line check {'0' * 32}. No reply needed."
    elif change == "more":
        words += " he has a gun"
    world.text(words, sender=sender, to=to)
    assert kinds(world) == ["tip"]
    assert cases_opened(world) == 1
    assert proof(world).proved_at is None


def test_proof_by_the_carriers_list_alone_shows_that_the_webhook_failed(world: World) -> None:
    text = asked(world)
    found = Inbound("sms", "SM1", PAGING, REPORTS, text.text, world.clock(), recovered_at=world.clock())
    intake.receive(world.of("courier"), world.keys["courier"], found)
    assert kinds(world) == ["synthetic"]
    assert (proof(world).proved_at, proof(world).silent_at) == (None, START)
    with world.database.read() as session:
        event = session.scalars(select(Event).where(Event.type == "org.tipline.line.silent")).one()
    assert event.data == {"reason": "webhook_failed"}


@pytest.mark.parametrize(("status", "reason"), [("delivered", "not_received"), ("queued", "not_sent")])
def test_proof_that_does_not_come_back_names_the_line_silent_once(world: World, status: str, reason: str) -> None:
    asked(world)
    with world.database.write() as session:
        session.execute(update(Send).values(status=status))
    world.clock.forward(minutes=11)
    assert prover(world).prove_all() == 2
    assert prover(world).prove_all() == 0
    with world.database.read() as session:
        events = session.scalars(select(Event).where(Event.type == "org.tipline.line.silent")).all()
    assert [event.data for event in events] == [{"reason": reason}] * 2


def test_proof_that_comes_late_still_proves_the_line(world: World) -> None:
    text = asked(world)
    world.clock.forward(minutes=11)
    prover(world).prove_all()
    world.text(text.text, sender=PAGING)
    assert proof(world).proved_at == world.clock()


def test_proof_is_asked_again_on_the_lines_schedule(world: World) -> None:
    with world.database.write() as session:
        session.execute(update(Line).where(Line.number == SECOND).values(proof_every_minutes=0))
    assert [prover(world).prove_all(), prover(world).prove_all()] == [1, 0]
    world.text(sent(world)[0].text, sender=PAGING)
    world.clock.forward(minutes=359)
    assert prover(world).prove_all() == 0
    world.clock.forward(minutes=1)
    assert prover(world).prove_all() == 1


def test_proof_needs_a_paging_line(world: World) -> None:
    with world.database.write() as session:
        session.execute(update(Line).where(Line.number == PAGING).values(purpose="reports"))
    assert prover(world).prove_all() == 0
