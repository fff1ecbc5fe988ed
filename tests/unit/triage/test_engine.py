"""The engine as its callers see it: never an exception, honest spans, floors that hold."""

import dataclasses
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage import lexicon
from triage.engine import assess, undecided
from triage.model import Assessment, Category, Context, Severity

_ANYTHING = st.text(st.characters(), max_size=3000)
_PIECES = st.lists(
    st.sampled_from(
        [
            "gun",
            "🔫",
            "kill",
            "g u n",
            "no",
            "she",
            "\x00",
            "\ud800",
            "é",
            "\u202e",
            "Ã±",
            "bathroom",
            "se quiere matar",
            ".",
            "\n",
            "’",
            "!!",
            "k1ll",
        ]
    ),
    max_size=60,
).map(" ".join)


def check(text: str, assessment: Assessment) -> None:
    starts = [(indicator.start, indicator.end) for indicator in assessment.indicators]
    assert starts == sorted(starts)
    assert all(0 <= start < end <= len(text) for start, end in starts)
    assert assessment.categories
    assert assessment.indicators or assessment.unsure
    assert assessment.unsure_reason != "engine_error"
    assert assessment.unsure == (assessment.unsure_reason is not None)


@settings(deadline=None)
@given(st.one_of(_ANYTHING, _PIECES))
def test_assess_takes_any_unicode(text: str) -> None:
    check(text, assess(text))


@settings(deadline=None, max_examples=40)
@given(_PIECES)
def test_assess_is_deterministic(text: str) -> None:
    assert assess(text) == assess(text)


@settings(deadline=None, max_examples=40)
@given(_PIECES, st.sampled_from(Severity))
def test_assess_never_falls_below_the_floor(text: str, floor: Severity) -> None:
    assert assess(text, Context(floor=floor)).severity >= floor


@pytest.mark.parametrize(
    "piece", ["kill ", "a ", "🔫", "no ", "g u n ", "he is not going to ", "x", "k*ll ", "1!1!1!1! ", "\n", "?"]
)
def test_assess_finishes_a_very_long_message(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    check(text, assess(text))


def test_assess_that_fails_inside_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> NoReturn:
        raise RuntimeError

    monkeypatch.setattr(lexicon, "load", fail)
    assessment = assess("a gun", Context(floor=Severity.HIGH))
    assert (assessment.unsure_reason, assessment.severity, assessment.life_safety) == (
        "engine_error",
        Severity.HIGH,
        True,
    )


@pytest.mark.parametrize("reason", ["timeout", "no_text", "engine_error"])
def test_undecided_keeps_the_floor(reason: str) -> None:
    assessment = undecided(reason, Context(floor=Severity.MODERATE, language_hint="es"))
    assert assessment.unsure
    assert assessment.unsure_reason == reason
    assert assessment.severity is Severity.MODERATE
    assert assessment.language == "es"
    assert assessment.categories == (Category.OTHER,)


@pytest.mark.parametrize("text", ["", "   ", "\n", "\u200b", "..."])
def test_assess_without_words_is_unsure(text: str) -> None:
    assert assess(text).unsure_reason == "no_text"


def test_assess_joins_a_plan_told_in_pieces() -> None:
    first = "my friend said she wants to kill herself"
    assert assess(first).severity is Severity.HIGH
    second = assess("she is on the bridge now", Context(floor=Severity.HIGH, earlier=(first,)))
    assert second.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("text", "language"),
    [("my friend has a gun at school", "en"), ("mi amiga ya no quiere vivir", "es"), ("🔫", "und")],
    ids=["english", "spanish", "emoji"],
)
def test_assess_guesses_the_language_to_answer_in(text: str, language: str) -> None:
    assert assess(text).language == language


def test_assess_names_what_is_missing() -> None:
    assert assess("my friend wants to kill herself").missing == ("where", "when", "means", "how_known", "safe_now")
    assert "where" not in assess("theres a kid in the 2nd floor bathroom with a gun").missing


def test_assess_shows_the_words_of_the_raw_text() -> None:
    text = "⚠️ he has a g u n"
    shown = {indicator.name: text[indicator.start : indicator.end] for indicator in assess(text).indicators}
    assert shown["weapon_seen"].endswith("has a g u n")


def test_assessment_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        assess("hi").severity = Severity.LOW  # type: ignore[misc]
