"""A database with thousands of messages from hundreds of people, by the house's own code in few transactions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation, intake, tokens
from gateway.core.keys import KeySet
from gateway.core.messages import Inbound
from gateway.core.records import Contact, District, Line, Message, Send, Thread, Token, new_id
from gateway.core.threads import Threading
from responders.cases.records import Case, CaseAssessment, Note
from responders.paging import sending
from tests.support.world import PAGING, REPORTS, World


@dataclass
class Crowd:
    """Who wrote what: `said` maps a message's id to its words, `numbers` are all there are."""

    world: World
    numbers: list[str]
    said: dict[str, str] = field(default_factory=dict)
    sids: str = ""
    """What tells this crowd's texts from another's at the carrier."""
    _threads: dict[str, str] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def write(self, messages: int) -> None:
        """Let people write by turns, and put all of it on threads; every tenth text gets a reply."""
        for chunk in range(0, messages, 200):
            with self.world.database.write() as session:
                for _ in range(chunk, min(chunk + 200, messages)):
                    number = next(self._count)
                    self._one(session, number, self.numbers[number % len(self.numbers)])

    def _one(self, session: Session, number: int, sender: str) -> None:
        """The first text of a person goes the house's own way; later ones are written as it would have written them."""
        thread_id, words = self._threads.get(sender), f"there is a fight in room {number}"
        if thread_id is None:
            self._threads[sender] = self._first(session, number, sender, words)
            return
        keys, now = self.world.keys["intake"], self.world.clock()
        waits = number % 25 == 0  # The courier has not come to this one yet: its address is still with it.
        message = Message(
            id=new_id(), district_id=self.world.district_id, direction="in", channel="sms", kind="tip",
            provider_sid=f"SMcrowd{self.sids}{number}", at=now, threaded_at=None if waits else now,
            thread_id=None if waits else thread_id,
        )  # fmt: skip
        message.words_sealed = keys.seal_words("demo", now, words, message.bound("words"))
        if waits:
            message.line_id = session.get_one(Thread, thread_id).line_id
            message.address_sealed = keys.seal_address(sender, message.bound("address"))
        if number % 50 == 0:
            message.media_sealed = keys.seal_outbound("https://carrier.test/1", message.bound("media"))
        session.add(message)
        self.said[message.id] = words
        if number % 10 == 0:
            thread = session.get_one(Thread, thread_id)
            by = self.world.keys["console"]
            reply = conversation.say(session, by, thread, words, kind="reply", actor="account:1", now=now)
            self.said[reply.id] = words

    def _first(self, session: Session, number: int, sender: str, words: str) -> str:
        keys, now = self.world.keys, self.world.clock()
        inbound = Inbound("sms", f"SMcrowd{self.sids}{number}", sender, REPORTS, words, now)
        sealed = intake.seal(session, keys["intake"], [inbound])
        message = session.get_one(Message, intake.write(session, keys["intake"], sealed)[0])
        Threading(session, keys["courier"], lambda n: n // 2, now).run([message])
        self.said[message.id] = words
        assert message.thread_id
        return message.thread_id

    def work_on(self, cases: int) -> None:
        """Let staff open cases with assessments, write notes, and be paged."""
        keys, now = self.world.keys["worker"], self.world.clock()
        with self.world.database.write() as session:
            ids = list(session.scalars(select(Message.id).limit(cases)))
            for number, message_id in enumerate(ids):
                case = Case(
                    id=new_id(), district_id=self.world.district_id, number=f"2026-{number:05}", state="new",
                    severity="high", urgency_rank=1, life_safety=False, unsure=False, categories=[],
                    opened_at=now, updated_at=now,
                )  # fmt: skip
                session.add(case)
                session.flush()
                found = CaseAssessment(
                    id=new_id(), case_id=case.id, message_id=message_id, severity="high", life_safety=False,
                    unsure=False, categories=[], rules="test-1", at=now,
                )  # fmt: skip
                found.detail_sealed = keys.seal_words("demo", now, "detail", found.bound("detail"))
                note = Note(id=new_id(), case_id=case.id, author="account:1", at=now)
                note.words_sealed = keys.seal_words("demo", now, "note", note.bound("words"))
                session.add_all([found, note])
            contact = Contact(id=new_id(), district_id=self.world.district_id, address="+13035550141")
            session.add(contact)
            session.flush()
            line = session.scalars(select(Line).where(Line.number == PAGING)).one()
            for _ in range(cases):
                session.add(sending.text_to(session, keys, contact.id, line, "page", priority=0, now=now))

    def check(self, keys: dict[str, KeySet]) -> None:
        """Assert that everything opens to what it was, that each number has one token, and each token its number."""
        courier_keys, worker = keys["courier"], keys["worker"]
        with self.world.database.read() as session:
            for message in session.scalars(select(Message)):
                words = conversation.words(worker, message)
                assert words == self.said.get(message.id) or message.kind == "receipt"
                assert message.threaded_at or tokens.address_of_message(courier_keys, message) in self.numbers
                if message.media_sealed:
                    assert "carrier.test" in courier_keys.open(message.media_sealed, message.bound("media"))
            for send in session.scalars(select(Send)):
                holder = courier_keys if send.account == "reporters" else worker
                assert holder.open(send.body_sealed, send.bound("body"))
            for found in session.scalars(select(CaseAssessment)):
                assert worker.open(found.detail_sealed, found.bound("detail")) == "detail"
            for note in session.scalars(select(Note)):
                assert worker.open(note.words_sealed, note.bound("words")) == "note"
            self._check_tokens(session, courier_keys)

    def _check_tokens(self, session: Session, keys: KeySet) -> None:
        district = session.get_one(District, self.world.district_id)
        found = {
            keys.open(token.address_sealed, token.bound("address")): token for token in session.scalars(select(Token))
        }
        assert session.query(Token).count() == len(found), "two tokens for one address"
        for number, token in found.items():
            assert token.blind_index in keys.blind_indexes(district.slug, f"{token.line_id} {number}")
            thread = session.get_one(Thread, token.thread_id)
            assert tokens.address_of_thread(keys, thread) == number
