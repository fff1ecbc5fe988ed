"""Fills a demo's database: the district and its people, then the stories, each by the way that a real tip goes.

Intake seals, the courier threads, the dispatcher judges and pages, people act; only the clock is turned back and the
carrier is silent. So nothing in the database tells a demo case from a real one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation, intake, keys, outbox
from gateway.core.courier import Courier
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.messages import Inbound, Outbound
from gateway.core.records import District, Line, Message, School, Send, Thread
from gateway.front import stories
from gateway.front.stories import Act, Story
from responders.accounts import service as accounts
from responders.accounts.records import Account
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage
from responders.directory import service as directory
from responders.dispatch import Dispatcher
from responders.escalation import setting
from responders.paging import service as paging
from responders.paging.records import Callout, CalloutCase

CHANNEL = "sms"


def fill(database: Database, keys_dir: Path, password: str, now: datetime) -> None:
    """Make the demo's district and tell its stories; whatever is there already stays as it is."""
    with database.write() as session:
        if session.scalar(select(District.id).where(District.slug == stories.DISTRICT)) is None:
            _make_district(session, password, now)
    teller = Teller(database, {name: keys.load(keys_dir / name, name) for name in ("intake", "courier", "worker")}, now)
    acts = [
        (teller.when(story, act), number, act) for number, story in enumerate(stories.STORIES) for act in story.acts
    ]
    untold = {number for number in range(len(stories.STORIES)) if not teller.is_told(number)}
    for when, number, act in sorted(acts, key=lambda item: item[:2]):
        if number in untold and when < now:
            teller.tell(number, act, when)


def _make_district(session: Session, password: str, now: datetime) -> None:
    district = District(slug=stories.DISTRICT, name=stories.DISTRICT_NAME, timezone=stories.TIMEZONE, takes_strays=True)
    session.add(district)
    session.flush()
    for wanted in stories.SCHOOLS:
        school = School(district_id=district.id, slug=wanted.slug, name=wanted.name)
        session.add(school)
        session.flush()
        line = Line(district_id=district.id, school_id=school.id, number=wanted.number, purpose="reports")
        line.label = wanted.name
        session.add(line)
        setting.place(session, school, district, wanted.name, ([wanted.polygon], [], [stories.COUNTY]), now)
    setting.change(session, district, now, feed="public", folder=True)
    session.add(Line(district_id=district.id, number=stories.PAGING_LINE, purpose="paging", label="Pages"))
    tiers: dict[str, list[str]] = {"on_call": [], "escalation": []}
    for person in stories.STAFF:
        account = accounts.create(session, district.id, person.username, person.name, person.role, password, now)
        responder = directory.add_responder(
            session, district.id, person.name, person.role, person.number, account.id
        )  # fmt: skip
        tiers[person.tier].append(responder.id)
    for tier, responder_ids in tiers.items():
        directory.set_duty(session, district.id, None, tier, responder_ids)


@dataclass
class Teller:
    """Tells stories with the clock turned back to when each act happened."""

    database: Database
    keys: Mapping[str, KeySet]
    began: datetime
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.began
        self.courier = Courier(self.database, self.keys["courier"], _Silent(), self._clock)
        self.dispatcher = Dispatcher(
            database=self.database,
            keys=self.keys["worker"],
            clock=self._clock,
            sender=_Silent(),
            console_url="http://127.0.0.1:8001",
        )

    def when(self, story: Story, act: Act) -> datetime:
        """Compute the moment of an act."""
        day = self.began - timedelta(days=story.days_ago)
        hour, minute = story.at
        return day.replace(hour=hour, minute=minute, second=7, microsecond=0) + timedelta(minutes=act.minute)

    def is_told(self, number: int) -> bool:
        """Tell whether a story's first text is in the database already."""
        with self.database.read() as session:
            return self._message(session, number) is not None

    def tell(self, number: int, act: Act, when: datetime) -> None:
        """Let one act happen."""
        self.now = when
        if act.verb == "text":
            story = stories.STORIES[number]
            to = next(school.number for school in stories.SCHOOLS if school.slug == story.school)
            self._receive(_sid(number, act), story.sender, to, act.words)
        elif act.verb == "answer" and (code := self._open_code(number)):
            person = next(person for person in stories.STAFF if person.username == act.who)
            self._receive(_sid(number, act), person.number, stories.PAGING_LINE, code)
        else:
            with self.database.write() as session:
                self._act(session, number, act)
        self._settle()

    def _receive(self, sid: str, sender: str, to: str, words: str) -> None:
        inbound = Inbound(CHANNEL, sid, sender, to, words, self.now)
        intake.receive(self.database, self.keys["intake"], inbound)

    def _act(self, session: Session, number: int, act: Act) -> None:
        case = self._case(session, number)
        account = session.scalar(select(Account).where(Account.username == act.who))
        if case is None or account is None:
            return
        actor = f"account:{account.id}"
        if act.verb in {"answer", "acknowledge"}:
            paging.acknowledge(session, case, actor, self.now)
        elif act.verb == "assign":
            cases.assign(session, case, account.id, actor, self.now)
        elif act.verb == "note":
            cases.add_note(session, self.keys["worker"], case, act.words, actor, self.now)
        elif act.verb == "move":
            paging.acknowledge(session, case, actor, self.now)
            cases.change_state(session, case, act.to, act.why, actor, self.now)
        elif act.verb == "reply" and (thread := self._thread(session, number)):
            conversation.reply(session, self.keys["worker"], thread, act.words, author=actor, now=self.now)

    def _settle(self) -> None:
        """Let courier, worker and carrier do what is due, a moment later each."""
        self._later(0.4)
        self.courier.thread_all()
        self._later(0.3)
        self.dispatcher.run()
        self.courier.send_all()
        self._later(1.8)
        with self.database.write() as session:
            for send in session.scalars(select(Send).where(Send.status == "sent")):
                outbox.report(session, send.account, send.id, send.provider_sid or "", "delivered", None, self.now)

    def _later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _clock(self) -> datetime:
        return self.now

    def _message(self, session: Session, number: int) -> Message | None:
        sid = _sid(number, stories.STORIES[number].acts[0])
        return session.scalar(select(Message).where(Message.channel == CHANNEL, Message.provider_sid == sid))

    def _thread(self, session: Session, number: int) -> Thread | None:
        message = self._message(session, number)
        return session.get(Thread, message.thread_id) if message and message.thread_id else None

    def _case(self, session: Session, number: int) -> Case | None:
        message = self._message(session, number)
        link = session.get(CaseMessage, message.id) if message else None
        return session.get(Case, link.case_id) if link else None

    def _open_code(self, number: int) -> str | None:
        """Find the code of the open callout that a story's case is in."""
        with self.database.read() as session:
            case = self._case(session, number)
            query = select(Callout.code).join(CalloutCase).where(Callout.closed_at.is_(None))
            return session.scalar(query.where(CalloutCase.case_id == case.id)) if case else None


class _Silent:
    """A carrier that takes everything and sends nothing: seeding texts nobody."""

    def send(self, message: Outbound) -> str:
        """Take a text."""
        return "SM" + hashlib.sha256(f"seeded {message.reference}".encode()).hexdigest()[:32]


def _sid(number: int, act: Act) -> str:
    """Name a seeded text the same on every start, so that it is stored once."""
    return "SM" + hashlib.sha256(f"demo story {number} {act.minute} {act.verb}".encode()).hexdigest()[:32]
