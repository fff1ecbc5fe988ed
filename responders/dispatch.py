"""Dispatch: what came in is judged, becomes a case, and calls people out. One bad message never holds up another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.core import outbox, proofs, turns
from gateway.core.database import Database
from gateway.core.errors import NotFound, Unavailable
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.messages import Outbound, Sender, SendError
from gateway.core.records import Contact, Line, Message, Send
from gateway.core.times import Clock
from responders import judging
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from responders.floods import service as floods
from responders.floods.windows import Sighting, Windows
from responders.judging import Assess, Judge, Judged
from responders.paging import service as paging
from responders.waiting import CODE_WITHOUT_COURIER, from_whom_unknown, to_answer, to_take
from triage import engine
from triage.model import Assessment, Severity
from triage.policy import Urgency, urgency

ENGINE_SECONDS = 2.0
RETRY_AFTER = timedelta(seconds=15)
_AGAIN_AFTER = timedelta(seconds=1)
_PAGE_EVERY = timedelta(seconds=0.25)
"""How long pages wait for the next messages of a long queue: what comes at once from one school is one page."""
_TELL_EVERY = timedelta(seconds=10)
"""How long news for people's phones waits for a long queue."""
_OVERLAP = timedelta(minutes=5)
"""How far back late threads are looked for again, since the courier's clock and commits run beside ours."""
_FEW_WORDS = 6
"""Unclear answers of up to so many words are answered with a hint; longer ones a person reads."""


def due(session: Session, now: datetime) -> bool:
    """Tell whether anything waits to be taken, answered, paged for or told."""
    queries = (to_take(now), to_answer(now - _OVERLAP))
    waits = any(session.scalar(query.limit(1)) for query in queries)
    return waits or bool(paging.due(session, now) or paging.to_tell(session, now))


def _nothing() -> None:
    """Do nothing about pages that were written: the next sweep sends them."""


@dataclass
class Dispatcher:
    """The worker's sweeps. `sender` leads to the paging account. Several processes may run one each.

    `on_texts` is called when texts to staff have been written, `on_called` when people are called out and somebody
    beside this one writes the pages; both in the middle of a long queue too.
    """

    database: Database
    keys: KeySet
    clock: Clock
    sender: Sender
    console_url: str
    assess: Assess = engine.assess
    engine_seconds: float = ENGINE_SECONDS
    on_texts: Callable[[], None] = _nothing
    on_called: Callable[[], None] | None = None
    windows: Windows = field(default_factory=Windows)
    _resting: dict[str, datetime] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _uncalled: dict[str, Urgency] = field(default_factory=dict)
    _remembered: bool = False
    _slow: bool = False
    _called: bool = False
    _linked_until: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def run(self) -> int:
        """Do everything that is due, pages last; what fails is logged and does not hold up the rest."""
        steps = (self.answer_all, self.take_all, self.page_all, self.tell_all, self.send_all)
        return sum(self._guarded(step) for step in steps)

    def take_all(self) -> int:
        """Make cases of what came in, each in its own transaction; answers and pages do not wait for a long queue."""
        self._guarded(self.link_all)
        done, left = 0, dict[str, datetime]()
        paged_at = told_at = self.clock()
        while ids := self._next_up(left):
            for message_id in ids:
                self._slow = self._called = False
                taken = self._each(self._take, message_id)
                done += taken
                if self._called and self.on_called:
                    self.on_called()
                if not taken:
                    left[message_id] = self.clock() + _AGAIN_AFTER
                if self._slow or abs(self.clock() - paged_at) >= _PAGE_EVERY:
                    self._guarded(self.answer_all)
                    self._guarded(self.on_called or self.page_all)
                    paged_at = self.clock()
            if self.on_called is None and abs(self.clock() - told_at) >= _TELL_EVERY:
                self._guarded(self.tell_all)
                told_at = self.clock()
        return done

    def link_all(self) -> int:
        """Give cases the threads that the courier found late; cases of one thread are joined."""
        now = self.clock()
        with self.database.read() as session:
            found = cases.late(session, self._linked_until)
        done = sum(self._each(self._link, message_id) for message_id in self._awake(found))
        if done == len(found):
            self._linked_until = now - _OVERLAP
        return done

    def answer_all(self) -> int:
        """Take the answers to pages."""
        with self.database.read() as session:
            found = session.scalars(to_answer(self._linked_until)).all()
        return self._texted(sum(self._each(self._answer, message_id) for message_id in self._awake(found)))

    def call_all(self) -> int:
        """Call out for the cases for which that has failed so far; answers for how many."""
        if not self._remembered:
            with self.database.read() as session:
                self._uncalled.update(paging.uncalled(session))
            self._remembered = True
        return sum(self._each(self._call, case_id) for case_id in self._awake(list(self._uncalled)))

    def page_all(self) -> int:
        """Write the pages that are due; answers how many."""
        self.call_all()
        with self.database.read() as session:
            found = paging.due(session, self.clock())
        return self._texted(sum(self._each(self._page, callout_id) for callout_id in self._awake(found)))

    def tell_all(self) -> int:
        """Write the texts that call nobody out: who has a case now, and that its reporter wrote again."""
        with self.database.read() as session:
            found = paging.to_tell(session, self.clock())
        return self._texted(sum(self._each(self._tell, subject) for subject in self._awake(found)))

    def send_all(self) -> int:
        """Send what waits in the paging account's outbox."""
        return outbox.drain(self.database, "paging", self._deliver, self.clock)

    def _next_up(self, left: Mapping[str, datetime]) -> list[str]:
        """Name whose turn it is; `left` are those that had theirs in this run and still wait, and until when.

        A run lasts as long as the queue does: what failed because the database was away must not wait for its end.
        """
        self._awake(())
        now = self.clock()
        passed = {one for one, until in left.items() if now < until <= now + _AGAIN_AFTER}
        with self.database.read() as session:
            return turns.next_up(session, to_take(now), passed | self._resting.keys())

    def _take(self, message_id: str) -> bool:
        with self.database.read() as session:
            message = session.get_one(Message, message_id)
            words = self._judge.opened(message)
            if words is not None and from_whom_unknown(message) and paging.is_only_code(words):
                if abs(message.at - self.clock()) < CODE_WITHOUT_COURIER:
                    return False
                judged = judging.undecided("lone_code")
            else:
                judged = self._judge.in_thread(session, message, words)
            seen = self._seen(session, message, words)
        self._slow = judged.slow
        ways = [
            partial(self._open_or_join, message_id, one, seen, calls=calls)
            for calls in (True, False)
            for one in (judged, judging.undecided("engine_error"))
        ]
        taken = self._first(message_id, ways[:2], ways[2:])
        if taken:
            self.windows.note(message, words)
        return taken

    def _seen(self, session: Session, message: Message, words: str | None) -> Sighting:
        """Look whether a message is part of a flood; should that fail, it is none."""
        try:
            return self.windows.look(session, message, words)
        except Exception as error:  # noqa: BLE001 - a limit must never keep a tip from people
            log().error("a flood could not be looked for; the message is taken", message=message.id, error=error)
            return Sighting()

    def _open_or_join(self, message_id: str, judged: Judged, seen: Sighting, *, calls: bool) -> bool:
        with self.database.write() as session:
            message = _claim(session, message_id)
            if message is None or message.contact_id:
                return False
            if seen.over and floods.may_wait(message, judged.own):
                floods.hold(session, message, judged.own, seen.over, self.clock())
                return True
            message.flooded, message.repeats_id = message.flooded or seen.over, seen.repeats
            self._open(session, message, judged, calls=calls)
            return True

    def _open(self, session: Session, message: Message, judged: Judged, *, calls: bool) -> cases.Taken:
        now = self.clock()
        assessment = judged.assessment if calls else _for_a_person(judged.assessment)
        taken = cases.take_message(session, self.keys, message, assessment, now)
        wanted = _urgency(taken, judged)
        if calls:
            self._called = paging.call_out(session, taken.case, wanted, now) is not None
        elif wanted != "queue":
            self._uncalled[taken.case.id] = wanted
            log().error("nobody was called out for a case; it is tried again", case=taken.case.id, code="not_paged")
            emit(
                session, paging.NOT_PAGED, subject=f"case/{taken.case.id}", actor="process:worker", at=now,
                district_id=taken.case.district_id, message=message.id, urgency=wanted,
            )  # fmt: skip
        return taken

    def _call(self, case_id: str) -> bool:
        """Call out for a case for which that failed, unless somebody has taken it up since."""
        with self.database.write() as session:
            case = session.get_one(Case, case_id)
            if case.state == cases.NEW:
                paging.call_out(session, case, self._uncalled[case_id], self.clock())
        del self._uncalled[case_id]
        return True

    def _link(self, message_id: str) -> bool:
        with self.database.write() as session:
            now = self.clock()
            linked = cases.link(session, session.get_one(Message, message_id), now)
            if linked:
                paging.carry(session, linked, now)
        return True

    def _answer(self, message_id: str) -> bool:
        with self.database.read() as session:
            message = session.get_one(Message, message_id)
        words = self._judge.opened(message)
        said = paging.words_beyond(words) if words and not paging.is_only_code(words) else ""
        assessment = self._judge.alone(message, said) if said else None
        few = len(said.split()) <= _FEW_WORDS
        ways = [partial(self._settle_answer, message_id, assessment, few=few, calls=calls) for calls in (True, False)]
        return self._first(message_id, ways[:1], [*ways[1:], partial(self._settle_answer, message_id, None)])

    def _settle_answer(self, message_id: str, said: Assessment | None, *, few: bool = True, calls: bool = True) -> bool:
        """Take an answer, and open a case when a member of staff tells of danger. `said` is the engine's word on it."""
        with self.database.write() as session:
            message = _claim(session, message_id, late=True)
            if message is None:
                return False
            now = self.clock()
            answered = paging.answer(session, self.keys, message, now)
            message.dispatched_at = max(now, message.threaded_at or now)
            known = cases.case_of_message(session, message.id)
            tells = said is not None and (said.life_safety or bool(answered.unclear and said.unsure and not few))
            if known is None and said is not None and tells:
                taken = self._open(session, message, Judged(said, said), calls=calls)
                if taken.opened:
                    paging.confirm(session, self.keys, message, taken.case, now)
            elif known is not None and answered.acknowledged and not tells:
                # It was taken for a tip while nobody could tell whose phone it came from.
                paging.acknowledge(session, known, f"contact:{message.contact_id}", now)
            elif known is None and answered.unclear:
                paging.hint(session, self.keys, message, answered.unclear, now)
            return True

    def _page(self, callout_id: str) -> int:
        with self.database.write() as session:
            return len(paging.run_due(session, self.keys, callout_id, self.clock(), console_url=self.console_url))

    def _tell(self, subject: str) -> int:
        with self.database.write() as session:
            return paging.tell(session, self.keys, subject, self.clock(), console_url=self.console_url)

    def _deliver(self, send: Send) -> str:
        with self.database.read() as session:
            to = self._address(session, send)
            line = session.get_one(Line, send.line_id).number
        text = self.keys.open(send.body_sealed, send.bound("body"))
        self._check_wanted(send)
        try:
            return self.sender.send(Outbound(to=to, sender=line, text=text, reference=send.id))
        except SendError as error:
            if error.retryable:
                self._check_wanted(send)
            raise

    def _check_wanted(self, send: Send) -> None:
        """Let a page go no further when its calls have ended while it was under way. Raises: SendError."""
        with self.database.read() as session:
            if not paging.is_wanted(session, send.id):
                raise SendError(paging.WITHDRAWN, retryable=False)

    @property
    def _judge(self) -> Judge:
        return Judge(self.keys, self.assess, self.engine_seconds)

    def _texted(self, done: int) -> int:
        if done:
            self.on_texts()
        return done

    @staticmethod
    def _address(session: Session, send: Send) -> str:
        """Find where a text goes: to a staff member, or to a line of ours that is to be proved."""
        if send.contact_id is None and (number := proofs.number_of(session, send.id)):
            return number
        return session.get_one(Contact, send.contact_id).address

    def _awake(self, ids: Iterable[str]) -> list[str]:
        """Leave out what failed a moment ago."""
        now = self.clock()
        self._resting = {one: until for one, until in self._resting.items() if now < until <= now + RETRY_AFTER}
        return [one for one in ids if one not in self._resting]

    def _first(self, one: str, ways: list[partial[bool]], at_last: list[partial[bool]]) -> bool:
        """Do a thing in the first way that works; those `at_last` when it has failed and rested before.

        Raises: what the last of them raised.
        """
        tries = [*ways, *at_last] if one in self._failed else ways
        for way in tries:
            try:
                done = way()
            except (NotFound, Unavailable):
                raise
            except Exception as error:
                if way is tries[-1]:
                    self._failed.add(one)
                    raise
                log().error("a message could not be taken like this; a person looks", message=one, error=error)
            else:
                self._failed.discard(one)
                return done
        return False

    def _each(self, act: Callable[[str], int], one: str) -> int:
        """Do one thing; when it fails it rests a while, and the next one has its turn."""
        try:
            return act(one)
        except Exception as error:  # noqa: BLE001 - nothing may hold up the others
            code = "no_district" if isinstance(error, NotFound) else "failed"
            log().error("something could not be dispatched; it is tried again", id=one, code=code, error=error)
            if not isinstance(error, Unavailable):
                self._resting[one] = self.clock() + RETRY_AFTER
            return 0

    @staticmethod
    def _guarded(step: Callable[[], int | None]) -> int:
        try:
            return step() or 0
        except Exception as error:  # noqa: BLE001 - the other steps must run all the same
            log().error("a sweep failed; the next one tries again", step=step.__name__, error=error)
            return 0


def _claim(session: Session, message_id: str, *, late: bool = False) -> Message | None:
    """Take a message that nobody has dispatched yet (or, `late`, only before its sender was known).

    The district's turn comes first, as everywhere; the message is ours until the transaction ends.
    """
    home = directory.home_of(session, session.get_one(Message, message_id))
    if home is not None:
        directory.hold(session, home.id)
    waits = Message.dispatched_at.is_(None)
    free = or_(waits, Message.dispatched_at < Message.threaded_at) if late else waits
    query = select(Message).where(Message.id == message_id, free).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def _for_a_person(assessment: Assessment) -> Assessment:
    """Mark what nobody could be paged for, so that it stands out."""
    if assessment.unsure:
        return assessment
    return replace(assessment, unsure=True, unsure_reason="not_paged")


def _urgency(taken: cases.Taken, judged: Judged) -> Urgency:
    """Tell which clock a message starts. What a person is working on pages anew only when it gets worse."""
    worse = taken.raised and Severity(taken.case.severity).life_safety
    if worse or not (taken.watched or taken.anew):
        return paging.clock_of(taken.case)
    return urgency(judged.own) if taken.anew else "queue"
