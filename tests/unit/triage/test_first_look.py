"""The first look errs on the side of urgent, and decides nothing but an order."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from triage.engine import assess
from triage.first_look import CALM, UNCLEAR, URGENT, look
from triage.model import Severity

_TIPS = [
    tip
    for path in Path(__file__).parent.glob("cases_*.yaml")
    for group in yaml.safe_load(path.read_text("utf-8"))
    for tip in group["tips"]
]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        pytest.param("theres a kid with a gun", URGENT, id="english"),
        pytest.param("un chavo trae una PISTOLA", URGENT, id="spanish, in capitals"),
        pytest.param("se tomó unas pastillas", URGENT, id="accents"),
        pytest.param("he has a g u n at school", URGENT, id="spaced"),
        pytest.param("im gonna k1ll him", URGENT, id="disguised"),
        pytest.param("he got a guuuuun", URGENT, id="drawn out"),
        pytest.param("this kid got a 🔫", URGENT, id="picture"),
        pytest.param("overdose", URGENT, id="one word, and it tells"),
        pytest.param("help me", UNCLEAR, id="few words that tell little"),
        pytest.param("mmkay", UNCLEAR, id="few words"),
        pytest.param("", UNCLEAR, id="empty"),
        pytest.param("помогите мне пожалуйста быстро", UNCLEAR, id="another script"),
        pytest.param("i want to change my schedule for next year can you tell me how", CALM, id="calm"),
    ],
)
def test_look_sees(text: str, seen: int) -> None:
    assert look(text) == seen


def test_look_takes_a_picture_without_words_before_what_is_calm() -> None:
    assert look("i want to change my schedule for next year can you tell me how", media=1) == UNCLEAR


def test_look_puts_nothing_critical_last() -> None:
    """Of what the engine calls critical nearly all comes first, and hardly one behind what is calm."""
    seen = [look(tip) for tip in _TIPS if assess(tip).severity is Severity.CRITICAL]
    assert seen.count(URGENT) >= 0.97 * len(seen)
    assert seen.count(CALM) <= 0.005 * len(seen)


def test_look_leaves_most_of_the_rest_behind_them() -> None:
    calm = [tip for tip in _TIPS if not assess(tip).life_safety and not assess(tip).unsure]
    assert sum(look(tip) == URGENT for tip in calm) <= 0.5 * len(calm)


@given(st.text())
def test_look_takes_any_text(text: str) -> None:
    assert look(text) in {URGENT, UNCLEAR, CALM}
