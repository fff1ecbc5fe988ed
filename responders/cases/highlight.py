"""Where the engine's indicators stand in a tip: the text cut into pieces, each with the signs it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gateway.core.characters import showable
from responders.cases import words
from responders.cases.masks import Mask
from triage.model import HELD_BACK

_WHOLE = frozenset({"everyday_words", HELD_BACK})
"""Signs of a text as a whole: marking every word would mark none."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a tip, ready to be shown, and the plain names of the signs that it is part of."""

    text: str
    signs: tuple[str, ...] = ()
    calming: bool = False
    hidden: str = ""
    """What kind of thing its text stands in for; nothing when it is the text itself."""


def pieces(text: str, indicators: Iterable[Mapping[str, Any]], masks: Iterable[Mask] = ()) -> list[Piece]:
    """Cut a raw text at its indicators' edges. Offsets are code points into `text`; those that do not fit are ignored.

    The pieces put together are the text again, save for characters that no page can carry, and for what is masked:
    that is one piece, whatever signs begin or end in it, and a sign is told where it touches it.
    """
    hidden = {mask.span.start: mask.span for mask in masks if mask.lifted is None}
    inside = {place for span in hidden.values() for place in range(span.start + 1, span.end)}
    spans = [(i["name"], i["start"], i["end"]) for i in indicators if i["name"] not in _WHOLE]
    spans = [(name, start, end) for name, start, end in spans if 0 <= start < end <= len(text)]
    of_masks = {edge for span in hidden.values() for edge in (span.start, span.end)}
    edges = sorted({0, len(text), *of_masks, *(edge for _, start, end in spans for edge in (start, end))} - inside)
    return [
        _piece(
            text[start:end],
            [name for name, first, last in spans if first < end and start < last],
            hidden[start].kind if start in hidden else "",
        )
        for start, end in pairwise(edges)
    ]


def signs(indicators: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """List the different signs of a text in the order they stand, as a legend."""
    names = dict.fromkeys(i["name"] for i in sorted(indicators, key=lambda i: (i["start"], i["end"])))
    return [Piece(words.sign(name), (words.sign(name),), name in words.LOWERING) for name in names]


def _piece(text: str, names: list[str], kind: str) -> Piece:
    plain = tuple(dict.fromkeys(words.sign(name) for name in names))
    shown = f"[{words.HIDDEN[kind]} hidden]" if kind else showable(text)
    return Piece(shown, plain, bool(names) and words.LOWERING.issuperset(names), kind)
