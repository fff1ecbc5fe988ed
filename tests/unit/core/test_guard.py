"""What the guard hides and what it leaves: rated examples, and what holds for any text at all."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import guard
from gateway.core.guard import Span

_CASES = yaml.safe_load(Path(__file__).with_name("guard_cases.yaml").read_text("utf-8"))
_MARK = re.compile(r"\{(name|number|email|handle):([^}]*)\}")
EVERY_SIGN = st.text(st.characters(exclude_categories=()))
BITS = st.lists(
    st.sampled_from(
        [
            "my name is ",
            "me llamo ",
            "call me ",
            "his number is ",
            "303-555-0188",
            "@",
            "sarah",
            "Ana ",
            "\ud800",
            "😢",
            "\n",
            ". ",
            "3\ufe0f\u20e3",
            "a@example.org",
            " ",
            "\x00",
        ]
    ),
    max_size=40,
).map("".join)


def rated(name: str) -> list[Any]:
    return [pytest.param(text, id=text[:60]) for text in _CASES[name]]


def unmarked(marked: str) -> tuple[str, list[tuple[str, str]]]:
    return _MARK.sub(r"\2", marked), [(found[1], found[2]) for found in _MARK.finditer(marked)]


def hidden(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in guard.find(text)]


@pytest.mark.parametrize("marked", [*rated("hidden_en"), *rated("hidden_es")])
def test_find_hides_what_the_writer_tells_of_themselves_and_nothing_else(marked: str) -> None:
    text, expected = unmarked(marked)
    assert expected
    assert hidden(text) == expected


@pytest.mark.parametrize("text", [*rated("shown_en"), *rated("shown_es")])
def test_find_leaves_those_whom_a_tip_is_about(text: str) -> None:
    assert hidden(text) == []


def test_examples_are_enough_and_of_both_languages() -> None:
    assert {name: len(group) >= 20 for name, group in _CASES.items()} == dict.fromkeys(_CASES, True)
    assert sum(map(len, _CASES.values())) >= 60


@pytest.mark.parametrize("marked", rated("hidden_en"))
def test_find_keeps_its_places_behind_emoji_and_in_the_middle_of_more(marked: str) -> None:
    text, expected = unmarked(marked)
    around = f"😢😢🔫 please help\n{text}\nthe door is locked"
    assert hidden(around) == expected


@given(EVERY_SIGN | BITS)
def test_spans_fit_any_text_and_never_overlap(text: str) -> None:
    spans = guard.find(text)
    assert [span.ordinal for span in spans] == list(range(len(spans)))
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert guard.find(text) == spans


@given(BITS)
def test_hide_keeps_every_offset_and_every_other_character(text: str) -> None:
    spans = guard.find(text)
    written = guard.hide(text, spans)
    assert len(written) == len(text)
    inside = {place for span in spans for place in range(span.start, span.end)}
    assert all(written[at] == ("█" if at in inside else text[at]) for at in range(len(text)))


def test_lone_surrogates_and_nulls_beside_a_name_do_not_move_it() -> None:
    assert hidden("\ud800\x00 my name is Sarah \udfff") == [("name", "Sarah")]


LONG = {
    "digits": "1" * 100_000,
    "spaced digits": "1 " * 50_000,
    "dates": "1/2/" * 25_000,
    "numbers": "call me 303-555-0188 " * 5_000,
    "cues": "my name is " * 9_000,
    "spanish cues": "me llamo " * 11_000,
    "adding": "add me on " * 10_000,
    "mine": "my other " * 11_000,
    "at signs": "@" * 100_000,
    "handles": "@a.b_c" * 16_000,
    "e-mails": "a@b.c" * 20_000,
    "almost an e-mail": "a" * 100_000 + "@",
    "dots": "a." * 50_000 + "@",
    "no words": " " * 100_000,
    "surrogates": "\ud800" * 100_000,
    "one word": "a" * 100_000,
    "names": "my name is Ana " * 6_000,
    "quotes": '"' * 100_000,
    "combining": "e\u0301" * 50_000,
}


def steps_of(text: str) -> int:
    """Count the Python lines that a look through a text takes: the same on any machine, unlike seconds."""
    count = 0

    def trace(_frame: Any, _event: str, _arg: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        guard.find(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in LONG.items()])
def test_a_hundred_thousand_characters_are_looked_through(text: str) -> None:
    spans = guard.find(text)
    assert all(span.end <= len(text) for span in spans)


@pytest.mark.parametrize("text", [pytest.param(text[:4000], id=name) for name, text in LONG.items()])
def test_twice_the_text_takes_about_twice_the_steps(text: str) -> None:
    guard.find(text)
    assert steps_of(text) <= 3 * steps_of(text[: len(text) // 2]) + 2_000


def test_spans_are_numbered_as_they_stand() -> None:
    assert guard.find("my name is Ana, call me at 303-555-0188") == (
        Span(0, "name", 11, 14),
        Span(1, "number", 27, 39),
    )
