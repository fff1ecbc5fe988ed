"""The shape of the corpus: keys, words of the rubric, ids, twins. What a tip says is judged by reading."""

from collections import Counter
from typing import Any, get_type_hints

import pytest

from tests.triage_report import corpus
from tests.triage_report.corpus import Tip
from triage.model import Category, Severity

STYLES = frozenset(
    {
        "plain",
        "slang",
        "typos",
        "emoji",
        "accents-missing",
        "voice",
        "formal",
        "short",
        "long",
        "code-words",
        "caps",
        "leet",
        "thread",
        "one-word",
    }
)
FRAMES = frozenset(
    {
        "now",
        "past",
        "resolved",
        "rumour",
        "second-hand",
        "screenshot",
        "denial",
        "retraction",
        "hyperbole",
        "idiom",
        "self-joke",
        "game",
        "sport",
        "fiction",
        "schoolwork",
        "news",
        "lyrics",
        "drill",
        "question",
        "chat",
    }
)
CALM = {"academic", "test", "spam", "other"}
KEYS = set(get_type_hints(Tip))


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [row for path in sorted((corpus.FOLDER / "tips").glob("*.jsonl")) for row in corpus.rows(path)]


@pytest.fixture(scope="module")
def tips() -> list[Tip]:
    return [tip for half in corpus.HALVES for tip in corpus.read(half)]


def test_tips_have_the_keys_of_a_tip(rows: list[dict[str, Any]]) -> None:
    assert rows
    assert [row["id"] for row in rows if set(row) != KEYS] == []


def test_every_tip_is_in_one_half(rows: list[dict[str, Any]], tips: list[Tip]) -> None:
    assert Counter(row["id"] for row in rows) == Counter(tip.id for tip in tips)


def test_tips_use_the_words_of_the_rubric(tips: list[Tip]) -> None:
    categories = {category.value for category in Category}
    odd = [
        tip.id
        for tip in tips
        if tip.lang not in corpus.LANGUAGES
        or tip.reporter not in corpus.REPORTERS
        or not {tip.category, *tip.also} <= categories
        or not set(tip.style) <= STYLES
        or tip.frame not in FRAMES
        or not isinstance(tip.unsure, bool)
    ]
    assert odd == []


def test_ids_are_unique_and_say_theme_and_language(tips: list[Tip]) -> None:
    assert [key for key, count in Counter(tip.id for tip in tips).items() if count > 1] == []
    assert [tip.id for tip in tips if tip.id.rpartition("-")[0] != f"{tip.theme}-{tip.lang}"] == []


def test_texts_are_said_once_and_say_something(tips: list[Tip]) -> None:
    folded = Counter(" ".join(tip.text.lower().split()) for tip in tips)
    assert [text for text, count in folded.items() if count > 1] == []
    assert [tip.id for tip in tips if not all(message.strip() for message in tip.messages)] == []


def test_a_category_stands_once_and_harmless_tips_have_a_calm_one(tips: list[Tip]) -> None:
    assert [tip.id for tip in tips if len({tip.category, *tip.also}) != len(tip.also) + 1] == []
    assert [tip.id for tip in tips if tip.harmless and tip.category not in CALM] == []


def test_twins_name_each_other_and_only_one_wakes_somebody(tips: list[Tip]) -> None:
    known = {tip.id: tip for tip in tips}
    paired = [tip for tip in tips if tip.pair]
    assert paired
    assert [tip.id for tip in paired if known.get(str(tip.pair), tip).pair != tip.id or tip.pair == tip.id] == []
    apart = [tip for tip in paired if known[str(tip.pair)].life_safety == tip.life_safety]
    assert [tip.id for tip in apart] == []


@pytest.mark.parametrize("half", corpus.HALVES)
def test_a_half_that_is_there_covers_every_language_and_severity(half: str) -> None:
    tips = corpus.read(half)
    if half == "develop" or tips:
        assert {tip.lang for tip in tips} == set(corpus.LANGUAGES)
        assert {tip.severity for tip in tips} == set(Severity)
