"""Asking back, and waking a person when no answer settles it. The worker's alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.core import conversation, wording
from gateway.core.errors import KeyRefused
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.records import Message, Thread
from responders.asking.records import Question
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory import service as directory
from responders.judging import Judged
from triage.model import Assessment, Severity
from triage.policy import PagingPolicy, waits_for_answer

ACTOR = "process:worker"
KIND = "question"
_AGAIN_AFTER = timedelta(days=1)
"""Who was asked and says too little again within this time gets a person instead."""
_PRIORITY = 1
_FEW_WORDS = 3
"""An answer of up to so many words that tells of nothing ("yes", "its me", "thanks") settles nothing."""


def those_to_ask(session: Session, judged: Iterable[tuple[Message, Judged]]) -> dict[str, Thread]:
    """Find the threads that can be asked back, by the id of the message; a person looks at the others.

    Those of staff, of numbers nobody owns, without a thread so far, opted out, or asked a while ago, can not.
    """
    found = {
        one.id: one
        for one, by in judged
        if waits_for_answer(by.assessment) and one.thread_id and not one.contact_id and not one.quarantine
    }
    if not found:
        return {}
    ids = {one.thread_id for one in found.values()}
    threads = {thread.id: thread for thread in session.scalars(select(Thread).where(Thread.id.in_(ids)))}
    since = max(one.at for one in found.values()) - _AGAIN_AFTER
    lately = Question.thread_id.in_(ids), Question.asked_at > since
    asked = set(session.scalars(select(Question.thread_id).where(*lately)))
    return {
        one.id: threads[one.thread_id]
        for one in found.values()
        if one.thread_id in threads and one.thread_id not in asked and not threads[one.thread_id].opted_out_at
    }


def ask(
    session: Session, keys: KeySet, thread: Thread, message: Message, assessment: Assessment, now: datetime
) -> Question:
    """Ask the thread what the assessment of one of its messages asks for, in its language."""
    wait = timedelta(seconds=PagingPolicy().answer_within_seconds)
    asked = Question(
        thread_id=thread.id, message_id=message.id, gap=assessment.asks or "what", asked_at=now, wake_at=now + wait
    )
    session.add(asked)
    language = thread.language if thread.language != "und" else assessment.language
    text = wording.question(language)
    conversation.say(session, keys, thread, text, kind=KIND, actor=ACTOR, now=now, priority=_PRIORITY)
    session.flush()
    _tell(session, asked, thread, "message.asked_back", now, gap=asked.gap)
    return asked


def hear(session: Session, keys: KeySet, judged: Sequence[tuple[Message, Judged]], now: datetime) -> None:
    """Take what came in on threads that were asked as the answer. One that says too little again calls a person.

    A keyword such as STOP, or a word or two that tell of nothing, leave the question standing: the clock goes on.
    """
    threads = {one.thread_id for one, _ in judged if one.thread_id}
    if not threads:
        return
    query = select(Question).where(Question.thread_id.in_(threads), Question.ended_at.is_(None))
    standing = {one.thread_id: one for one in session.scalars(query)}
    for message, by in judged:
        asked = standing.get(message.thread_id or "")
        if asked is None or asked.message_id == message.id or asked.ended_at is not None:
            continue
        if by.assessment.unsure:
            _end(session, asked, "called", now)
        elif not _says_nothing(keys, message, by.own):
            _end(session, asked, "answered", now)


def due(session: Session, now: datetime) -> list[str]:
    """Name the questions that no answer has settled in time."""
    query = select(Question.id).where(Question.ended_at.is_(None), Question.wake_at <= now)
    return list(session.scalars(query.order_by(Question.wake_at).limit(100)))


def wake(session: Session, question_id: str, now: datetime) -> Case | None:
    """End a question that nobody answered; answers the case that a person must be called out for, if one must.

    The case then counts as unsure, as if the message had never waited. Nobody is called when it is over, or somebody
    who attends it has done something about it lately: an attended case that lies quiet calls anew.
    """
    asked = session.get_one(Question, question_id)
    thread = session.get_one(Thread, asked.thread_id)
    directory.hold(session, thread.district_id)
    session.refresh(asked)
    if asked.ended_at is not None:
        return None
    case = cases.case_of_thread(session, thread.id)
    if case is None or case.state not in cases.OPEN_STATES or _is_watched(session, case, now):
        _end(session, asked, "attended", now)
        return None
    cases.doubt(session, case, "no_answer", now)
    _end(session, asked, "called", now)
    return case


def erase(session: Session, message_ids: Iterable[str]) -> None:
    """Delete what was asked about messages that end."""
    session.execute(delete(Question).where(Question.message_id.in_(list(message_ids))))


def _is_watched(session: Session, case: Case, now: datetime) -> bool:
    return case.state in cases.ATTENDED_STATES and not cases.is_quiet(session, case, now)


def _says_nothing(keys: KeySet, message: Message, own: Assessment) -> bool:
    if message.kind == "keyword":
        return True
    if own.severity is not Severity.NONE:
        return False
    try:
        return len(conversation.words(keys, message).split()) <= _FEW_WORDS
    except (KeyRefused, ValueError):
        return True


def _end(session: Session, asked: Question, how: str, now: datetime) -> None:
    asked.ended_at, asked.ended = now, how
    _tell(session, asked, session.get_one(Thread, asked.thread_id), "message.question_ended", now, how=how)


def _tell(session: Session, asked: Question, thread: Thread, kind: str, now: datetime, **codes: str) -> None:
    emit(
        session, kind, subject=f"message/{asked.message_id}", actor=ACTOR, at=now, district_id=thread.district_id,
        thread=thread.id, **codes,
    )  # fmt: skip
