"""The formats that a case can be exported in: one entry each, and all three ways out know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from exports import cloud_events, feed, niem
from gateway.core.errors import BadInput
from gateway.core.events import TYPE_PREFIX
from responders.cases.people import is_person
from responders.cases.records import Case
from responders.escalation import service as escalation
from responders.exporting import reading, rounds, times
from responders.exporting.reading import Reader
from responders.subscriptions import places

_EXPORTED = TYPE_PREFIX + "case.exported"

Make = Callable[[Session, Reader, Case, str], bytes]
"""Writes the document of a case in one flavour; reads only. Raises: TiplineError with a sentence when there is none."""


@dataclass(frozen=True)
class Format:
    """One format. `flavours` maps each flavour to what people call it, the default first."""

    name: str
    media_type: str
    ending: str
    flavours: Mapping[str, str]
    make: Make

    def flavour(self, wanted: str | None) -> str:
        """Choose a flavour, the first when none is named. Raises: BadInput."""
        chosen = wanted or next(iter(self.flavours))
        if chosen not in self.flavours:
            raise BadInput(f"The flavours of {self.name} are {', '.join(self.flavours)}.")
        return chosen


def _niem(session: Session, reader: Reader, case: Case, flavour: str) -> bytes:
    return niem.render(reading.read(session, reader, case), flavour)


def _cap(session: Session, _reader: Reader, case: Case, _flavour: str) -> bytes:
    """Hand out the case's latest alert byte for byte, since a byte more would break its signature.

    It names those before it in its references. Raises: BadInput.
    """
    issued = [one for one in escalation.of_case(session, case.id) if one.issued_at and one.document]
    latest = max(issued, key=lambda one: (one.issued_at, one.id), default=None)
    if latest is None or latest.document is None:
        raise BadInput("No alert has been issued about this case.")
    return latest.document


def _events(session: Session, reader: Reader, case: Case, _flavour: str) -> bytes:
    """Write what happened as receivers are told it, without the rounds of pages. That it was exported is left out.

    The log's order and numbers would tell between which acts of staff, known to the second, a report came: so the order
    is that of NIEM's acts, and the numbers are the document's own.
    """
    minutes = reader.policy.report_minutes
    whole = [one for one in places.of_case(session, case.id, minutes) if one.type != _EXPORTED]
    told = rounds.events(whole, rounds.called(session, case))
    told.sort(key=lambda one: (*times.place(one.at, minutes, exact=is_person(one.actor)), one.sequence))
    return cloud_events.batched(
        [replace(rounds.unnamed(one), sequence=n) for n, one in enumerate(told, 1)], reader.origin
    ).body


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            "niem", niem.CONTENT_TYPE, "jsonld",
            {"6.0": "NIEM 6.0 (JSON-LD)", "5.2": "NIEM 5.2 with JXDM 7.2 (JSON-LD)"}, _niem,
        ),
        Format("cap", feed.ALERT_TYPE, "xml", {"1.2": "CAP 1.2, the latest alert as it was issued (XML)"}, _cap),
        Format(
            "events", cloud_events.BATCH_TYPE, "json",
            {"1.0": "CloudEvents 1.0, what happened, without words (JSON batch)"}, _events,
        ),
    )
}  # fmt: skip


def find(name: str) -> Format:
    """Find a format by its name. Raises: BadInput."""
    if name not in FORMATS:
        raise BadInput(f"The formats are {', '.join(FORMATS)}.")
    return FORMATS[name]
