"""A desk: the small district with people on call, a worker, and an engine that judges by a text's first word."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from gateway.core import outbox
from gateway.core.messages import Status
from gateway.core.records import Contact, Event, Message, Send
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage
from responders.directory import service as directory
from responders.dispatch import Dispatcher
from responders.paging import service as paging
from responders.paging.records import Callout, Page
from tests.support.world import PAGING, RecordingSender, World
from triage import engine
from triage.model import Assessment, Category, Context, Indicator, Severity

PEOPLE = {
    "Ana": "+13035550141",
    "Ben": "+13035550142",
    "Cy": "+13035550143",
    "Dee": "+13035550144",
}
"""Ana and Ben are on call for Lincoln, Dee for the district; Cy is who is tried next."""


@dataclass
class Engine:
    """Judges by the first word: a severity, `unsure`, `boom` (raises), `hang` (until released), `hm` (too little)."""

    released: threading.Event = field(default_factory=threading.Event)
    contexts: list[Context] = field(default_factory=list)

    def __call__(self, text: str, context: Context) -> Assessment:
        self.contexts.append(context)
        word = text.split(" ", 1)[0]
        if word == "boom":
            raise ValueError(text)
        if word == "hang":
            self.released.wait(timeout=30)
        if word == "hm":
            return replace(engine.undecided("too_short", context), asks="what")
        if word not in set(Severity):
            return engine.undecided("too_short", context)
        severity = max(Severity(word), context.floor, key=lambda item: item.rank)
        about = Category.WEAPON if Severity(word).life_safety else Category.BULLYING
        spans = (Indicator("first_word", 0, len(word)),)
        return Assessment(severity, severity.life_safety, False, None, (about,), spans, ("where",), "en", "test-1")


@dataclass
class Desk:
    """Everything a test of cases and paging needs."""

    world: World
    engine: Engine = field(default_factory=Engine)
    phones: RecordingSender = field(default_factory=RecordingSender)
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.worker = self.another_worker()

    def another_worker(self, seconds: float = 2.0) -> Dispatcher:
        """Make a worker of its own, as a second process would be."""
        return Dispatcher(
            database=self.world.of("worker"),
            keys=self.world.keys["worker"],
            clock=self.world.clock,
            sender=self.phones,
            console_url="http://127.0.0.1:8001",
            assess=self.engine,
            engine_seconds=seconds,
        )

    def staff(self) -> None:
        """Put the people on their lists."""
        with self.world.database.write() as session:
            for name, number in PEOPLE.items():
                self.ids[name] = directory.add_responder(session, self.world.district_id, name, "officer", number).id
        self.duty("on_call", "Ana", "Ben", school=self.world.school_id)
        self.duty("on_call", "Dee")
        self.duty("escalation", "Cy")

    def duty(self, tier: str, *names: str, school: str | None = None) -> None:
        """Replace a list."""
        with self.world.database.write() as session:
            directory.set_duty(session, self.world.district_id, school, tier, [self.ids[name] for name in names])

    def tip(self, words: str, *, threaded: bool = True, **how: Any) -> Case:
        """Text a tip, have it threaded and dispatched; the answer is its case."""
        message_id = self.world.text(words, **how)
        if threaded:
            self.world.courier.thread_all()
        else:
            self.world.clock.forward(seconds=6)
        self.worker.run()
        case = self.case_of(message_id)
        assert case is not None
        return case

    def reply(self, name: str, words: str, **how: Any) -> str:
        """Text an answer from a responder's phone and have it taken; the answer is the message's id."""
        message_id = self.world.text(words, sender=PEOPLE[name], to=PAGING, **how)
        self.world.courier.thread_all()
        self.worker.run()
        return message_id

    def reply_untold(self, name: str, words: str) -> None:
        """Have an answer taken while the courier has not yet come to the tips before it."""
        message_id = self.world.text(words, sender=PEOPLE[name], to=PAGING)
        with self.world.database.write() as session:
            message = session.get_one(Message, message_id)
            contact = select(Contact.id).where(Contact.address == PEOPLE[name])
            message.contact_id, message.threaded_at = session.scalars(contact).one(), self.world.clock()
        self.worker.answer_all()
        self.worker.send_all()

    def wait(self, **by: float) -> None:
        """Let time pass and the worker look."""
        self.world.clock.forward(**by)
        self.worker.run()

    def case_of(self, message_id: str) -> Case | None:
        """Read the case of a message."""
        with self.world.database.read() as session:
            belongs = session.get(CaseMessage, message_id)
            return session.get_one(Case, belongs.case_id) if belongs else None

    def case(self, case: Case) -> Case:
        """Read a case afresh."""
        with self.world.database.read() as session:
            return session.get_one(Case, case.id)

    def move(self, case: Case, to: str, why: str = "handled") -> None:
        """Move a case as someone at the console would."""
        with self.world.database.write() as session:
            cases.change_state(session, session.get_one(Case, case.id), to, why, "account:1", self.world.clock())

    def paged(self) -> list[str]:
        """List who got each text from the paging line, in order, and forget them."""
        names = {number: name for name, number in PEOPLE.items()}
        got = [names[message.to] for message in self.phones.sent]
        self.phones.sent.clear()
        return sorted(got)

    def calls(self) -> list[str]:
        """List who was asked to acknowledge, as `paged` does; news and answers to codes are left out, and forgotten."""
        self.phones.sent = [message for message in self.phones.sent if " to acknowledge" in message.text]
        return self.paged()

    def last_text(self) -> str:
        """Read the latest text that a responder got."""
        return self.phones.sent[-1].text

    def callouts(self, *, only_open: bool = True) -> list[Callout]:
        """List the callouts, oldest first."""
        with self.world.database.read() as session:
            found = session.scalars(select(Callout).order_by(Callout.opened_at)).all()
        return [callout for callout in found if callout.closed_at is None or not only_open]

    def code(self) -> str:
        """Read the code of the one open callout."""
        (callout,) = self.callouts()
        return callout.code

    def report(self, name: str, status: Status) -> None:
        """Let the carrier report on the latest page of a responder."""
        with self.world.database.write() as session:
            query = select(Page).where(Page.responder_id == self.ids[name]).order_by(Page.at.desc()).limit(1)
            send = session.get_one(Send, session.scalars(query).one().send_id)
            sid, code = send.provider_sid or "SM1", None if status == "delivered" else "30003"
            assert outbox.report(session, "paging", send.id, sid, status, code, self.world.clock())

    def events(self, kind: str) -> list[Event]:
        """List the events of one kind, oldest first."""
        with self.world.database.read() as session:
            return list(session.scalars(select(Event).where(Event.type == f"org.tipline.{kind}").order_by(Event.seq)))

    def message(self, message_id: str) -> Message:
        """Read a message."""
        return self.world.message(message_id)

    @property
    def now(self) -> datetime:
        """Read the clock."""
        return self.world.clock()


def acknowledge(desk: Desk, case: Case) -> bool:
    """Acknowledge as someone at the console would."""
    with desk.world.database.write() as session:
        return paging.acknowledge(session, session.get_one(Case, case.id), f"account:{1:032x}", desk.now)


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    """Give a desk with people on call."""
    made = Desk(world)
    made.staff()
    yield made
    made.engine.released.set()
