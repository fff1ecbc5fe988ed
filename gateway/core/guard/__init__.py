"""The self-identification guard: where reporters have told who they are. Pure: text in, spans out, nothing kept.

`find` gives the reporter's own name, number, e-mail and handle; people a tip is about are left alone. The trail:
`reading` (plain words that know their place) -> `names`, `handles`, `reach` (one kind of span each) -> `find`.
What staff see behind a span, and who lets them, is decided above: `responders/cases/masks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gateway.core.guard import handles, names, reach
from gateway.core.guard.reading import read
from triage import lexicon

VERSION = f"1/{lexicon.VERSION}"
"""Names these rules and the words they rest on: who saw spans under others must look again (decision 0018)."""
LONGEST = 200_000
"""Characters that are looked through; no channel takes as many."""

Kind = Literal["name", "number", "email", "handle"]
KINDS: tuple[Kind, ...] = ("name", "number", "email", "handle")


@dataclass(frozen=True)
class Span:
    """One stretch of a text (code points, end exclusive) that tells who wrote it; `ordinal` counts them from 0."""

    ordinal: int
    kind: Kind
    start: int
    end: int


def find(text: str, region: str = "US") -> tuple[Span, ...]:
    """Find where the writer of a text names themselves, in the order it stands; spans never overlap.

    `text` may be any Unicode, lone surrogates included. `region` (ISO 3166-1) reads numbers without a country code.
    Works for English and Spanish, in time linear in the length of `text`.
    """
    page = read(text[:LONGEST])
    found: list[tuple[int, int, Kind]] = [
        *((start, end, "email") for start, end in reach.emails(page)),
        *((start, end, "number") for start, end in reach.numbers(page, region)),
        *((start, end, "handle") for start, end in handles.find(page)),
        *((start, end, "name") for start, end in names.find(page)),
    ]
    return tuple(Span(ordinal, kind, start, end) for ordinal, (start, end, kind) in enumerate(_apart(found)))


def contacts(text: str, region: str = "US") -> tuple[Span, ...]:
    """Find every phone number and e-mail address in a text, whoever's it is; else as `find`."""
    page = read(text[:LONGEST])
    found: list[tuple[int, int, Kind]] = [
        *((start, end, "email") for start, end in reach.all_emails(page)),
        *((start, end, "number") for start, end in reach.all_numbers(page, region)),
    ]
    return tuple(Span(ordinal, kind, start, end) for ordinal, (start, end, kind) in enumerate(_apart(found)))


def hide(text: str, spans: Iterable[Span], sign: str = "\u2588") -> str:
    """Write a sign over every character of some spans; the length stays the same, so that other offsets still fit."""
    return cover(text, ((span.start, span.end) for span in spans), sign)


def cover(text: str, places: Iterable[tuple[int, int]], sign: str) -> str:
    """Write a sign over every character between some places, as `hide` does."""
    letters = list(text)
    for start, end in places:
        letters[start:end] = sign * (end - start)
    return "".join(letters)


def _apart(found: Iterable[tuple[int, int, Kind]]) -> list[tuple[int, int, Kind]]:
    """Put spans in order; of those that overlap the surest kind stays, stretched over what the other had."""
    apart: list[tuple[int, int, Kind]] = []
    for start, end, kind in sorted(found, key=lambda one: (one[0], -one[1])):
        if apart and start < apart[-1][1]:
            first, last, before = apart[-1]
            surest = max((before, kind), key=lambda one: _SURE[one])
            apart[-1] = (first, max(last, end), surest)
        else:
            apart.append((start, end, kind))
    return apart


_SURE: dict[Kind, int] = {"email": 3, "number": 2, "handle": 1, "name": 0}
