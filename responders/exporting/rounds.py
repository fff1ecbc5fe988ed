"""Rounds: what the house does again and again until somebody answers is told once, so that nobody can count it.

When somebody answered is told to the second, and how fast the house calls is no secret: so the number of rounds, or of
people whom they reached, would tell when the report came. The first round follows the report at once, and says nothing
of how long it took. Who answered by phone would tell it too, where a later round alone had reached them: so nobody is
named who did, whoever it was. At the console everybody can take a case up, paged or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.orm import Session

from exports.snapshot import EventSnapshot
from gateway.core.events import TYPE_PREFIX
from responders.cases import service as cases
from responders.cases.records import Case
from responders.paging import calls
from responders.paging.calls import Calls

PAGED = "page.written"
_WHEN_DUE = "callout.escalated"
"""It happens or does not, by how long nobody answered."""
_EACH_MINUTE = "callout.nobody"
_TO_ALL = "callout.told"
"""Its data list a text for each who was called by then."""
_PHONE = "contact"

Told = TypeVar("Told")


def called(session: Session, case: Case) -> Calls:
    """Read the calls about a case and about all that were joined into it."""
    return calls.of_case(session, case, cases.joined_into(session, case.id))


def once(told: Iterable[Told], what: Callable[[Told], tuple[str, str]]) -> Iterator[Told]:
    """Leave out what would tell how long nobody answered; `what` says of which kind each is, and about what."""
    known: set[str] = set()
    for one in told:
        kind, subject = what(one)
        if kind == _WHEN_DUE or (kind == _EACH_MINUTE and subject in known):
            continue
        if kind == _EACH_MINUTE:
            known.add(subject)
        yield one


def events(told: Iterable[EventSnapshot], called: Calls) -> list[EventSnapshot]:
    """Leave out of a case's events all of its pages but the first round.

    How those fared is left out too, since a text is tried again until it is taken back; and which of them was
    answered: that somebody took the case up has an event of its own.
    """
    first = {call.send.id for call in called.first}
    return [one for one in once(told, _what) if _leaves(one, first)]


def unnamed(event: EventSnapshot) -> EventSnapshot:
    """Leave out who on staff acted by phone: `contact` remains of `contact:<id>`, in its data as well."""
    data = {name: _unnamed(value) if isinstance(value, str) else value for name, value in event.data.items()}
    return replace(event, actor=_unnamed(event.actor), data=data)


def _unnamed(actor: str) -> str:
    return _PHONE if actor.startswith(f"{_PHONE}:") else actor


def _what(event: EventSnapshot) -> tuple[str, str]:
    return event.type.removeprefix(TYPE_PREFIX), event.subject


def _leaves(event: EventSnapshot, first: set[str]) -> bool:
    kind = _what(event)[0]
    if kind.startswith("page."):
        return kind == PAGED and event.data.get("send") in first
    is_page = kind.startswith("send.") and event.data.get("message") is None
    return not is_page and kind != _TO_ALL
