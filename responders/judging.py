"""Judging: what the engine says of a message, under a time limit; whatever goes wrong, a person looks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from gateway.core import conversation, filing, reports
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import Message
from responders.cases import service as cases
from responders.paging import service as paging
from triage import engine, topics
from triage.local import Pack
from triage.model import Assessment, Context, Severity
from triage.policy import Urgency, urgency

_NOT_JUDGED = frozenset({"engine_error", "timeout", "unreadable"})
_EARLIER = 20
_FEW_WORDS = 6
"""Unclear answers of up to so many words are answered with a hint; longer ones a person reads."""

Assess = Callable[[str, Context], Assessment]


@dataclass(frozen=True)
class Judged:
    """What the engine says of a message: in its thread, never below what that has reached, and on its own."""

    assessment: Assessment
    own: Assessment

    @property
    def slow(self) -> bool:
        """Whether the time was not enough."""
        return "timeout" in {self.assessment.unsure_reason, self.own.unsure_reason}

    def unasked(self) -> Judged:
        """Leave out the question that nobody can ask: a person must look instead."""
        return Judged(replace(self.assessment, asks=None), replace(self.own, asks=None))


def undecided(reason: str, floor: Severity = Severity.NONE, pack: Pack | None = None) -> Judged:
    """Judge nothing: a person must look, for this reason."""
    return Judged(*(engine.undecided(reason, Context(floor=one, pack=pack)) for one in (floor, Severity.NONE)))


def went_wrong(assessment: Assessment) -> bool:
    """Tell whether nothing is known of a message because something went wrong with us, not because of what it says."""
    return assessment.unsure_reason in _NOT_JUDGED


def for_a_person(assessment: Assessment) -> Assessment:
    """Mark what nobody could be paged for, so that it stands out."""
    if assessment.unsure:
        return assessment
    return replace(assessment, unsure=True, unsure_reason="not_paged")


@dataclass(frozen=True)
class Beside:
    """What an answer to a page says besides its codes, and whether in so few words that doubt alone is no news."""

    assessment: Assessment
    few: bool = False

    def tells(self, *, clear: bool) -> bool:
        """Tell whether a case must be made of it. `clear` is whether its codes by themselves were an answer."""
        doubtful = self.assessment.unsure and not (clear or self.few)
        return self.assessment.life_safety or doubtful or went_wrong(self.assessment)


@dataclass(frozen=True)
class Before:
    """What a message's thread has been before it: the severity of its case, and its latest texts, oldest first."""

    floor: Severity = Severity.NONE
    messages: tuple[Message, ...] = ()


def before(session: Session, messages: Sequence[Message]) -> dict[str, Before]:
    """Read what the threads of some messages have been before them; by the messages' ids."""
    threads = {message.thread_id for message in messages if message.thread_id}
    if not threads:
        return {message.id: Before() for message in messages}
    floors = cases.severities(session, threads)
    earlier: dict[str, list[Message]] = {message.id: [] for message in messages}
    for row in session.execute(_latest(), {"ids": list(earlier), "most": _EARLIER}):
        earlier[row.later_id].append(row.Message)
    return {
        message.id: Before(floors.get(message.thread_id or "", Severity.NONE), tuple(earlier[message.id]))
        for message in messages
    }


@cache
def _latest() -> Select[str, Message]:
    """Select the `most` texts of their threads that came last before the messages `ids`, oldest first."""
    later = aliased(Message)
    place = func.row_number().over(partition_by=later.id, order_by=(Message.at.desc(), Message.id.desc()))
    ranked = (
        select(later.id.label("later_id"), Message.id.label("id"), place.label("place"))
        .join(Message, Message.thread_id == later.thread_id)
        .where(
            later.id.in_(bindparam("ids", expanding=True)),
            Message.direction == "in",
            Message.at <= later.at,
            Message.id != later.id,
        )
        .subquery()
    )
    query = select(ranked.c.later_id, Message).join(ranked, ranked.c.id == Message.id)
    return query.where(ranked.c.place <= bindparam("most")).order_by(Message.at, Message.id)


@dataclass(frozen=True)
class Judge:
    """Asks the engine, for so many seconds at most."""

    keys: KeySet
    assess: Assess
    seconds: float

    def opened(self, message: Message) -> str | None:
        """Open a message's words; None, and a line in the log, when they do not open."""
        try:
            return conversation.words(self.keys, message)
        except (KeyRefused, ValueError):
            log().error("a message does not open; a person looks", message=message.id, code="unreadable")
            return None

    def in_thread(self, message: Message, words: str | None, before: Before, pack: Pack | None = None) -> Judged:
        """Judge a message with what its thread said before, and with what its reporter chose that it is about.

        `pack` is what its district calls things.
        """
        judged = self._in_thread(message, words, before, pack)
        return Judged(topics.heed(judged.assessment, message.topic), topics.heed(judged.own, message.topic))

    def _in_thread(self, message: Message, words: str | None, before: Before, pack: Pack | None) -> Judged:
        if words is None:
            return undecided("unreadable", before.floor, pack)
        context = Context(
            floor=before.floor,
            earlier=self._opened(before.messages),
            media_count=message.media_count,
            language_hint=_language(message),
            pack=pack,
        )
        assessment = self._heard(message, words, context)
        if went_wrong(assessment):
            return undecided(assessment.unsure_reason or "", before.floor, pack)
        if before.floor is Severity.NONE:
            return Judged(assessment, assessment)
        return Judged(assessment, self._heard(message, words, replace(context, floor=Severity.NONE)))

    def _heard(self, message: Message, words: str, context: Context) -> Assessment:
        """Ask about what the reporter wrote; of a report in parts, what happened counts by itself as well."""
        happened, said = _spoken(message, words)
        whole = self._ask(said, replace(context, freely=reports.freely(happened, said)))
        if happened in {"", said} or went_wrong(whole):
            return whole
        return _graver(whole, self._ask(happened, context))

    def beside_codes(self, message: Message, pack: Pack | None = None) -> Beside | None:
        """Judge what an answer to a page says besides its codes; None when that is nothing."""
        words = self.opened(message)
        if words is None:
            return Beside(undecided("unreadable", pack=pack).own)
        said = "" if paging.is_only_code(words) else paging.words_beyond(words)
        if not said:
            return None
        context = Context(media_count=message.media_count, language_hint=_language(message), pack=pack)
        return Beside(self._ask(said, context), few=len(said.split()) <= _FEW_WORDS)

    def _opened(self, messages: Iterable[Message]) -> tuple[str, ...]:
        """Open what was said before; one that does not open is left out."""
        texts = []
        for earlier in messages:
            try:
                texts.append(_spoken(earlier, conversation.words(self.keys, earlier))[1])
            except (KeyRefused, ValueError):
                continue
        return tuple(texts)

    def _ask(self, words: str, context: Context) -> Assessment:
        """Ask the engine under a time limit; whatever goes wrong, a person looks."""
        answers: queue.SimpleQueue[Assessment] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put(self.assess(words, context))
            except Exception as error:  # noqa: BLE001 - whatever it is, a person must see the tip
                log().error("the engine failed; a person looks", code="engine_error", error=error)
                answers.put(engine.undecided("engine_error", context))

        try:
            threading.Thread(target=work, name="assess", daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            log().error("the engine could not be asked; a person looks", code="engine_error", error=error)
            return engine.undecided("engine_error", context)
        try:
            return answers.get(timeout=self.seconds)
        except queue.Empty:
            log().error("the engine took too long; a person looks", code="timeout")
            return engine.undecided("timeout", context)


def _spoken(message: Message, words: str) -> tuple[str, str]:
    return reports.spoken(words) if message.channel == filing.CHANNEL else (words, words)


def _graver(whole: Assessment, part: Assessment) -> Assessment:
    """Return the graver of what is said of a report and of a part of it; whoever either calls is called.

    So "help" calls a person, wherever it is said to be.
    """
    first, second = (part, whole) if part.severity > whole.severity else (whole, part)
    if first.life_safety or not second.unsure or (first.unsure and (second.asks or not first.asks)):
        return first
    return replace(first, unsure=True, unsure_reason=second.unsure_reason, asks=None)


def _language(message: Message) -> str | None:
    return None if message.language == "und" else message.language


def clock_for(taken: cases.Taken, message: Message, judged: Judged) -> Urgency:
    """Tell which clock a message starts. What a person is working on pages anew only when it gets worse."""
    worse = taken.raised and Severity(taken.case.severity).life_safety
    if worse or not (taken.watched or taken.anew):
        return paging.clock_of(taken.case)
    return clock_alone(message, judged) if taken.anew else "queue"


def clock_alone(message: Message, judged: Judged) -> Urgency:
    """Tell which clock a message starts by itself, with the doubt that it would open a case with."""
    return urgency(cases.doubted(message, judged.own))
