"""The contract that other rooms import: the scale, the categories, urgency and the paging defaults."""

from dataclasses import replace

import pytest

from triage.engine import assess, undecided
from triage.model import LIFE_SAFETY, Category, Context, Indicator, Severity
from triage.policy import PagingPolicy, urgency


def test_severity_orders_by_urgency() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == ["none", "low", "moderate", "high", "critical"]
    assert Severity.CRITICAL > Severity.HIGH >= Severity.HIGH > Severity.MODERATE > Severity.LOW > Severity.NONE
    assert Severity.LOW < Severity.MODERATE <= Severity.MODERATE
    assert max(Severity.LOW, Severity.CRITICAL, Severity.NONE) is Severity.CRITICAL


def test_life_safety_is_high_and_critical() -> None:
    assert (
        {severity for severity in Severity if severity.life_safety} == LIFE_SAFETY == {Severity.HIGH, Severity.CRITICAL}
    )


def test_categories_are_the_vocabulary_with_plain_labels() -> None:
    vocabulary = """
        planned_attack weapon suicide_self_harm physical_violence bullying cyberbullying sexual_harassment
        dating_violence child_abuse drugs_alcohol mental_health hate gang missing_runaway medical_emergency
        unsafe_conditions property
        staff_concern academic other test spam
    """
    assert {category.value for category in Category} == set(vocabulary.split())
    assert all(category.label and "_" not in category.label for category in Category)


def test_indicator_to_json_is_the_wire_form() -> None:
    assert Indicator("weapon_seen", 3, 9).to_json() == {"name": "weapon_seen", "start": 3, "end": 9}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("theres a kid in the bathroom with a gun", "critical"),
        ("i think my friend is suicidal", "high"),
        ("help", "high"),
        ("kids are vaping in the bathroom", "queue"),
        ("thanks", "queue"),
    ],
)
def test_urgency_follows_severity_and_doubt(text: str, expected: str) -> None:
    assert urgency(assess(text)) == expected


def test_urgency_pages_what_is_undecided() -> None:
    assert urgency(undecided("timeout")) == "high"


def test_paging_policy_refuses_a_clock_that_never_ticks() -> None:
    assert PagingPolicy().critical_repeat_seconds == 60
    with pytest.raises(ValueError, match="high_next_seconds"):
        PagingPolicy(high_next_seconds=0)


@pytest.mark.parametrize("text", ["hi", "hola", "can someone call me", "i need to talk", "wyd"])
def test_assess_asks_back_where_nothing_hints_at_harm(text: str) -> None:
    assessment = assess(text)
    assert assessment.unsure
    assert assessment.asks == "what"


@pytest.mark.parametrize("text", ["help", "sos", "ayuda", "im scared", "he has a gun", "thanks for the help with math"])
def test_assess_asks_nothing_where_harm_may_be_or_all_is_told(text: str) -> None:
    assert assess(text).asks is None


def test_assess_asks_nothing_in_a_thread_that_was_grave_or_beside_a_picture() -> None:
    assert assess("hi", Context(floor=Severity.HIGH)).asks is None
    assert assess("hi", Context(media_count=1)).asks is None


def test_urgency_lets_a_tip_wait_only_while_its_question_can_be_asked() -> None:
    assert urgency(assess("hi")) == "queue"
    assert urgency(replace(assess("hi"), asks=None)) == "high"
    assert urgency(assess("help")) == "high"
    assert urgency(undecided("timeout")) == "high"
