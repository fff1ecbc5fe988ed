"""Judging: what the engine says of a message, under a time limit; whatever goes wrong, a person looks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation, filing, reports
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import Message
from responders.cases import service as cases
from triage import engine, topics
from triage.model import Assessment, Context, Severity

_NOT_JUDGED = frozenset({"engine_error", "timeout"})
_EARLIER = 20

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


def undecided(reason: str, floor: Severity = Severity.NONE) -> Judged:
    """Judge nothing: a person must look, for this reason."""
    return Judged(engine.undecided(reason, Context(floor=floor)), engine.undecided(reason))


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

    def in_thread(self, session: Session, message: Message, words: str | None) -> Judged:
        """Judge a message with what its thread said before, and with what its reporter chose that it is about."""
        judged = self._in_thread(session, message, words)
        return Judged(topics.heed(judged.assessment, message.topic), topics.heed(judged.own, message.topic))

    def _in_thread(self, session: Session, message: Message, words: str | None) -> Judged:
        case = cases.case_of_thread(session, message.thread_id)
        floor = Severity(case.severity) if case else Severity.NONE
        if words is None:
            return undecided("unreadable", floor)
        context = Context(
            floor=floor,
            earlier=self._earlier(session, message),
            media_count=message.media_count,
            language_hint=_language(message),
        )
        assessment = self._heard(message, words, context)
        if assessment.unsure_reason in _NOT_JUDGED:
            return undecided(assessment.unsure_reason or "", floor)
        if floor is Severity.NONE:
            return Judged(assessment, assessment)
        return Judged(assessment, self._heard(message, words, replace(context, floor=Severity.NONE)))

    def _heard(self, message: Message, words: str, context: Context) -> Assessment:
        """Ask about what the reporter wrote; of a report in parts, what happened counts by itself as well."""
        happened, said = _spoken(message, words)
        whole = self._ask(said, context)
        if happened in {"", said} or whole.unsure_reason in _NOT_JUDGED:
            return whole
        return _graver(whole, self._ask(happened, context))

    def alone(self, message: Message, words: str) -> Assessment:
        """Judge words of a message that belongs to no thread."""
        return self._ask(words, Context(media_count=message.media_count, language_hint=_language(message)))

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
                texts.append(_spoken(earlier, conversation.words(self.keys, earlier))[1])
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
            return answers.get(timeout=self.seconds)
        except queue.Empty:
            log().error("the engine took too long; a person looks", code="timeout")
            return engine.undecided("timeout", context)


def _spoken(message: Message, words: str) -> tuple[str, str]:
    return reports.spoken(words) if message.channel == filing.CHANNEL else (words, words)


def _graver(whole: Assessment, part: Assessment) -> Assessment:
    """Let a part of a report raise what is said of the whole; "help" calls a person, wherever it is said to be."""
    if part.severity > whole.severity:
        return part
    if part.unsure and not (whole.unsure or whole.life_safety):
        return replace(whole, unsure=True, unsure_reason=part.unsure_reason)
    return whole


def _language(message: Message) -> str | None:
    return None if message.language == "und" else message.language
