"""Verifying the event log: finds what anyone without the sealing key edited, moved, put in, took out or cut off.

It walks every batch that the database or an anchor knows. A head that verifies says which events there must be; the
batch's list, which that head vouches for, says which of them was changed. Cutting events *and* seals off the end leaves
a database that is consistent in itself: only heads that were anchored outside show that.

What retention took off the beginning is vouched for by signed notes (`log_notes`); the walk starts where they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import LargeBinary, cast, func, select
from sqlalchemy.orm import Session

from gateway.core import log_notes
from gateway.core.errors import KeyRefused
from gateway.core.log_heads import GENESIS, Entry, Head, PublicKeys, Signed, decode_entries, from_json, opened, root
from gateway.core.log_heads import read_entries as events_of
from gateway.core.records import Event, LogSeal


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `kind`: edited, moved, inserted, deleted, seal, missing, chain, fork, note or anchor."""

    kind: str
    words: str
    batch: int | None = None
    seq: int | None = None
    event: str | None = None


@dataclass
class Report:
    """What an audit found. `unsealed` events are those that no seal vouches for yet; a few are normal.

    `destroyed` events are those that signed notes of retention account for.
    """

    batches: int = 0
    events: int = 0
    unsealed: int = 0
    destroyed: int = 0
    anchors: int = 0
    newest: Head | None = None
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Render it for machines."""
        newest = {"number": self.newest.number, "hash": self.newest.hash, "at": self.newest.at} if self.newest else None
        return {**asdict(self), "newest": newest, "ok": not self.findings}


def verify(session: Session, keys: PublicKeys, anchors: Iterable[str | bytes] = ()) -> Report:
    """Check the whole event log against its seals, and both against the heads that were anchored outside.

    `anchors` are lines of JSON, each a signed head. Only public keys are needed.
    """
    report = Report()
    anchored: dict[int, Head] = {}
    for number, line in enumerate(anchors, 1):
        if line.strip():
            report.findings += _take_anchor(number, line, keys, anchored)
    report.anchors = len(anchored)
    _Walk(session, keys, anchored, report).walk()
    return report


def _take_anchor(line_number: int, line: str | bytes, keys: PublicKeys, anchored: dict[int, Head]) -> Iterator[Finding]:
    try:
        head = from_json(line, keys)
    except KeyRefused:
        yield Finding("anchor", f"Line {line_number} of the anchors is torn, or not signed by our key.")
        return
    known = anchored.setdefault(head.number, head)
    if known != head:
        yield Finding("fork", f"The anchors hold two different heads of batch {head.number}.", head.number)


@dataclass
class _Walk:
    """Batch after batch; `end` is the seq up to which events are vouched for, `last` the head before."""

    session: Session
    keys: PublicKeys
    anchored: Mapping[int, Head]
    report: Report
    end: int = 0
    last: Head | None = None
    first: bool = True

    def walk(self) -> None:
        self._start()
        stored = set(self.session.scalars(select(LogSeal.number)))
        begin = self.last.number if self.last else 0
        for number in sorted(stored | {one for one in self.anchored if one > begin}):
            if number in stored:
                self._stored(number)
            else:
                self._lost(number)
        query = select(func.count(Event.seq)).where(Event.seq > self.end)
        self.report.unsealed = self.session.scalar(query) or 0

    def _start(self) -> None:
        """Begin after what signed notes account for. An event from before there counts as put in."""
        notes = log_notes.read(self.session, self.keys)
        for number in notes.faults:
            self._say("note", f"Note {number} of destroyed events does not hold, so what it names counts as gone.")
        for note in log_notes.disagreeing(notes, dict(self.anchored)):
            self._say("fork", f"Note {note.number} names other batches than those that were anchored.", note.last_batch)
        if notes.last is not None:
            self.end, self.last = notes.last.last_seq, notes.last.head
        self.report.destroyed = sum(note.count for note in notes.valid)

    def _stored(self, number: int) -> None:
        self.report.batches += 1
        columns = [cast(column, LargeBinary) for column in (LogSeal.head, LogSeal.signature, LogSeal.entries)]
        row = self.session.execute(select(columns[0], columns[1], columns[2]).where(LogSeal.number == number)).one()
        content, signature, listed = row
        anchor = self.anchored.get(number)
        try:
            head = opened(Signed(content, signature), self.keys)
            if head.number != number:
                raise KeyRefused("This head belongs to another batch.")
        except KeyRefused:
            self._say("seal", f"The seal of batch {number} was changed: our key did not sign it.", number)
            if anchor is None:
                return
            head = anchor
        if anchor is not None and anchor != head:
            self._say("fork", f"Batch {number} is not the one that was anchored.", number)
        self._link(head)
        self._compare(head, decode_entries(listed))

    def _lost(self, number: int) -> None:
        """A head that is known outside alone. What it spans counts as unguarded unless later batches span it anew."""
        head = self.anchored[number]
        at = f"batch {number} (seq {head.after_seq + 1} to {head.last_seq}, sealed at {head.at})"
        self._say("missing", f"The seal of {at} is gone; the anchors know it.", number, head.last_seq)
        if head.after_seq == self.end and root(self._events(head)) == head.root:
            self.end, self.last, self.first = head.last_seq, head, False  # The seal alone is gone: the chain goes on.

    def _link(self, head: Head) -> None:
        before = self.last.number if self.last else 0
        known = self.last if self.last and before == head.number - 1 else self.anchored.get(head.number - 1)
        if known is None and head.number > 1:
            self._say("missing", f"Batches {before + 1} to {head.number - 1} are gone.", head.number - 1, self.end + 1)
        if head.previous != (known.hash if known else GENESIS if head.number == 1 else head.previous):
            self._say("chain", f"Batch {head.number} does not follow the batch before it.", head.number)
        if head.after_seq > self.end:
            lost = f"No seal vouches for the events from seq {self.end + 1} to {head.after_seq} any more."
            self._say("missing", lost, head.number, self.end + 1)
        elif head.after_seq < self.end:
            self._say("chain", f"Batch {head.number} spans events of an earlier one.", head.number, head.after_seq + 1)
        self.last = head

    def _compare(self, head: Head, listed: Sequence[Entry]) -> None:
        found = self._events(head)
        self.first, self.end = False, max(self.end, head.last_seq)
        self.report.newest = head
        self.report.events += len(found)
        vouched = root(listed) == head.root
        if root(found) == head.root and len(found) == head.count:
            if not vouched:
                self._say("seal", f"The list of batch {head.number} was changed; its events are whole.", head.number)
        elif vouched:
            self.report.findings += _differences(head.number, listed, found)
        else:
            span = f"seq {head.after_seq + 1} to {head.last_seq}"
            self._say("edited", f"Events of batch {head.number} ({span}) and its list were changed.", head.number)

    def _events(self, head: Head) -> list[Entry]:
        """Read what lies in its span; the first batch also answers for whatever was put before the first seq."""
        return events_of(self.session, None if self.first else head.after_seq, head.last_seq)

    def _say(self, kind: str, words: str, batch: int | None = None, seq: int | None = None) -> None:
        self.report.findings.append(Finding(kind, words, batch, seq))


def _differences(batch: int, listed: Sequence[Entry], found: Sequence[Entry]) -> Iterator[Finding]:
    """Say what became of each event: `listed` is what was sealed, `found` is what is there."""
    sealed, there = {entry.id: entry for entry in listed}, {entry.id: entry for entry in found}
    for name, entry in sealed.items():
        now = there.get(name)
        if now is None:
            yield Finding("deleted", f"Event {name} (seq {entry.seq}) is gone.", batch, entry.seq, name)
        elif now.seq != entry.seq:
            words = f"Event {name} was moved from seq {entry.seq} to {now.seq}."
            yield Finding("moved", words, batch, now.seq, name)
        elif now != entry:
            yield Finding("edited", f"Event {name} (seq {now.seq}) was changed.", batch, now.seq, name)
    for name, entry in there.items():
        if name not in sealed:
            words = f"Event {name} (seq {entry.seq}) was put in after its place was sealed."
            yield Finding("inserted", words, batch, entry.seq, name)
