"""Masks: where reporters name themselves staff read a sign, until one of them lifts it from that span and says why.

The engine judges the full words; masks are for eyes. Nobody's name is sealed away: who may read the case may lift.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import conversation, guard
from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.events import emit
from gateway.core.guard import Span
from gateway.core.keys import KeySet
from gateway.core.records import District, Message, new_id
from responders.cases.records import Unmasking
from responders.cases.taking import case_of_message, case_of_thread
from responders.directory import service as directory

REASONS = ("danger", "contact", "not_reporter", "duty", "other")
"""Why a span is shown: codes. What else there is to say is sealed beside it."""
NOTE_LENGTH = 1000


@dataclass(frozen=True)
class Lifted:
    """An unmasking, opened: who, when and why. `note` is empty when nothing was added."""

    kind: str
    start: int
    end: int
    actor: str
    at: datetime
    reason_code: str
    note: str = field(repr=False)


@dataclass(frozen=True)
class Mask:
    """One span of a message's words, hidden unless it was `lifted`."""

    span: Span
    lifted: Lifted | None

    @property
    def rules(self) -> str:
        """The rules that found it."""
        return guard.VERSION


def of(message: Message, words: str, region: str, lifted: Iterable[Lifted] = ()) -> tuple[Mask, ...]:
    """Find the masks of a message's words; only what a reporter wrote has any. `region` is the district's country."""
    if message.direction != "in" or message.contact_id:
        return ()
    known = {(one.kind, one.start, one.end): one for one in lifted}
    return tuple(Mask(span, known.get((span.kind, span.start, span.end))) for span in guard.find(words, region))


def hide(words: str, masks: Iterable[Mask]) -> str:
    """Write over what is hidden, sign for sign, so that other spans of the words still fit."""
    return guard.hide(words, [mask.span for mask in masks if mask.lifted is None])


def lifted(session: Session, keys: KeySet, message_ids: Collection[str]) -> Mapping[str, list[Lifted]]:
    """Read what was lifted from some messages. What does not open here stays hidden."""
    found: dict[str, list[Lifted]] = {}
    query = select(Unmasking).where(Unmasking.message_id.in_(message_ids)).order_by(Unmasking.at, Unmasking.id)
    for row in session.scalars(query):
        try:
            detail = json.loads(keys.open(row.detail_sealed, row.bound("detail")))
        except KeyRefused:
            continue
        place = row.kind, detail["start"], detail["end"]
        found.setdefault(row.message_id, []).append(Lifted(*place, row.actor, row.at, row.reason_code, detail["note"]))
    return found


@dataclass(frozen=True)
class Ask:
    """Which span to show, as its reader saw it, and why. `note` is free text, sealed like any note."""

    ordinal: int
    kind: str
    rules: str
    reason_code: str
    note: str = field(default="", repr=False)


def lift(session: Session, keys: KeySet, message: Message, ask: Ask, actor: str, now: datetime) -> bool:
    """Let staff read one span from now on; false when they may already.

    Raises: BadInput for an unknown reason, a note that is too long, a span that is not there, or one that was seen
    under other rules: it may be another one now. NotFound when the message is in no case. KeyRefused.
    """
    if ask.reason_code not in REASONS:
        raise BadInput(f"The reason is one of {', '.join(REASONS)}.")
    if len(ask.note) > NOTE_LENGTH:
        raise BadInput(f"A note has up to {NOTE_LENGTH} characters.")
    case = case_of_message(session, message.id) or case_of_thread(session, message.thread_id)
    if case is None:
        raise NotFound
    directory.hold(session, case.district_id)
    district = session.get_one(District, case.district_id)
    found = of(message, conversation.words(keys, message), district.country, _of_one(session, keys, message))
    mask = next((one for one in found if (one.span.ordinal, one.span.kind) == (ask.ordinal, ask.kind)), None)
    if mask is None or ask.rules != guard.VERSION:
        raise BadInput("What is hidden has changed since the page was shown. Look again.")
    if mask.lifted:
        return False
    row = Unmasking(
        id=new_id(), message_id=message.id, ordinal=ask.ordinal, kind=ask.kind, rules=ask.rules,
        reason_code=ask.reason_code, actor=actor, at=now,
    )  # fmt: skip
    detail = json.dumps({"start": mask.span.start, "end": mask.span.end, "note": ask.note.strip()})
    row.detail_sealed = keys.seal_words(district.slug, now, detail, row.bound("detail"))
    session.add(row)
    emit(
        session, "message.unmasked", subject=f"message/{message.id}", actor=actor, at=now, district_id=district.id,
        case=case.id, span=ask.ordinal, what=ask.kind, rules=ask.rules, why=ask.reason_code,
    )  # fmt: skip
    return True


def _of_one(session: Session, keys: KeySet, message: Message) -> list[Lifted]:
    return lifted(session, keys, [message.id]).get(message.id, [])
