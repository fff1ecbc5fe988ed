"""When something is told to have happened, and where it then stands: neither may tell when a report came."""

from __future__ import annotations

from datetime import datetime

from exports.words import Moment
from responders.cases.people import is_person


def moment(at: datetime, actor: str | None, minutes: int) -> Moment:
    """Tell to the second what a person on staff did, and all else within so many minutes."""
    return Moment.coarse(at, 0 if is_person(actor) else minutes)


def place(at: datetime, minutes: int, *, exact: bool) -> tuple[datetime, bool]:
    """Say by what to sort: within a span what is told coarsely stands before what is told to the second."""
    return Moment.coarse(at, minutes).at, exact
