"""What a message comes to where no rule decides: what is junk, what nobody can read, what says too little."""

from __future__ import annotations

import pytest

from triage.engine import assess
from triage.model import Category, Context
from triage.policy import urgency

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


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Ban toi bi bully o truong va khong muon den lop nua", id="vietnamese"),
        pytest.param("mấy bạn hút vape trong nhà vệ sinh, em sợ lắm", id="vietnamese, with its accents"),
        pytest.param("Zanmi m nan vle mouri, yo fè bully sou li nan lekòl la", id="haitian"),
        pytest.param("yo ap fimen vape nan twalèt lekòl la", id="haitian, vape"),
        pytest.param("Tem um menino na minha turma que faz bullying com a minha amiga todo dia", id="portuguese"),
        pytest.param("meu amigo trouxe uma arma pra escola lol", id="portuguese, a lowered hit"),
        pytest.param("صديقي يريد أن يقتل نفسه bully", id="arabic"),
        pytest.param("有人带了枪来学校 vape", id="chinese"),
        pytest.param("May nambu-bully sa kaibigan ko araw araw, gusto na niyang mamatay", id="tagalog"),
        pytest.param("Yung kaklase ko may dalang baril sa bag niya lol", id="tagalog, a laugh"),
        pytest.param("Waxaa jira wiil dugsiga ku bully gareeya saaxiibkay", id="somali"),
        pytest.param("waxay ku cabaan vape musqusha dugsiga haha", id="somali, a laugh"),
        pytest.param("Mein Freund will sich umbringen, er wird gemobbt bully", id="german"),
        pytest.param("moji kamaradi strielali bully zajtra popoludni kvoli peniazom", id="one that is in no list"),
    ],
)
def test_one_word_of_ours_makes_no_other_language_known(text: str) -> None:
    found = assess(text)
    assert found.unsure_reason == "unknown_language"
    assert urgency(found) != "queue"


@pytest.mark.parametrize(
    "text",
    ["they bully him in the vape bathroom", "le hacen bully en el baño y sacan el vape", "se la pasan vapeando lol"],
)
def test_our_own_languages_and_their_mixture_are_known(text: str) -> None:
    assert assess(text).unsure_reason != "unknown_language"


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "text",
    [
        "my dad is going to kill me when he sees my grades im so scared",
        "ill shoot you if you eat my fries lol, i mean it seriously",
        "he said lol ill murder you if you spoil it, and he was serious about it",
    ],
)
def test_a_joke_that_its_own_sentence_takes_back_goes_to_a_person(text: str) -> None:
    found = assess(text)
    assert (found.unsure_reason, found.life_safety) == ("contradictory", False)
    assert urgency(found) == "high"


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "text",
    [
        "my dad is going to kill me when he sees my grades lol",
        "ill shoot you if you eat my fries lol",
        "i could die of embarrassment lol. for real the food is good today. nobody is scared of her",
    ],
)
def test_a_joke_that_nothing_takes_back_calls_nobody(text: str) -> None:
    assert urgency(assess(text)) == "queue"


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "text",
    [
        "its happening",
        "bathroom now",
        "room 212",
        "hes here",
        "stairwell",
        "his locker",
        "Marisela Quinones",
        "en el baño",
    ],
)
def test_a_few_words_that_may_mean_anything_are_asked_back(text: str) -> None:
    found = assess(text)
    assert (found.unsure_reason, found.asks, urgency(found)) == ("too_short", "what", "queue")
    assert assess(text, Context(earlier=("my bike was stolen",))).unsure_reason is None


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "yes",
        "ok thanks",
        "i am home",
        "see you there",
        "sounds funny lol",
        "muchas gracias",
        "si",
        "i hate mondays",
    ],
)
def test_everyday_replies_thanks_and_laughter_are_not_asked_back(text: str) -> None:
    assert not assess(text).unsure


@pytest.mark.usefixtures("rules_alone")
def test_a_picture_with_a_few_words_and_no_clear_hit_goes_to_a_person() -> None:
    pictured, whole = Context(media_count=1), "look what was written on the wall"
    assert not assess(whole).unsure
    for text in (whole, "it is under the bench", "look at his gun lol in fortnite"):
        found = assess(text, pictured)
        assert (found.unsure_reason, found.asks, urgency(found)) == ("too_short", None, "high")
    assert not assess("two kids got in a fight in the cafeteria", pictured).unsure
    assert not assess("here is the flyer that we put up for the bake sale on friday", pictured).unsure
