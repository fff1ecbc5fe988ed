"""Topics: a choice raises, and never lowers."""

from __future__ import annotations

import pytest

from triage import engine, topics
from triage.model import Category, Severity
from triage.policy import urgency
from triage.topics import CHOICES, URGENT

TEXTS = ("theres a kid in the bathroom with a gun", "he is mean to me every day", "thx", "hmm", "room 12 is cold")


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("text", TEXTS)
def test_heed_never_lowers(text: str, choice: Category) -> None:
    alone = engine.assess(text)
    heeded = topics.heed(alone, choice.value)
    assert heeded.severity >= alone.severity
    assert heeded.life_safety == alone.life_safety
    assert heeded.unsure >= alone.unsure
    assert set(heeded.categories) >= set(alone.categories) - {Category.OTHER}


@pytest.mark.parametrize("choice", sorted(URGENT))
@pytest.mark.parametrize("text", ["room 12 is cold", "hmm"])
def test_heed_calls_a_person_where_only_the_choice_speaks_of_danger(text: str, choice: Category) -> None:
    calm = engine.assess(text)
    assert not calm.unsure
    heeded = topics.heed(calm, choice.value)
    assert (heeded.unsure, heeded.unsure_reason, heeded.categories[0]) == (True, topics.CHOSEN, choice)
    assert heeded.severity == max(calm.severity, Severity.LOW, key=lambda one: one.rank)
    assert urgency(heeded) == "high"


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("text", ["hi", "can someone call me"])
def test_too_few_words_about_what_is_urgent_call_a_person_at_once(text: str, choice: Category) -> None:
    few = engine.assess(text)
    assert (few.asks, urgency(few)) == ("what", "queue")
    assert urgency(topics.heed(few, choice.value)) == ("high" if choice in URGENT else "queue")


def test_heed_leaves_a_clear_danger_clear() -> None:
    danger = engine.assess("theres a kid in the bathroom with a gun")
    heeded = topics.heed(danger, "suicide_self_harm")
    assert (heeded.severity, heeded.unsure) == (danger.severity, False)
    assert heeded.categories == (*danger.categories, Category.SUICIDE_SELF_HARM)


@pytest.mark.parametrize("code", [None, "other", "rocket", "test", "spam", ""])
def test_heed_changes_nothing_for_what_is_no_choice(code: str | None) -> None:
    alone = engine.assess("room 12 is cold")
    assert topics.heed(alone, code) == alone


def test_every_urgent_topic_is_offered() -> None:
    assert set(CHOICES) >= URGENT
    assert len(set(CHOICES)) == len(CHOICES)
    assert not {Category.TEST, Category.SPAM} & set(CHOICES)
