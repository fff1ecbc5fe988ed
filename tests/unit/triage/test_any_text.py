"""Whatever is sent, however long: no exception, no hanging. Steps are counted: a slow machine changes nothing."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support import steps
from triage import engine
from triage.engine import assess
from triage.lexicon import load
from triage.model import Context

_LONGEST = 100_000
_STEPS_A_CHARACTER = 3000
_WORDS = ["kill", "g u n", "no", "she said", "k1ll", "k*ll", "quiere morir", "🔫", "@", "*", "!", ".", "\n", "a'", "-"]
# What is weighed against each other: dangers, what calms them, weak signs.
_WORDS += ["gun game", "lol kill", "bomb test", "want to die", "he told me", "she gave away her ring", "so alone"]
_PIECE = st.one_of(st.sampled_from(_WORDS), st.text(st.characters(), min_size=1, max_size=12))
_PIECES = st.tuples(st.lists(_PIECE, min_size=1, max_size=5), st.sampled_from(["", " "])).map(
    lambda drawn: drawn[1].join([*drawn[0], ""])
)


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Reading the lexicon is no step of a message."""
    load()


def _steps(text: str) -> int:
    return steps.count(lambda: assess(text))[0]


def _lines(text: str) -> int:
    return steps.count_lines(lambda: engine.weigh(text))


@settings(deadline=None, max_examples=40)
@given(_PIECES)
@example("*")
@example("@ ")
@example("a-")
def test_assess_takes_steps_in_proportion_to_the_length(piece: str) -> None:
    short, long = (_steps((piece * size)[:size]) for size in (3000, 6000))
    assert long <= short * 2.3 + 2000
    assert long <= 6000 * _STEPS_A_CHARACTER


@pytest.mark.parametrize(
    "piece",
    [
        "gun game ",
        "lol kill ",
        "bomb test ",
        "gun toy no ",
        "want to die ",
        "fight crowd suicide ",
        "hes so alone. he gave away his ring ",
    ],
)
def test_no_loop_of_the_engine_sees_each_word_beside_each_other_word(piece: str) -> None:
    short, long = (_lines((piece * size)[:size]) for size in (1500, 6000))
    assert long <= short * 4.6


@settings(deadline=None, max_examples=6)
@given(_PIECES)
@example("*")
def test_assess_finishes_100_kb_of_anything(piece: str) -> None:
    text = (piece * _LONGEST)[:_LONGEST]
    found = assess(text, Context(earlier=(text,)))
    assert found.unsure_reason != "engine_error"
    assert all(0 <= one.start < one.end <= len(text) for one in found.indicators)


@settings(deadline=None, max_examples=150)
@given(st.text(st.characters(), max_size=400), st.lists(st.text(st.characters(), max_size=80), max_size=3))
def test_assess_takes_any_unicode_after_any_other(text: str, earlier: list[str]) -> None:
    found = assess(text, Context(earlier=tuple(earlier)))
    assert found.unsure_reason != "engine_error"
    assert found.unsure or found.indicators
