"""Replaying: past tips judged with the words that a district has, and with those it would have. It writes nothing.

Both judgements are made now, by the same general rules: what differs is the pack's doing alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.records import Message
from responders import judging
from responders.cases.records import Case, CaseMessage
from responders.judging import Before, Judge
from triage.local import Pack
from triage.model import Severity
from triage.policy import Urgency, urgency

BATCH = 100
_CLOCKS: tuple[Urgency, ...] = ("queue", "high", "critical")


@dataclass(frozen=True, order=True)
class Weight:
    """How soon a case calls for somebody: its clock (0 none, 1 high, 2 critical), then its severity's rank."""

    clock: int = 0
    rank: int = 0

    @property
    def words(self) -> str:
        """Say it in two words: the severity, and whether anybody is called."""
        return f"{Severity.from_rank(self.rank)}, {'pages' if self.clock else 'no page'}"


@dataclass
class Replay:
    """What became of each case, by its number: its weight before and after. `unopened` counts words that stay shut."""

    before: dict[str, Weight] = field(default_factory=dict)
    after: dict[str, Weight] = field(default_factory=dict)
    messages: int = 0
    unopened: int = 0

    def moved(self) -> Counter[tuple[str, str]]:
        """Count the cases by what they were and what they would be."""
        return Counter((weight.words, self.after[number].words) for number, weight in self.before.items())

    def up(self) -> list[str]:
        """Name the cases that would call louder."""
        return sorted(number for number, weight in self.before.items() if self.after[number] > weight)

    def down(self) -> list[str]:
        """Name the cases that would stand lower."""
        return sorted(number for number, weight in self.before.items() if self.after[number] < weight)

    def silenced(self) -> list[str]:
        """Name the cases that would call nobody any more: muting cannot do that, taking words out of a pack can."""
        return [number for number in self.down() if self.before[number].clock > 0 == self.after[number].clock]

    def note(self, number: str, old: Weight, new: Weight) -> None:
        """Count one message of a case."""
        self.messages += 1
        self.before[number] = max(self.before.get(number, old), old)
        self.after[number] = max(self.after.get(number, new), new)


def run(database: Database, judge: Judge, district_id: str, old: Pack | None, new: Pack | None) -> Replay:
    """Judge every message that a case of the district has, twice; a case is as grave as its gravest message."""
    found = Replay()
    for batch in _batches(database, district_id):
        with database.read() as session:
            _some(session, judge, batch, found, old, new)
    return found


def _batches(database: Database, district_id: str) -> Iterator[list[str]]:
    after = ""
    query = (
        select(CaseMessage.message_id)
        .join(Case, Case.id == CaseMessage.case_id)
        .join(Message, Message.id == CaseMessage.message_id)
        .where(Case.district_id == district_id, Message.direction == "in", Message.contact_id.is_(None))
        .order_by(CaseMessage.message_id)
        .limit(BATCH)
    )
    while True:
        with database.read() as session:
            ids = list(session.scalars(query.where(CaseMessage.message_id > after)))
        if not ids:
            return
        yield ids
        after = ids[-1]


def _some(session: Session, judge: Judge, ids: list[str], found: Replay, old: Pack | None, new: Pack | None) -> None:
    numbers = select(Message, Case.number).join(CaseMessage, CaseMessage.message_id == Message.id)
    rows = session.execute(numbers.join(Case, Case.id == CaseMessage.case_id).where(Message.id.in_(ids))).all()
    before = judging.before(session, [message for message, _ in rows])
    for message, number in rows:
        words = judge.opened(message)
        if words is None:
            found.unopened += 1
            continue
        # What its case has become is this message's doing too: it must not hide what the words alone come to.
        alone = replace(before[message.id], floor=Severity.NONE)
        found.note(number, *(_weight(judge, message, words, alone, pack) for pack in (old, new)))


def _weight(judge: Judge, message: Message, words: str, before: Before, pack: Pack | None) -> Weight:
    own = judge.in_thread(message, words, before, pack).own
    return Weight(_CLOCKS.index(urgency(own)), own.severity.rank)
