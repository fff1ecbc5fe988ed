"""Dispatch: what came in is judged, becomes a case, and calls people out. One bad message never holds up another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from gateway.core import conversation, outbox
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, NotFound, Unavailable
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.messages import Outbound, Sender
from gateway.core.records import Contact, Line, Message, Send
from gateway.core.times import Clock
from responders.cases import service as cases
from responders.paging import service as paging
from triage import engine
from triage.model import Assessment, Context, Severity
from triage.policy import Urgency, urgency

WITHOUT_COURIER = timedelta(seconds=5)
"""How long a message waits for its thread; a life-safety tip never waits longer."""
STAFF_WITHOUT_COURIER = timedelta(seconds=60)
"""How long a text to the paging line waits for the courier, who alone can tell whether it is from staff."""
ENGINE_SECONDS = 2.0
RETRY_AFTER = timedelta(seconds=15)
_NOT_JUDGED = frozenset({"engine_error", "timeout", "unreadable"})
_CHUNK = 50
_EARLIER = 20
_OVERLAP = timedelta(minutes=5)
"""How far back late threads are looked for again, since the courier's clock and commits run beside ours."""

Assess = Callable[[str, Context], Assessment]


@dataclass(frozen=True)
class _Judged:
    """What the engine says of a message: in its thread, never below what that has reached, and on its own."""

    assessment: Assessment
    own: Assessment


@dataclass
class Dispatcher:
    """The worker's sweeps. `sender` leads to the paging account. Several processes may run one each."""

    database: Database
    keys: KeySet
    clock: Clock
    sender: Sender
    console_url: str
    assess: Assess = engine.assess
    engine_seconds: float = ENGINE_SECONDS
    _resting: dict[str, datetime] = field(default_factory=dict)
    _slow: bool = False
    _linked_until: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def run(self) -> int:
        """Do everything that is due, pages last; what fails is logged and does not hold up the rest."""
        steps = (self.take_all, self.answer_all, self.page_all, self.send_all)
        return sum(self._guarded(step) for step in steps)

    def take_all(self) -> int:
        """Make cases of what came in, each in its own transaction; a long or slow queue is paged for meanwhile."""
        self._guarded(self.link_all)
        done = 0
        for place, message_id in enumerate(self._awake(self._to_take()), 1):
            self._slow = False
            done += self._each(self._take, message_id)
            if self._slow or place % _CHUNK == 0:
                self._guarded(self.page_all)
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
            found = session.scalars(
                _waiting().where(Message.kind == "page_answer", Message.contact_id.is_not(None))
            ).all()
        return sum(self._each(self._answer, message_id) for message_id in self._awake(found))

    def page_all(self) -> int:
        """Write the pages that are due; answers how many."""
        with self.database.read() as session:
            found = paging.due(session, self.clock())
        return sum(self._each(self._page, callout_id) for callout_id in self._awake(found))

    def send_all(self) -> int:
        """Send what waits in the paging account's outbox."""
        return outbox.drain(self.database, "paging", self._deliver, self.clock)

    def _to_take(self) -> Sequence[str]:
        now = self.clock()
        threaded = Message.threaded_at.is_not(None)
        query = _waiting().where(
            or_(
                and_(Message.kind != "page_answer", or_(threaded, Message.at < now - WITHOUT_COURIER)),
                and_(
                    Message.kind == "page_answer",
                    Message.contact_id.is_(None),
                    or_(threaded, Message.at < now - STAFF_WITHOUT_COURIER),
                ),
            )
        )
        with self.database.read() as session:
            return session.scalars(query).all()

    def _take(self, message_id: str) -> bool:
        with self.database.read() as session:
            message = session.get_one(Message, message_id)
            judged = self._judge(session, message)
            if judged is None:
                return False
        try:
            return self._open_or_join(message_id, judged)
        except NotFound:
            raise
        except Exception as error:
            if judged.assessment.unsure_reason == "engine_error" or isinstance(error, Unavailable):
                raise
            log().error("an assessment could not be kept; a person looks", message=message_id, error=error)
            return self._open_or_join(message_id, _undecided("engine_error", Context()))

    def _open_or_join(self, message_id: str, judged: _Judged) -> bool:
        with self.database.write() as session:
            message = _claim(session, message_id)
            if message is None:
                return False
            now = self.clock()
            taken = cases.take_message(session, self.keys, message, judged.assessment, now)
            paging.call_out(session, taken.case, _urgency(taken, judged), now)
            return True

    def _judge(self, session: Session, message: Message) -> _Judged | None:
        """Ask the engine; None for what looks like staff's code, which waits for the courier to say whose it is."""
        case = cases.case_of_thread(session, message.thread_id)
        context = Context(
            floor=Severity(case.severity) if case else Severity.NONE,
            media_count=message.media_count,
            language_hint=None if message.language == "und" else message.language,
        )
        try:
            words = conversation.words(self.keys, message)
        except (KeyRefused, ValueError):
            log().error("a message does not open; a person looks", message=message.id, code="unreadable")
            return _undecided("unreadable", context)
        if message.kind == "page_answer" and message.threaded_at is None and paging.codes_in(words):
            return None
        context = replace(context, earlier=self._earlier(session, message))
        assessment = self._ask(words, context)
        if assessment.unsure_reason in _NOT_JUDGED:
            return _undecided(assessment.unsure_reason or "", context)
        if context.floor is Severity.NONE:
            return _Judged(assessment, assessment)
        return _Judged(assessment, self._ask(words, replace(context, floor=Severity.NONE)))

    def _earlier(self, session: Session, message: Message) -> tuple[str, ...]:
        """Open the latest earlier texts of a message's thread, oldest first; one that does not open is left out."""
        if message.thread_id is None:
            return ()
        query = select(Message).where(
            Message.thread_id == message.thread_id,
            Message.direction == "in",
            Message.at <= message.at,
            Message.id != message.id,
        )
        texts = []
        for earlier in session.scalars(query.order_by(Message.at.desc(), Message.id.desc()).limit(_EARLIER)):
            try:
                texts.append(conversation.words(self.keys, earlier))
            except (KeyRefused, ValueError):
                continue
        return tuple(reversed(texts))

    def _ask(self, words: str, context: Context) -> Assessment:
        """Ask the engine under a time limit; whatever goes wrong, a person looks."""
        answers: queue.SimpleQueue[Assessment] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put(self.assess(words, context))
            except Exception as error:  # noqa: BLE001 - whatever it is, a person must see the tip
                log().error("the engine failed; a person looks", code="engine_error", error=error)
                answers.put(engine.undecided("engine_error", context))

        threading.Thread(target=work, name="assess", daemon=True).start()
        try:
            return answers.get(timeout=self.engine_seconds)
        except queue.Empty:
            log().error("the engine took too long; a person looks", code="timeout")
            self._slow = True
            return engine.undecided("timeout", context)

    def _link(self, message_id: str) -> bool:
        with self.database.write() as session:
            now = self.clock()
            linked = cases.link(session, session.get_one(Message, message_id), now)
            if linked and linked.joined:
                paging.carry(session, linked.joined, linked.case, now, anew=linked.anew)
        return True

    def _answer(self, message_id: str) -> bool:
        with self.database.write() as session:
            message = _claim(session, message_id)
            if message is not None:
                paging.answer(session, self.keys, message, self.clock())
            return message is not None

    def _page(self, callout_id: str) -> int:
        with self.database.write() as session:
            return len(paging.run_due(session, self.keys, callout_id, self.clock(), console_url=self.console_url))

    def _deliver(self, send: Send) -> str:
        with self.database.read() as session:
            to = session.get_one(Contact, send.contact_id).address
            line = session.get_one(Line, send.line_id).number
        text = self.keys.open(send.body_sealed, send.bound("body"))
        return self.sender.send(Outbound(to=to, sender=line, text=text, reference=send.id))

    def _awake(self, ids: Iterable[str]) -> list[str]:
        """Leave out what failed a moment ago."""
        now = self.clock()
        self._resting = {one: until for one, until in self._resting.items() if until > now}
        return [one for one in ids if one not in self._resting]

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
    def _guarded(step: Callable[[], int]) -> int:
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - the other steps must run all the same
            log().error("a sweep failed; the next one tries again", step=step.__name__, error=error)
            return 0


def _waiting() -> Select[str]:
    waiting = select(Message.id).where(Message.direction == "in", Message.dispatched_at.is_(None))
    return waiting.order_by(Message.at, Message.id)


def _claim(session: Session, message_id: str) -> Message | None:
    """Take a message that nobody has dispatched yet; it is ours until the transaction ends."""
    query = select(Message).where(Message.id == message_id, Message.dispatched_at.is_(None))
    return session.scalar(query.with_for_update())


def _undecided(reason: str, context: Context) -> _Judged:
    return _Judged(engine.undecided(reason, context), engine.undecided(reason, replace(context, floor=Severity.NONE)))


def _urgency(taken: cases.Taken, judged: _Judged) -> Urgency:
    """Tell which clock a message starts. What a person is working on pages anew only when it gets worse."""
    worse = taken.raised and Severity(taken.case.severity).life_safety
    if worse or not (taken.watched or taken.anew):
        return _of_case(taken)
    return urgency(judged.own) if taken.anew else "queue"


def _of_case(taken: cases.Taken) -> Urgency:
    """Tell which clock a case stands on."""
    severity = Severity(taken.case.severity)
    if severity is Severity.CRITICAL:
        return "critical"
    return "high" if severity is Severity.HIGH or taken.case.unsure else "queue"
