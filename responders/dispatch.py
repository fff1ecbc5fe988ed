"""Dispatch: what came in is judged, becomes a case, and calls people out. One bad message never holds up another."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from gateway.core import outbox, turns
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.messages import Sender
from gateway.core.records import Message
from gateway.core.times import Clock
from responders import judging, looking
from responders.asking import service as asking
from responders.cases import service as cases
from responders.cases.records import Case
from responders.floods import service as floods
from responders.floods.windows import Windows
from responders.judging import Assess, Beside, Judge, Judged
from responders.looking import Look, Looked
from responders.paging import service as paging
from responders.tries import Tries, guarded
from responders.tuning.packs import Packs
from responders.waiting import claim, to_answer, to_take
from triage import engine
from triage.policy import Urgency, waits_for_answer

ENGINE_SECONDS = 2.0
_AGAIN_AFTER = timedelta(seconds=1)
_PAGE_EVERY = timedelta(seconds=0.25)
"""How long pages wait for the next messages of a long queue: what comes at once from one school is one page."""
_GIVES_WAY, _LOOK = timedelta(seconds=2), timedelta(seconds=0.03)
"""How long in all a run lets calm messages wait for pages that are under way, and how often it looks."""
_PAGE_AT_ONCE = 8
"""So many rounds of pages are written in one transaction."""
_TELL_EVERY = timedelta(seconds=10)
"""How long news for people's phones waits for a long queue."""
_OVERLAP = timedelta(minutes=5)
"""How far back late threads are looked for again, since the courier's clock and commits run beside ours."""


def due(session: Session, now: datetime) -> bool:
    """Tell whether anything waits to be taken, answered, paged for or told."""
    queries = (to_take(now), to_answer(now - _OVERLAP))
    finds = (paging.due, paging.to_tell, paging.left_alone, asking.due)
    return any(session.scalar(query.limit(1)) for query in queries) or any(find(session, now) for find in finds)


def _never() -> bool:
    return False


def _nothing() -> None:
    """Do nothing about pages that were written: the next sweep sends them."""


@dataclass
class Dispatcher:
    """The worker's sweeps. `sender` leads to the paging account. Several processes may run one each.

    `pages_wait` tells that somebody beside this one has pages to write or to send: calm messages then wait a little.
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
    pages_wait: Callable[[], bool] = _never
    windows: Windows = field(default_factory=Windows)
    _packs: Packs = field(init=False)
    _tries: Tries = field(init=False)
    _uncalled: dict[str, Urgency] = field(default_factory=dict)
    _to_call: dict[str, Urgency] = field(default_factory=dict)
    _remembered: bool = False
    _slow: bool = False
    _called: bool = False
    _linked_until: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        self._packs, self._tries = Packs(self.keys), Tries(self.clock)

    def run(self) -> int:
        """Do everything that is due, pages last; what fails is logged and does not hold up the rest."""
        steps = (self.answer_all, self.take_all, self.page_all, self.tell_all, self.send_all)
        return sum(guarded(step) for step in steps)

    def take_all(self) -> int:
        """Make cases of what came in; answers and pages do not wait for the end of a long queue."""
        guarded(self.link_all)
        done, left = 0, dict[str, datetime]()
        paged_at = told_at = self.clock()
        patience = _GIVES_WAY
        while ids := self._next_up(left):
            if patience > timedelta(0) and self.pages_wait() and not self._has_urgent(ids):
                time.sleep(_LOOK.total_seconds())  # Then it is asked anew whose turn it is.
                patience -= _LOOK
                continue
            self._slow = self._called = False
            tried, taken = self._take_some(ids)
            done += len(taken)
            if self._called and self.on_called:
                self.on_called()
            left.update(dict.fromkeys(tried - taken, self.clock() + _AGAIN_AFTER))
            if self._slow or abs(self.clock() - paged_at) >= _PAGE_EVERY:
                guarded(self.answer_all)
                guarded(self.on_called or self.page_all)
                paged_at = self.clock()
            if self.on_called is None and abs(self.clock() - told_at) >= _TELL_EVERY:
                guarded(self.tell_all)
                told_at = self.clock()
        return done

    def link_all(self) -> int:
        """Give cases the threads that the courier found late; cases of one thread are joined."""
        now = self.clock()
        with self.database.read() as session:
            found = cases.late(session, self._linked_until)
        done = sum(self._tries.each(self._link, message_id) for message_id in self._tries.awake(found))
        if done == len(found):
            self._linked_until = now - _OVERLAP
        return done

    def answer_all(self) -> int:
        """Take the answers to pages."""
        with self.database.read() as session:
            found = session.scalars(to_answer(self._linked_until)).all()
        return self._texted(sum(self._tries.each(self._answer, message_id) for message_id in self._tries.awake(found)))

    def call_all(self) -> int:
        """Call out for the cases for which that has failed so far; answers for how many."""
        if not self._remembered:
            with self.database.read() as session:
                self._uncalled.update(paging.uncalled(session))
            self._remembered = True
        return sum(self._tries.each(self._call, case_id) for case_id in self._tries.awake(list(self._uncalled)))

    def wake_all(self) -> int:
        """Call people out where nobody answered our question, or did anything about what was left to them."""
        with self.database.read() as session:
            found, alone = asking.due(session, self.clock()), paging.left_alone(session, self.clock())
        done = sum(self._tries.each(self._wake, question_id) for question_id in self._tries.awake(found))
        return done + sum(self._tries.each(self._recall, case_id) for case_id in self._tries.awake(alone))

    def page_all(self) -> int:
        """Write the pages that are due, the most urgent first; answers how many.

        Who stayed silent comes before them: that must not wait for the end of a long queue either.
        """
        guarded(self.wake_all)
        self.call_all()
        pages, done = 0, set[str]()
        while found := self._due(done):
            done.update(found)
            pages += self._page_together(found) or sum(self._tries.each(self._page, one) for one in found)
            self._texted(pages)
        return pages

    def tell_all(self) -> int:
        """Write the texts that call nobody out: who has a case now, and that its reporter wrote again."""
        with self.database.read() as session:
            found = paging.to_tell(session, self.clock())
        return self._texted(sum(self._tries.each(self._tell, subject) for subject in self._tries.awake(found)))

    def send_all(self) -> int:
        """Send what waits in the paging account's outbox."""
        delivery = paging.Delivery(self.database, self.keys, self.sender)
        return outbox.drain(self.database, "paging", delivery.deliver, self.clock)

    def _next_up(self, left: Mapping[str, datetime]) -> list[str]:
        """Name whose turn it is; `left` are those that had theirs in this run and still wait, and until when.

        A run lasts as long as the queue does: what failed because the database was away must not wait for its end.
        """
        self._tries.awake(())
        now = self.clock()
        passed = {one for one, until in left.items() if now < until <= now + _AGAIN_AFTER}
        with self.database.read() as session:
            return turns.next_up(session, to_take(now), passed | self._tries.resting.keys())

    def _has_urgent(self, ids: Sequence[str]) -> bool:
        with self.database.read() as session:
            return turns.has_urgent(session, ids)

    def _take_some(self, ids: Sequence[str]) -> tuple[set[str], set[str]]:
        """Take up the next few, in one transaction those that nothing is wrong with; names the tried and the taken.

        When it has taken long enough the others wait for their turn, until pages have been written.
        """
        since = self.clock()
        tried, taken = self._together([one for one in ids if one not in self._tries.failed])
        for one in ids:
            if tried and (self._slow or abs(self.clock() - since) >= _PAGE_EVERY):
                break
            if one not in tried:
                tried.add(one)
                if self._tries.each(self._take, one):
                    taken.add(one)
        return tried, taken

    def _together(self, ids: Sequence[str]) -> tuple[set[str], set[str]]:
        """Take several up in one transaction, which costs little more than one; names the tried and the taken.

        Those that somebody else took meanwhile are tried all the same. When something is wrong, none is.
        """
        if len(ids) < 2:
            return set(), set()
        try:
            with self.database.read() as session:
                looked = self._look.at_some(session, ids)
            self._slow = any(one.judged.slow for one in looked)
            with self.database.write() as session:
                taken = self._open_or_join(session, looked, calls=True)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, and with which of them, comes out one by one
            log().warning("messages could not be taken together; each is tried by itself", error=error)
            self._called = False
            return set(), set()
        self._look.note(one for one in looked if one.message.id in taken)
        return {one.message.id for one in looked}, taken

    def _take(self, message_id: str) -> bool:
        look = partial(self._look_at, message_id)
        looked = self._tries.or_else(message_id, look, partial(look, unseen=True))
        if looked is None:
            return False
        self._slow = looked.judged.slow
        failed = replace(looked, judged=judging.undecided("engine_error"))
        ways = [partial(self._take_one, one, calls=calls) for calls in (True, False) for one in (looked, failed)]
        taken = self._tries.first(message_id, ways[:2], ways[2:])
        if taken:
            self._look.note([looked])
        return taken

    def _look_at(self, message_id: str, *, unseen: bool = False) -> Looked | None:
        with self.database.read() as session:
            message = session.get_one(Message, message_id)
            return looking.unseen(message) if unseen else self._look.at_one(session, message)

    def _take_one(self, looked: Looked, *, calls: bool) -> bool:
        with self.database.write() as session:
            taken = self._open_or_join(session, [looked], calls=calls)
        self._remember_uncalled()
        return bool(taken)

    def _open_or_join(self, session: Session, looked: Sequence[Looked], *, calls: bool) -> set[str]:
        """Make cases of some messages, or hold them aside; names those that nobody else was faster with."""
        found = claim(session, [one.message for one in looked])
        open_or_join, held = [], set()
        for one in looked:
            message = found.get(one.message.id)
            if message is None or message.contact_id:
                continue
            if one.seen.over and floods.may_wait(message, one.judged.own):
                floods.hold(session, message, one.judged.own, one.seen.over, self.clock())
                held.add(message.id)
                continue
            message.flooded, message.repeats_id = message.flooded or one.seen.over, one.seen.repeats
            open_or_join.append((message, one.judged))
        self._open(session, open_or_join, calls=calls)
        return held | {message.id for message, _ in open_or_join}

    def _open(self, session: Session, judged: Sequence[tuple[Message, Judged]], *, calls: bool) -> list[cases.Taken]:
        now = self.clock()
        self._to_call.clear()
        asked = asking.those_to_ask(session, judged) if calls else {}
        judged = [(message, one if message.id in asked else one.unasked()) for message, one in judged]
        said = [(message, one.assessment if calls else judging.for_a_person(one.assessment)) for message, one in judged]
        taken = cases.take_messages(session, self.keys, said, now)
        asking.hear(session, self.keys, judged, now)
        for one, (message, by) in zip(taken, judged, strict=True):
            wanted = judging.clock_for(one, message, by)
            if wanted == "queue" and waits_for_answer(by.assessment) and not one.watched:
                asking.ask(session, self.keys, asked[message.id], message, by.assessment, now)
            if one.watched and wanted == "queue":
                paging.leave(session, one.case, message.id, judging.clock_alone(message, by.unasked()), now)
            if calls:
                self._called = paging.call_out(session, one.case, wanted, now) is not None or self._called
            elif wanted != "queue":
                self._to_call[one.case.id] = wanted
                paging.note_uncalled(session, one.case, message, wanted, now)
        return taken

    def _remember_uncalled(self) -> None:
        """Remember for whom nobody was called out, once it is certain that their cases are there."""
        self._uncalled.update(self._to_call)
        self._to_call.clear()

    def _call(self, case_id: str) -> bool:
        """Call out for a case for which that failed, unless somebody has taken it up since."""
        with self.database.write() as session:
            case = session.get_one(Case, case_id)
            if case.state == cases.NEW:
                paging.call_out(session, case, self._uncalled[case_id], self.clock())
        del self._uncalled[case_id]
        return True

    def _wake(self, question_id: str) -> bool:
        with self.database.write() as session:
            case = asking.wake(session, question_id, self.clock())
            if case is not None:
                paging.call_out(session, case, paging.clock_of(case), self.clock())
        return True

    def _recall(self, case_id: str) -> bool:
        with self.database.write() as session:
            return paging.recall(session, case_id, self.clock())

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
            pack = self._packs.of(session, [message.district_id]).get(message.district_id)
        said = self._judge.beside_codes(message, pack)
        failed = Beside(judging.undecided("engine_error", pack=pack).own) if said else None
        settle = partial(self._settle_answer, message_id)
        ways = [partial(settle, one, calls=calls) for one in (said, failed) for calls in (True, False)]
        ways.append(partial(settle, None))
        return self._tries.first(message_id, ways[:1], ways[1:])

    def _settle_answer(self, message_id: str, said: Beside | None, *, calls: bool = True) -> bool:
        """Take an answer, and open a case when a member of staff tells of danger. `said` is the engine's word on it."""
        with self.database.write() as session:
            message = claim(session, [session.get_one(Message, message_id)], late=True).get(message_id)
            if message is None:
                return False
            now = self.clock()
            answered = paging.answer(session, self.keys, message, now)
            message.dispatched_at = max(now, message.threaded_at or now)
            known = cases.case_of_message(session, message.id)
            tells = said is not None and said.tells(clear=not answered.unclear)
            if known is None and said is not None and tells:
                taken = self._open(session, [(message, Judged(said.assessment, said.assessment))], calls=calls)[0]
                if taken.opened:
                    paging.confirm(session, self.keys, message, taken.case, now)
            elif known is not None and answered.acknowledged and not tells:
                # It was taken for a tip while nobody could tell whose phone it came from.
                paging.acknowledge(session, known, f"contact:{message.contact_id}", now)
            elif known is None and answered.unclear:
                paging.hint(session, self.keys, message, answered.unclear, now)
        self._remember_uncalled()
        return True

    def _due(self, done: Container[str]) -> list[str]:
        """Name the next few callouts that want attention, of those that had none in this run."""
        with self.database.read() as session:
            found = self._tries.awake(paging.due(session, self.clock()))
        return [one for one in found if one not in done][:_PAGE_AT_ONCE]

    def _page_together(self, callout_ids: Sequence[str]) -> int:
        """Run several rounds in one transaction; 0 when something is wrong, which comes out one by one."""
        try:
            return self._page_some(callout_ids) if len(callout_ids) > 1 else 0
        except Exception as error:  # noqa: BLE001 - whatever is wrong, and with which of them
            log().warning("pages could not be written together; each is by itself", error=error)
            return 0

    def _page(self, callout_id: str) -> int:
        return self._page_some([callout_id])

    def _page_some(self, callout_ids: Sequence[str]) -> int:
        with self.database.write() as session:
            pages = paging.run_due(session, self.keys, callout_ids, self.clock(), console_url=self.console_url)
        return len(pages)

    def _tell(self, subject: str) -> int:
        with self.database.write() as session:
            return paging.tell(session, self.keys, subject, self.clock(), console_url=self.console_url)

    @property
    def _judge(self) -> Judge:
        return Judge(self.keys, self.assess, self.engine_seconds)

    @property
    def _look(self) -> Look:
        return Look(self._judge, self.windows, self.clock, self._packs)

    def _texted(self, done: int) -> int:
        if done:
            self.on_texts()
        return done
