"""Destruction, as the worker does it. Killed after any step, the next run goes on; no step can be done twice to harm.

1  rows        what has lapsed is deleted, a case a transaction, under the district's lock: a hold comes before or
               after, never between; its tombstone and the count are written in the same transaction
2  re-sealing  whatever else is under a due month's keys goes on to this month's key, 100 rows a transaction
3  proof       a query over every sealed column of every table finds nothing under those keys; else they stay,
               and that is a finding
4  keys        the worker destroys its files, then the console its own; each notes that it has
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.core import durations, erasing, key_ends
from gateway.core.database import Database
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import District, Message, Send
from gateway.core.times import Clock, month
from responders.asking import service as asking
from responders.cases import erasing as of_cases
from responders.cases import holds
from responders.cases.records import Case
from responders.directory import service as directory
from responders.escalation import erasing as of_alerts
from responders.linking import service as linking
from responders.paging import erasing as of_paging
from responders.retention import lapsing, resealing
from responders.retention.records import Destroyed, KeyEnd, RetentionRun, Tombstone
from responders.retention.rules import PAGES, Rules

ACTOR = "process:worker"


def _nothing(_point: str) -> None:
    return None


@dataclass
class Destroyer:
    """The worker's part of a run. `folder` holds its keys; `point` hears of each step."""

    database: Database
    keys: KeySet
    folder: Path
    clock: Clock
    point: Callable[[str], None] = _nothing
    _kept: Counter[str] = field(default_factory=Counter)
    _ordered_at: datetime | None = None

    def work(self) -> bool:
        """Carry out the oldest order, if there is one; true when there was. Raises: Unavailable."""
        with self.database.read() as session:
            query = select(RetentionRun).where(RetentionRun.finished_at.is_(None))
            run = session.scalar(query.order_by(RetentionRun.ordered_at, RetentionRun.id).limit(1))
            deadlines = lapsing.all_deadlines(session)
            districts = list(session.scalars(select(District).order_by(District.slug)))
        if run is not None:
            run_id, self._kept, self._ordered_at = run.id, Counter(), run.ordered_at
            for district in districts:
                self._destroy_cases(run_id, district, deadlines[district.slug])
                self._destroy_loose(run_id, district, deadlines[district.slug])
                self._empty_pages(run_id, district, deadlines[district.slug])
            for slug, of_month in lapsing.due_months(self.folder, deadlines, self._as_of()):
                self._free(run_id, slug, of_month)
        self.end_keys()
        if run is not None:
            self._finish(run.id)
        return run is not None

    def end_keys(self) -> None:
        """Destroy the worker's own copy of every key that nothing is under any more; also one that came back."""
        with self.database.read() as session:
            ready = list(session.scalars(select(KeyEnd).where(KeyEnd.resealed_at.is_not(None))))
        for end in ready:
            kids = key_ends.kids(self.folder, end.district, end.month) if self._is_there(end) else []
            if self._is_sealing(end.district, kids) or _used(self.database, kids):
                log().error("keys that were to be destroyed are needed", district=end.district, month=end.month)
                continue
            end_copy(self.database, self.folder, end, "worker", self.clock(), self.point)

    def _as_of(self) -> datetime:
        """Judge by the time of the order: a worker whose own clock has leapt ahead destroys nothing that is young."""
        now = self.clock()
        return min(now, self._ordered_at or now)

    def _is_there(self, end: KeyEnd) -> bool:
        return key_ends.is_there(self.folder, end.district, end.month)

    def _destroy_cases(self, run_id: str, district: District, of: Rules) -> None:
        after = ""
        while True:
            with self.database.read() as session:
                ids = lapsing.candidates(session, district.id, of, self._as_of(), after)
            for case_id in ids:
                self._destroy_case(run_id, district, case_id, of)
            if not ids:
                return
            after = ids[-1]

    def _destroy_case(self, run_id: str, district: District, case_id: str, of: Rules) -> None:
        now = self.clock()
        with self.database.write() as session:
            directory.hold(session, district.id)
            case = session.get(Case, case_id)
            if case is None:
                return
            verdict = lapsing.judge(session, case, of, self._as_of())
            self._kept[verdict.fate] += 1
            if verdict.fate == "carrier":
                _give_up_pictures(session, verdict.found)
            if verdict.fate == "lapsed":
                _bury(session, run_id, verdict.found, now)
                _count(session, run_id, district, verdict.kind, month(case.opened_at), messages=verdict.found)
                of_paging.forget_cases(session, verdict.found.case_ids)
                of_alerts.forget_cases(session, verdict.found.case_ids)
                asking.erase(session, verdict.found.message_ids)
                linking.forget_cases(session, verdict.found.case_ids)
                of_cases.erase(session, verdict.found)
                self.point("a case is erased")
        if verdict.fate == "lapsed":
            self.point("a case is gone")

    def _destroy_loose(self, run_id: str, district: District, of: Rules) -> None:
        while True:
            with self.database.write() as session:
                directory.hold(session, district.id)
                found = lapsing.loose(session, district.id, of, self._as_of())
                ids = [one for one, _, _ in found]
                for _, kind, at in found:
                    _count(session, run_id, district, kind, month(at))
                erasing.forget_messages(session, ids)
            if not found:
                return
            self.point("loose messages are gone")

    def _empty_pages(self, run_id: str, district: District, of: Rules) -> None:
        before = durations.before(self._as_of(), of[PAGES])
        while True:
            with self.database.write() as session:
                directory.hold(session, district.id)
                lapsed = of_paging.lapsed_texts(district.id, before, holds.held_ids(session))
                found = session.execute(select(Send.id, Send.created_at).where(lapsed).limit(lapsing.CHUNK)).all()
                for _, at in found:
                    _count(session, run_id, district, PAGES, month(at))
                of_paging.empty_texts(session, [one for one, _ in found])
            if not found:
                return
            self.point("texts to staff are empty")

    def _free(self, run_id: str, slug: str, of_month: str) -> None:
        """Bring whatever is kept from a month's keys to this month's key, and prove that nothing is left."""
        kids = key_ends.kids(self.folder, slug, of_month)
        if self._is_sealing(slug, kids):
            return  # No key of a later month has been made yet.
        with self.database.write() as session:
            end = session.get(KeyEnd, (slug, of_month)) or KeyEnd(district=slug, month=of_month, run_id=run_id, kids=[])
            end.kids = sorted({*end.kids, *(kid.hex() for kid in kids)})
            end.resealed = end.resealed or 0
            session.add(end)
        self.point("a month is ordered")
        for column in resealing.COLUMNS:
            for done in resealing.reseal(self.database, self.keys, column, kids, slug, self.clock):
                with self.database.write() as session:
                    this = KeyEnd.district == slug, KeyEnd.month == of_month
                    session.execute(update(KeyEnd).where(*this).values(resealed=KeyEnd.resealed + done))
                self.point("some rows are re-sealed")
        used = _used(self.database, kids)
        with self.database.write() as session:
            end = session.get_one(KeyEnd, (slug, of_month))
            end.finding = "unsealable" if used else None
            end.resealed_at = None if used else (end.resealed_at or self.clock())
        if used:
            log().error("a month's keys stay: not all under them opens", district=slug, month=of_month, rows=used)
        self.point("a month is free")

    def _is_sealing(self, slug: str, kids: list[bytes]) -> bool:
        return bool(kids) and self.keys.content_id(slug, self.clock()) in kids

    def _finish(self, run_id: str) -> None:
        now = self.clock()
        with self.database.write() as session:
            run = session.get_one(RetentionRun, run_id, with_for_update=True)
            if run.finished_at is not None:
                return
            kept = {fate: self._kept[fate] for fate in ("held", "open", "carrier")}
            run.finished_at, run.summary = now, kept
            counts = session.scalars(select(Destroyed).where(Destroyed.run_id == run_id)).all()
            emit(
                session, "retention.finished", subject=f"retention/{run_id}", actor=ACTOR, at=now, district_id=None,
                ordered_by=run.ordered_by, things=sum(one.things for one in counts),
                messages=sum(one.messages for one in counts), **kept,
            )  # fmt: skip
        erasing.sweep_files(self.database)
        self.point("a run is finished")


def end_copy(
    database: Database, folder: Path, end: KeyEnd, process: str, now: datetime, point: Callable[[str], None] = _nothing
) -> None:
    """Destroy one process's copy of a month's keys and note it; again, when somebody brought them back."""
    column = KeyEnd.worker_gone_at if process == "worker" else KeyEnd.console_gone_at
    destroyed = key_ends.destroy(folder, end.district, end.month, now)
    point(f"keys are gone at the {process}")
    if not destroyed and getattr(end, column.key) is not None:
        return
    with database.write() as session:
        this = KeyEnd.district == end.district, KeyEnd.month == end.month, column.is_(None)
        session.execute(update(KeyEnd).where(*this).values({column: now}))
        emit(
            session, "key.destroyed", subject=f"key/{end.district}/{end.month}", actor=f"process:{process}", at=now,
            district_id=None, kids=end.kids, resealed=end.resealed,
        )  # fmt: skip


def end_keys_of_console(database: Database, folder: Path, clock: Clock) -> None:
    """Destroy the console's copy of every key that the worker has destroyed.

    The worker proved that nothing needs it; but it is the last copy, so what was sealed to it since then keeps it.
    """
    with database.read() as session:
        ready = list(session.scalars(select(KeyEnd).where(KeyEnd.worker_gone_at.is_not(None))))
    for end in ready:
        if end.console_gone_at is not None and not key_ends.is_there(folder, end.district, end.month):
            continue
        if _used(database, key_ends.kids(folder, end.district, end.month), resealing.SHOWN):
            log().error("keys that were to be destroyed are needed", district=end.district, month=end.month)
            continue
        end_copy(database, folder, end, "console", clock())


def _used(database: Database, kids: list[bytes], columns: Sequence[Any] = resealing.COLUMNS) -> int:
    if not kids:
        return 0
    with database.read() as session:
        return resealing.used(session, kids, columns)


def _bury(session: Session, run_id: str, found: of_cases.Belongings, now: datetime) -> None:
    for case in session.scalars(select(Case).where(Case.id.in_(found.case_ids)).order_by(Case.id)):
        session.add(
            Tombstone(
                id=case.id, district_id=case.district_id, number=case.number, month=month(case.opened_at),
                severity=case.severity, destroyed_at=now, run_id=run_id,
            )
        )  # fmt: skip
        emit(
            session, "case.destroyed", subject=f"case/{case.id}", actor=ACTOR, at=now, district_id=case.district_id,
            run=run_id, number=case.number,
        )  # fmt: skip


def _give_up_pictures(session: Session, found: of_cases.Belongings) -> None:
    """A text with pictures stays at the carrier as long as they may be wanted; now they are not, so it goes there."""
    pictured = Message.id.in_(found.message_ids), Message.media_count > 0
    session.execute(update(Message).where(*pictured).values(media_count=0, media_sealed=None))


def _count(
    session: Session,
    run_id: str,
    district: District,
    kind: str,
    of_month: str,
    *,
    messages: of_cases.Belongings | None = None,
) -> None:
    """Count in the transaction that destroys; whoever is here holds the district."""
    row = session.get(Destroyed, (run_id, district.slug, kind, of_month))
    if row is None:
        row = Destroyed(run_id=run_id, district=district.slug, kind=kind, month=of_month, things=0, messages=0)
        session.add(row)
    row.things += len(messages.case_ids) if messages else 1
    row.messages += len(messages.message_ids) if messages else 0
