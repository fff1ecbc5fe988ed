"""Linker: looks whether what came in is like what came before, and judges anew what people have joined.

It remembers the conversations of a bounded window by numbers, keyed with a key that dies with the process: no word, no
name; only what was read last is at hand as it was read. Nothing of this is written down: the next process reads the
window again from the sealed messages. It runs beside judging, and gives way to it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import TiplineError
from gateway.core.events import TYPE_PREFIX
from gateway.core.keys import KeySet
from gateway.core.records import Event, Message
from gateway.core.times import Clock
from responders.cases import moves
from responders.cases import service as cases
from responders.cases.records import Case, CaseMessage, CaseThread
from responders.judging import Assess, Before, Judge, went_wrong
from responders.linking import hearing
from responders.linking import service as linking
from responders.linking.hearing import Told
from responders.linking.records import Likeness
from responders.linking.service import Found
from responders.paging import service as paging
from responders.tries import Tries, guarded
from responders.tuning.packs import Packs
from triage import engine
from triage.likeness.comparing import Kind, compare, propose
from triage.likeness.comparing import Likeness as Compared
from triage.likeness.index import Index
from triage.model import Assessment, Severity

WINDOW = timedelta(days=120)
MOST = 20_000
"""So old, and so many conversations of a district, are remembered; the oldest go first."""
COMPARED = timedelta(days=1)
"""A process that begins compares what came so lately: the one before it may have died with it."""
_OVERLAP = timedelta(minutes=5)
"""How far back what was taken up is looked for again, since commits of one moment end in any order."""
_CHUNK, _CHUNKS, _AT_HAND = 200, 5, 1_000
"""So many messages are looked for at once, so often in a run; so many conversations are kept as they were read."""
_PATIENCE, _LOOK = timedelta(seconds=2), timedelta(seconds=0.03)
"""How long in all a run waits for who judges and pages, and how often it looks."""
_NEWEST = 8
"""So many conversations of a joined case, those that spoke last, are judged anew, each by its latest text, with so many
others before it."""
_CROWDED = 0.35
"""What the name of staff or of a school counts."""
_MOST_PROPOSED = 3
_TOLD_FIRST, _MOST_REASONS = ("name", "place", "day", "time", "thing", "who", "color", "about", "word"), 8
_LATE_EVENTS = 1000
"""How many numbers back events are looked for again: PostgreSQL draws a number before its transaction is there."""
_DESTROYED = TYPE_PREFIX + "case.destroyed"


class NotJudged(TiplineError):
    """Something went wrong while a joined case was judged anew; a second time a person looks."""

    code = "not_judged"
    retryable = True


def _never() -> bool:
    return False


def _nothing() -> None:
    """Ring for nobody."""


@dataclass
class _Patience:
    """How long a step still waits, in all, for who judges and pages."""

    busy: Callable[[], bool]
    left: timedelta = _PATIENCE

    def give_way(self) -> None:
        """Wait while they are at work, as long as there is patience."""
        while self.left > timedelta(0) and self.busy():
            time.sleep(_LOOK.total_seconds())
            self.left -= _LOOK


@dataclass
class Linker:
    """The worker's memory of what was told. `busy` says that messages or pages wait: then it lets them go first."""

    database: Database
    keys: KeySet
    clock: Clock
    assess: Assess = engine.assess
    engine_seconds: float = 2.0
    busy: Callable[[], bool] = _never
    on_called: Callable[[], None] = _nothing
    most: int = MOST
    _mark: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _indexes: dict[str, Index] = field(default_factory=dict)
    _at_hand: OrderedDict[str, Told] = field(default_factory=OrderedDict, repr=False)
    _crowds: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _seen: dict[str, datetime] = field(default_factory=dict)
    _left: dict[str, dict[str, datetime]] = field(default_factory=dict)
    _until: datetime | None = None
    _begun: datetime | None = None
    _heard: int = -1
    _gone: set[int] = field(default_factory=set)
    _packs: Packs = field(init=False)
    _tries: Tries = field(init=False)

    def __post_init__(self) -> None:
        self._packs, self._tries = Packs(self.keys), Tries(self.clock)

    def run(self) -> int:
        """Do all that is due; what fails is logged and tried again."""
        return sum(guarded(step) for step in (self.forget, self.learn, self.judge_all))

    def forget(self) -> int:
        """Forget what is too old, and what retention has destroyed since the last look."""
        now, before = self.clock(), sum(map(len, self._indexes.values()))
        for index in self._indexes.values():
            index.age(now, WINDOW)
        with self.database.read() as session:
            last = session.scalar(select(func.max(Event.seq))) or 0
            since = (last if self._heard < 0 else self._heard) - _LATE_EVENTS
            gone = set(session.scalars(select(Event.seq).where(Event.seq > since, Event.type == _DESTROYED)))
            if self._heard >= 0 and gone - self._gone:
                self._at_hand.clear()
                for index in self._indexes.values():
                    self._drop_gone(session, index)
            self._heard, self._gone = last, gone
        return before - sum(map(len, self._indexes.values()))

    def learn(self) -> int:
        """Take in what was taken up since the last look, and propose what it is like; answers for how many.

        At the beginning that is the whole window, some of it in each run.
        """
        now, done = self.clock(), 0
        if self._until is None:
            self._begun, self._until = now, self._beginning(now)
        self._crowds.clear()
        patience = _Patience(self.busy)
        for _ in range(_CHUNKS):
            with self.database.read() as session:
                fresh = self._fresh(session, self._until)
            waiting = {name: {**self._left.get(name, {}), **fresh.get(name, {})} for name in (*self._left, *fresh)}
            for name in self._tries.awake(waiting):
                patience.give_way()
                done += self._tries.each(partial(self._take_in, messages=waiting[name]), name)
            self._left = {name: some for name, some in waiting.items() if not some.keys() <= self._seen.keys()}
            self._until = max([self._until, *self._seen.values()])
            if sum(map(len, fresh.values())) < _CHUNK:
                break
        return done

    def judge_all(self) -> int:
        """Judge cases anew that were joined, or told more of: together they may say what neither said alone."""
        with self.database.read() as session:
            found = self._tries.awake(linking.to_judge(session, _CHUNK))
        patience, done = _Patience(self.busy), 0
        for one in found:
            patience.give_way()
            done += self._tries.each(self._judge, one)
        return done

    def _beginning(self, now: datetime) -> datetime:
        """Tell from when on the window's messages are read; of more than `most` the oldest are left out."""
        with self.database.read() as session:
            taken = Message.direction == "in", Message.dispatched_at.is_not(None)
            query = select(Message.dispatched_at).where(*taken).order_by(Message.dispatched_at.desc())
            oldest = session.scalar(query.offset(self.most).limit(1))
        return max(now - WINDOW, oldest or now - WINDOW)

    def _fresh(self, session: Session, since: datetime) -> dict[str, dict[str, datetime]]:
        """Look for the next messages that were taken up, and when: by conversations, or by their own ids."""
        query = (
            select(Message.id, Message.thread_id, Message.dispatched_at)
            .join(CaseMessage, CaseMessage.message_id == Message.id)
            .where(Message.direction == "in", Message.dispatched_at >= since - _OVERLAP, Message.held_at.is_(None))
            .order_by(Message.dispatched_at, Message.id)
        )
        self._seen = {one: at for one, at in self._seen.items() if at >= since - _OVERLAP}
        fresh: dict[str, dict[str, datetime]] = {}
        for message_id, thread_id, at in session.execute(query.limit(_CHUNK + len(self._seen))):
            if at is not None and message_id not in self._seen:
                fresh.setdefault(thread_id or message_id, {})[message_id] = at
        return fresh

    def _take_in(self, name: str, messages: Mapping[str, datetime]) -> bool:
        """Remember a conversation anew, and propose what it is like; what another process has known is not compared."""
        latest = max(messages.values())
        known = latest < (self._begun or latest) - COMPARED
        if not (known and any(name in index for index in self._indexes.values())):
            self._look_at(name, latest, known=known)
        self._seen.update(messages)
        return True

    def _look_at(self, name: str, latest: datetime, *, known: bool) -> None:
        with self.database.read() as session:
            told = self._told(session, name, afresh=True)
            if told is None:
                return
            index = self._indexes.setdefault(told.district_id, Index(self.most))
            keys = [self._number(key) for key in told.features.keys()]  # noqa: SIM118 - not a mapping's
            index.put(name, keys, told.at)
            found = [] if known else self._like(session, index, told, keys)
            joined = None if known else linking.judged(session, told.case_id, latest)
        if found or joined:
            with self.database.write() as session:
                for one in found:
                    linking.propose(session, self.keys, one, self.clock())
                if joined:
                    linking.judge_again(session, joined)

    def _like(self, session: Session, index: Index, told: Told, keys: Iterable[int]) -> list[Found]:
        """Compare a conversation with those that it may be like; answers what to propose, the likeliest first."""
        crowd = self._crowd(session, told.district_id)

        def rarity(key: str) -> float:
            return _CROWDED if key in crowd else index.rarity(self._number(key))

        found = list[tuple[float, Found, Told]]()
        for name in index.near(keys, told.name):
            other = self._told(session, name)
            if other is None or other.case_id == told.case_id:
                continue
            likeness = compare(told.features, other.features, rarity)
            kind = propose(likeness, told.at - other.at, one_school=_one_school(told, other))
            if kind == "same" and other.is_over:
                kind = "earlier"
            if kind is not None:
                found.append((likeness.score, _found(told, other, kind, likeness), other))
        chosen = [linking.of_first(session, one) for one in _chosen(found)]
        return [one for one in chosen if not linking.is_known(session, one.case_id, one.other_id)]

    def _told(self, session: Session, name: str, *, afresh: bool = False) -> Told | None:
        """Read a conversation; those that were read lately are at hand."""
        if afresh or name not in self._at_hand:
            told = hearing.hear(session, self.keys, name)
            if told is None:
                return None
            self._at_hand[name] = told
        self._at_hand.move_to_end(name)
        while len(self._at_hand) > _AT_HAND:
            self._at_hand.popitem(last=False)
        return hearing.placed(session, self._at_hand[name])

    def _crowd(self, session: Session, district_id: str) -> frozenset[str]:
        if district_id not in self._crowds:
            self._crowds[district_id] = hearing.crowd(session, district_id)
        return self._crowds[district_id]

    def _number(self, key: str) -> int:
        """Write a key as a number that says nothing of it to whoever lacks this process's own key."""
        said = key.encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(said, digest_size=8, key=self._mark).digest())

    def _drop_gone(self, session: Session, index: Index) -> None:
        names = index.names()
        for start in range(0, len(names), _CHUNK):
            some = names[start : start + _CHUNK]
            there = set(session.scalars(select(CaseThread.thread_id).where(CaseThread.thread_id.in_(some))))
            there.update(session.scalars(select(CaseMessage.message_id).where(CaseMessage.message_id.in_(some))))
            for name in set(some) - there:
                index.drop(name)

    def _judge(self, likeness_id: str) -> bool:
        whole, begun = partial(self._judge_whole, likeness_id), self.clock()
        judged = self._tries.or_else(likeness_id, whole, partial(whole, strict=False))
        with self.database.write() as session:
            now = self.clock()
            row = session.get_one(Likeness, likeness_id)
            moves.hold(session, session.get_one(Case, row.case_id))
            case = linking.root(session, session.get_one(Case, row.case_id))  # It may have been joined on meanwhile.
            called = [cases.judge_again(session, self.keys, case, *one, now) for one in judged]
            row.judged_at = begun
            if any(called):
                paging.call_out(session, case, paging.clock_of(case), now)
        self._tries.failed.discard(likeness_id)
        if any(called):
            self.on_called()
        return True

    def _judge_whole(self, likeness_id: str, *, strict: bool = True) -> list[tuple[Message, Assessment]]:
        """Judge the latest texts of a joined case with all others beside them; answers the gravest first.

        Raises: NotJudged when `strict` and something went wrong with one.
        """
        with self.database.read() as session:
            case = linking.root(session, session.get_one(Case, session.get_one(Likeness, likeness_id).case_id))
            pack = self._packs.of(session, [case.district_id]).get(case.district_id)
            told = [message for message in cases.messages(session, case) if message.direction == "in"]
        judge = Judge(self.keys, self.assess, self.engine_seconds)
        latest = {message.thread_id or message.id: message for message in told}
        judged = []
        for message in sorted(latest.values(), key=lambda one: (one.at, one.id))[-_NEWEST:]:
            others = tuple([one for one in told if one.id != message.id][-_NEWEST:])
            words = judge.opened(message)
            judged.append((message, judge.in_thread(message, words, Before(Severity.NONE, others), pack).assessment))
        if strict and any(went_wrong(assessment) for _, assessment in judged):
            raise NotJudged
        return sorted(judged, key=lambda one: one[1].severity.rank, reverse=True)


def _one_school(one: Told, other: Told) -> bool:
    return one.school_id is None or other.school_id is None or one.school_id == other.school_id


def _found(told: Told, other: Told, kind: Kind, likeness: Compared) -> Found:
    """Say it of the case that came later; the reasons are told from its side."""
    by_kind = sorted(likeness.reasons, key=lambda one: _TOLD_FIRST.index(one.kind) if one.kind in _TOLD_FIRST else 9)
    return Found(told.case_id, other.case_id, kind, tuple(by_kind[:_MOST_REASONS]), likeness.cue)


def _chosen(found: Sequence[tuple[float, Found, Told]]) -> list[Found]:
    """Choose what to propose: the likeliest few, each case once; of copies the first, which stands for all."""
    copies = sorted((one for one in found if one[1].kind == "copy"), key=lambda one: (one[2].at, one[2].number))
    others = sorted((one for one in found if one[1].kind != "copy"), key=lambda one: (-one[0], one[2].name))
    by_case = {one.other_id: one for _, one, _ in reversed([*copies[:1], *others])}
    return list(by_case.values())[::-1][:_MOST_PROPOSED]
