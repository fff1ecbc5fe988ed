"""A small district on a real database: two schools, their lines, every process's keys, a clock that is set by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from gateway.core import conversation, desk, intake, receipts
from gateway.core.courier import Courier
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.messages import Inbound, Outbound, SendError
from gateway.core.records import Base, District, Event, Line, Message, School, Thread, new_id
from gateway.core.reports import Report
from gateway.front.roles import granting

START = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
STUDENT = "+13035550123"
REPORTS, SECOND, PAGING, UNKNOWN = "+13035550100", "+13035550101", "+13035550109", "+13035550555"


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move on, e.g. `forward(seconds=61)`."""
        self.now += timedelta(**by)
        return self.now


@dataclass
class RecordingSender:
    """The edge of the house: what a carrier would have been handed. `refusals` are raised first, one a call."""

    sent: list[Outbound] = field(default_factory=list)
    refusals: list[SendError] = field(default_factory=list)

    def send(self, message: Outbound) -> str:
        """Keep the message, answer an id."""
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append(message)
        return f"SM{len(self.sent):032x}"

    @property
    def texts(self) -> list[str]:
        """What was sent, as text alone."""
        return [message.text for message in self.sent]


@dataclass
class World:
    """Everything a test of the house needs; `keys` maps a process to its key set.

    `database` is open to its owner, for tests to look and to set up. What a process does goes through `of(process)`: on
    PostgreSQL that is the same database under the process's own role.
    """

    database: Database
    keys: Mapping[str, KeySet]
    _of: ClassVar[dict[str, Database]] = {}
    clock: SetClock = field(default_factory=SetClock)
    carrier: RecordingSender = field(default_factory=RecordingSender)
    district_id: str = ""
    school_id: str = ""
    second_school_id: str = ""
    _sids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def courier(self) -> Courier:
        """A courier that hands its texts to `carrier`."""
        return Courier(self.of("courier"), self.keys["courier"], self.carrier, self.clock, choose=lambda n: n // 2)

    def of(self, process: str) -> Database:
        """Open the database as a process does."""
        if self.database.is_sqlite:
            return self.database
        url = granting.url_of(self.database, process)
        # Threads may ask for the first time at once: one of them wins, and a pool that lost has opened nothing yet.
        return self._of.get(url) or self._of.setdefault(url, Database(url))

    @classmethod
    def close(cls) -> None:
        """Close what any world's `of` has opened."""
        while cls._of:
            cls._of.popitem()[1].close()

    def build(self) -> None:
        """Write the district, its schools and lines."""
        with self.database.write() as session:
            district = District(id=new_id(), slug="demo", name="Cedar Valley School District", takes_strays=True)
            session.add(district)
            session.flush()
            schools = [School(id=new_id(), district_id=district.id, slug=s, name=n) for s, n in _SCHOOLS]
            session.add_all(schools)
            session.flush()
            for number, school, purpose in (
                (REPORTS, schools[0].id, "reports"),
                (SECOND, schools[1].id, "reports"),
                (PAGING, None, "paging"),
            ):
                session.add(
                    Line(district_id=district.id, school_id=school, number=number, purpose=purpose, label=purpose)
                )
            self.district_id, self.school_id, self.second_school_id = district.id, schools[0].id, schools[1].id

    def text(self, words: str, *, sender: str = STUDENT, to: str = REPORTS, sid: str = "", **more: str) -> str:
        """Text a line; the answer is the stored message's id."""
        return self.receive(words, sender=sender, to=to, sid=sid, **more).message_id

    def receive(
        self, words: str, *, sender: str = STUDENT, to: str = REPORTS, sid: str = "", **more: str
    ) -> intake.Receipt:
        """Text a line; the answer is intake's receipt."""
        inbound = Inbound(
            channel="sms", provider_sid=sid or f"SMin{next(self._sids):030x}", sender=sender, recipient=to, text=words,
            received_at=self.clock(), keyword=more.get("keyword"),
        )  # fmt: skip
        return intake.receive(self.of("intake"), self.keys["intake"], inbound)

    def report(self, words: str, **parts: Any) -> desk.Filed:
        """Report something on the web; `parts` are those of `reports.Report`."""
        said = {"school_id": self.school_id, "district_id": self.district_id, "once": receipts.new_seed(), **parts}
        return desk.file(self.of("intake"), self.keys["intake"], Report(text=words, **said), self.clock())

    def answer(self, receipt: receipts.Receipt, words: str, once: str | None = None) -> str:
        """Come back with a receipt and write something; the answer is the stored message's id."""
        seed = once or receipts.new_seed()
        return desk.answer(self.of("intake"), self.keys["intake"], receipt, words, seed, self.clock()).message_id

    def reply(self, thread_id: str, words: str) -> str:
        """Reply as a responder does at the console; the answer is the stored message's id."""
        keys, now = self.keys["console"], self.clock()
        with self.of("console").write() as session:
            thread = session.get_one(Thread, thread_id)
            return conversation.reply(session, keys, thread, words, author="account:1", now=now).id

    def count(self, table: type[Base]) -> int:
        """Count the rows of a table."""
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def come_back(self, receipt: receipts.Receipt) -> desk.Conversation:
        """Come back with a receipt and read."""
        return desk.read(self.of("intake"), receipt, self.clock())

    def message(self, message_id: str) -> Message:
        """Read one message."""
        with self.database.read() as session:
            return session.get_one(Message, message_id, options=[undefer("*")])

    def events(self, prefix: str = "") -> list[str]:
        """List the types of all events so far, without our prefix."""
        with self.database.read() as session:
            types = session.scalars(select(Event.type).order_by(Event.seq))
            return [t.removeprefix("org.tipline.") for t in types if t.removeprefix("org.tipline.").startswith(prefix)]

    def district(self, session: Session) -> District:
        """Read the district."""
        return session.get_one(District, self.district_id)

    def line(self, session: Session, number: str = REPORTS) -> Line:
        """Read one of its lines."""
        return session.scalars(select(Line).where(Line.number == number)).one()


_SCHOOLS = (("lincoln", "Lincoln High School"), ("cedar", "Cedar Middle School"))
