"""The tips of a case as they may leave: guarded words, coarse times, facts of attachments, what the rules saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.case_snapshot import AssessmentSnapshot, AttachmentSnapshot, SignSnapshot, TipSnapshot
from exports.words import Code, Id, Moment, Size, Version, Words
from gateway.core import conversation
from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from gateway.core.media import kinds
from gateway.core.media.records import Attachment
from gateway.core.records import Message, Thread
from responders.cases import service as cases
from responders.cases import words

_KINDS = frozenset({"tip", "keyword"})


def read(
    session: Session,
    keys: KeySet,
    said: Sequence[Message],
    threads: Mapping[str, Thread],
    assessed: Iterable[cases.OpenedAssessment],
    region: str,
    minutes: int,
) -> tuple[TipSnapshot, ...]:
    """Read the tips among what was said in a case, in its order. A mask that staff lifted for their eyes hides here."""
    incoming = [message for message in said if message.direction == "in" and message.kind in _KINDS]
    attached = _attached(session, [message.id for message in incoming])
    judged: dict[str, list[AssessmentSnapshot]] = defaultdict(list)
    for one in assessed:
        judged[one.record.message_id].append(_assessment(one, minutes))
    return tuple(
        TipSnapshot(
            id=Id(message.id),
            pseudonym=pseudonym(threads, message),
            system=system(threads, message),
            channel=Code(message.channel),
            language=Code(message.language),
            topic=Code(message.topic) if message.topic else None,
            at=Moment.coarse(message.at, minutes),
            words=opened(keys, message, region),
            attachments=tuple(attached[message.id]),
            assessments=tuple(judged[message.id]),
        )
        for message in incoming
    )


def opened(keys: KeySet, message: Message, region: str) -> Words | None:
    """Open a message's words, and let through what may leave of them; nothing when their key is gone."""
    by_staff = message.direction == "out" or message.contact_id is not None
    try:
        return Words(conversation.words(keys, message), written_by_staff=by_staff, region=region)
    except KeyRefused:
        return None


def pseudonym(threads: Mapping[str, Thread], message: Message) -> Words | None:
    """Name the conversation of a reporter's message as staff know it; nothing where there is none (yet)."""
    thread = threads.get(message.thread_id or "")
    return Words(thread.pseudonym) if thread and not thread.source_key else None


def system(threads: Mapping[str, Thread], message: Message) -> Words | None:
    """Name the other system that told a message; its thread bears its name."""
    thread = threads.get(message.thread_id or "")
    return Words(thread.pseudonym) if thread and thread.source_key else None


def _attached(session: Session, ids: Sequence[str]) -> Mapping[str, list[AttachmentSnapshot]]:
    columns = Attachment.message_id, Attachment.state, Attachment.kind, Attachment.size
    query = select(*columns).where(Attachment.message_id.in_(ids))
    found: dict[str, list[AttachmentSnapshot]] = defaultdict(list)
    for message_id, state, kind, size in session.execute(query.order_by(Attachment.message_id, Attachment.position)):
        known = kinds.KINDS.get(kind or "")
        found[message_id].append(AttachmentSnapshot(Code(state), Code(known.media_type) if known else None, Size(size)))
    return found


def _assessment(one: cases.OpenedAssessment, minutes: int) -> AssessmentSnapshot:
    record = one.record
    names = dict.fromkeys(
        sign["name"] for sign in sorted(one.indicators, key=lambda sign: (sign["start"], sign["end"]))
    )
    why = record.unsure_reason
    return AssessmentSnapshot(
        severity=Code(record.severity),
        severity_label=Words(words.plain(record.severity, words.SEVERITY)),
        life_safety=record.life_safety,
        unsure_reason=Code(why) if why else None,
        unsure_label=Words(words.plain(why, words.UNSURE)) if why else None,
        categories=tuple(Code(code) for code in record.categories),
        category_label=Words(words.categories(record.categories)),
        signs=tuple(SignSnapshot(Code(name), Words(words.sign(name)), name in words.LOWERING) for name in names),
        missing=tuple(Code(gap) for gap in one.missing),
        rules=Version(record.rules),
        at=Moment.coarse(record.at, minutes),
    )
