"""What a message comes to where no rule decides: what is junk, what nobody can read, what says too little."""

from __future__ import annotations

import pytest

from triage.engine import assess
from triage.model import Category

_TO_LINE = {Category.TEST, Category.SPAM}


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "text",
    [
        "shes been a bit off all week and keeps staring at her feet",
        "look at what they all wrote about her https://www.instagram.com/p/xyz",
        "he told me to act now or the whole grade sees it",
        "he wants gift cards or he shows my mom everything",
        "his account on onlyfans has her in it, look at the com lab too",
        "she looked at me all through the math test and then walked out",
        "the whole dorm got the same email and it wants bitcoin",
    ],
)
def test_a_link_or_a_test_in_a_tip_makes_neither_junk_nor_a_try_of_it(text: str) -> None:
    assert _TO_LINE.isdisjoint(assess(text).categories)


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("testing testing", Category.TEST),
        ("hi just testing if this works", Category.TEST),
        ("make money fast from home www.moneyfast.com", Category.SPAM),
        ("get free robux www.robux.example", Category.SPAM),
    ],
)
def test_what_is_mostly_junk_or_a_try_is_called_so(text: str, category: Category) -> None:
    assert assess(text).categories == (category,)


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize("beside", ["xd", "jaja", "gracias", "https://bit.ly/xyz", "gift card"])
def test_only_a_try_calms_a_bare_word_of_danger(beside: str) -> None:
    assert assess(f"pistola {beside}").unsure_reason == "undecided"
    assert assess("prueba pistola").unsure_reason is None
