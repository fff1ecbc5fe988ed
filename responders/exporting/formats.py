"""The formats that a case can be exported in: one entry each, and all three ways out know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from exports import niem
from gateway.core.errors import BadInput
from responders.cases.records import Case
from responders.exporting import reading
from responders.exporting.reading import Reader

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


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            "niem", niem.CONTENT_TYPE, "jsonld",
            {"6.0": "NIEM 6.0 (JSON-LD)", "5.2": "NIEM 5.2 with JXDM 7.2 (JSON-LD)"}, _niem,
        ),
    )
}  # fmt: skip


def find(name: str) -> Format:
    """Find a format by its name. Raises: BadInput."""
    if name not in FORMATS:
        raise BadInput(f"The formats are {', '.join(FORMATS)}.")
    return FORMATS[name]
