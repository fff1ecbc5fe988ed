"""What must hold, counted from outside: the carrier's records, the phones' screens, and the database's rows."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.core import wording
from gateway.core.errors import TiplineError
from gateway.core.events import TYPE_PREFIX
from gateway.core.media.records import AWAITED, CLEAN, Attachment
from gateway.core.records import Event, Message, Send
from responders.cases.records import Case, CaseAssessment, CaseMessage
from responders.paging.records import Callout, CalloutCase, Page
from tests.faults.crowd import Crowd
from tests.faults.site import Site, pause

_CHUNK = 400


@dataclass
class Tally:
    """The counts of one look. What is `open` is on its way; `bad` says what must not be."""

    texts: int = 0
    answered: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    life_safety: int = 0
    paged: int = 0
    unpaged: int = 0
    pictures: int = 0
    pictures_here: int = 0
    pictures_waiting: int = 0
    """Not fetched yet, and the carrier has them still."""
    pictures_lost: int = 0
    pictures_doubled: int = 0
    replies: int = 0
    replies_arrived: int = 0
    replies_failed_in_sight: int = 0
    replies_without_trace: int = 0
    replies_doubled: int = 0
    acknowledgements: int = 0
    acknowledgements_doubled: int = 0
    pages: int = 0
    pages_doubled: int = 0
    untouched: int = 0
    unsent: int = 0
    doubles: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> dict[str, int]:
        """Name what is not finished yet."""
        waiting = ("lost", "unpaged", "pictures_lost", "replies_without_trace", "untouched", "unsent")
        return {name: count for name in waiting if (count := getattr(self, name))}

    @property
    def bad(self) -> dict[str, int]:
        """Name what is wrong for good, once nothing is open any more."""
        doubled = {name: count for name in ("doubled", "pictures_doubled") if (count := getattr(self, name))}
        return {**self.open, **doubled}

    def as_data(self) -> dict[str, Any]:
        """Give the counts as JSON data."""
        return {**vars(self), "doubles": dict(self.doubles)}  # `asdict` makes a Counter of pairs of a Counter.


def look(site: Site, crowd: Crowd) -> Tally:
    """Count everything once. Raises: Unavailable while the database is away."""
    tally = Tally(texts=len(crowd.texts), answered=len(crowd.answered))
    arrived, accepted = _of_carrier(site)
    with site.database() as database, database.read() as session:
        _count_texts(session, crowd, tally)
        _count_pictures(session, site, crowd, tally)
        _count_pages(session, crowd, arrived, tally)
        _count_replies(session, site, crowd, tally)
        _count_doubles(session, site, accepted, tally)
        waiting = select(func.count(Message.id)).where(
            Message.direction == "in", (Message.threaded_at.is_(None)) | (Message.dispatched_at.is_(None))
        )
        tally.untouched = session.scalar(waiting) or 0
        tally.unsent = session.scalar(select(func.count(Send.id)).where(Send.status == "queued")) or 0
    return tally


def settle(site: Site, crowd: Crowd, seconds: float, every: float = 0.5) -> tuple[Tally, float]:
    """Count until nothing is open any more, or the time is over; answers the last count and how long it took."""
    began, tally = time.monotonic(), Tally(untouched=1)
    while True:
        try:
            tally = look(site, crowd)
        except TiplineError:
            tally = Tally(untouched=1)
        took = time.monotonic() - began
        if not tally.open or took > seconds:
            return tally, took
        pause(every)


def _of_carrier(site: Site) -> tuple[set[str], dict[str, list[str]]]:
    """Find which of our sends arrived on a phone, and the SIDs that arrived of each."""
    shown = {sid for (sid,) in site.asked_of_carrier("SELECT sid FROM bubbles WHERE direction = 'received'")}
    accepted: dict[str, list[str]] = defaultdict(list)
    query = "SELECT sid, callback FROM kept WHERE direction <> 'inbound' AND callback IS NOT NULL"
    for sid, callback in site.asked_of_carrier(query):
        if sid in shown:
            accepted[parse_qs(urlsplit(callback).query)["send"][0]].append(sid)
    return set(accepted), accepted


def _count_texts(session: Session, crowd: Crowd, tally: Tally) -> None:
    """Each text is one message, taken in by one event, judged once."""
    stored: Counter[str] = Counter()
    received: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for sids in _chunks(crowd.texts):
        rows = session.execute(select(Message.provider_sid, Message.id).where(Message.provider_sid.in_(sids))).all()
        ids = {message_id: str(sid) for sid, message_id in rows}
        stored.update(ids.values())
        events = select(Event.subject).where(
            Event.type == f"{TYPE_PREFIX}message.received", Event.subject.in_([f"message/{one}" for one in ids])
        )
        received.update(ids[subject.partition("/")[2]] for subject in session.scalars(events))
        assessed = select(CaseAssessment.message_id).where(CaseAssessment.message_id.in_(ids))
        judged.update(ids[one] for one in session.scalars(assessed))
    tally.stored = len(stored)
    tally.lost = len(crowd.texts.keys() - stored.keys())
    tally.doubled = sum(max(stored[sid], received[sid], judged[sid]) > 1 for sid in crowd.texts)


def _count_pictures(session: Session, site: Site, crowd: Crowd, tally: Tally) -> None:
    """Each picture has one row and its file on the store, or waits at the carrier; each is cleaned once."""
    at_carrier = {sid for (sid,) in site.asked_of_carrier("SELECT message_sid FROM media")}
    rows: dict[str, list[Attachment]] = defaultdict(list)
    sent = [sid for sid, text in crowd.texts.items() if text.picture]
    for sids in _chunks(sent):
        query = select(Message.provider_sid, Attachment).join(Message, Message.id == Attachment.message_id)
        for sid, row in session.execute(query.where(Message.provider_sid.in_(sids))):
            rows[str(sid)].append(row)
    cleaned = Counter(session.scalars(select(Event.subject).where(Event.type == f"{TYPE_PREFIX}attachment.clean")))
    tally.pictures = len(sent)
    for sid in sent:
        found = rows[sid]
        tally.pictures_doubled += len(found) > 1 or any(cleaned[f"attachment/{row.id}"] > 1 for row in found)
        name = next((row.clean if row.state == CLEAN else row.original for row in found), None)
        if name and (site.var.media / name[:2] / name).exists():
            tally.pictures_here += 1
        elif sid in at_carrier and all(row.state == AWAITED for row in found):
            tally.pictures_waiting += 1
        else:
            tally.pictures_lost += 1


def _count_pages(session: Session, crowd: Crowd, arrived: set[str], tally: Tally) -> None:
    """Each life-safety text's case was told of by a page that a phone shows."""
    grave = [sid for sid, text in crowd.texts.items() if text.grave]
    roots = dict(session.execute(select(Case.id, Case.joined_into_id)).all())
    pages: dict[str, list[datetime]] = defaultdict(list)
    for callout_id, at, send_id in session.execute(select(Page.callout_id, Page.at, Page.send_id)):
        if send_id in arrived:
            pages[callout_id].append(at)
    told = {
        _root(case_id, roots)
        for callout_id, case_id, added_at in session.execute(
            select(CalloutCase.callout_id, CalloutCase.case_id, CalloutCase.added_at).join(Callout)
        )
        if any(at >= added_at for at in pages[callout_id])
    }
    cases: dict[str, str] = {}
    for sids in _chunks(grave):
        query = select(Message.provider_sid, CaseMessage.case_id).join(Message, Message.id == CaseMessage.message_id)
        cases.update({str(sid): case for sid, case in session.execute(query.where(Message.provider_sid.in_(sids)))})
    tally.life_safety = len(grave)
    tally.paged = sum(sid in cases and _root(cases[sid], roots) in told for sid in grave)
    tally.unpaged = tally.life_safety - tally.paged


def _count_replies(session: Session, site: Site, crowd: Crowd, tally: Tally) -> None:
    """Each reply is on a phone once, or the console's own data shows that it failed."""
    tally.replies = len(crowd.replies)
    shown: Counter[str] = Counter(
        body for (body,) in site.asked_of_carrier("SELECT body FROM bubbles WHERE body LIKE 'Reply %'")
    )
    failed: set[str | None] = set()
    for ids in _chunks(crowd.replies.values()):
        query = select(Send.message_id).where(
            Send.message_id.in_(ids), Send.status.in_(("failed", "undelivered")), Send.error_code.is_not(None)
        )
        failed.update(session.scalars(query))
    for text, message_id in crowd.replies.items():
        if shown[text]:
            tally.replies_arrived += 1
        elif message_id in failed:
            tally.replies_failed_in_sight += 1
        else:
            tally.replies_without_trace += 1
    tally.replies_doubled = sum(count - 1 for text, count in shown.items() if count > 1)


def _count_doubles(session: Session, site: Site, accepted: dict[str, list[str]], tally: Tally) -> None:
    """Count what a phone shows more than once of one promise to send."""
    receipts = tuple({wording.receipt(language) for language in ("en", "es", "und")})
    marks = ", ".join("?" * len(receipts))
    query = f"SELECT phone, line, count(*) FROM bubbles WHERE body IN ({marks}) GROUP BY phone, line"  # noqa: S608
    rows = site.asked_of_carrier(query, *receipts)
    tally.acknowledgements = len(rows)
    tally.acknowledgements_doubled = sum(count - 1 for _, _, count in rows)
    twice = {send_id: len(sids) - 1 for send_id, sids in accepted.items() if len(sids) > 1}
    accounts = dict(session.execute(select(Send.id, Send.account)).all())
    tally.pages = sum(accounts.get(send_id) == "paging" for send_id in accepted)
    for send_id, more in twice.items():
        tally.doubles[accounts.get(send_id, "unknown")] += more
    tally.pages_doubled = tally.doubles["paging"]


def _root(case_id: str, roots: dict[str, str | None]) -> str:
    while (into := roots.get(case_id)) is not None:
        case_id = into
    return case_id


def _chunks(values: Iterable[str]) -> Iterable[list[str]]:
    listed = list(values)
    return (listed[start : start + _CHUNK] for start in range(0, len(listed), _CHUNK))
