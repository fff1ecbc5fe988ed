"""Frames and where they end: a harmless sense calms its twin, and nothing calms where somebody is in danger."""

import pytest

from triage import lexicon
from triage.engine import assess
from triage.model import Category, Severity
from triage.normalize import words
from triage.rules import PRECEDENCE
from triage.slots import fill

_TWINS = [
    pytest.param(
        "bro has a gun in his bag, its a glue gun for the float", "bro has a gun in his bag, i saw it", id="tool"
    ),
    pytest.param(
        "he got a gun for deer season at the cabin", "he got a gun in his locker for deer season", id="hunting"
    ),
    pytest.param(
        "he carries a knife to gut the trout with",
        "he carries a knife and says its for mason",
        id="what a knife is for",
    ),
    pytest.param("he trae a gun, es de juguete", "he trae a gun, no es de juguete", id="a denied toy"),
    pytest.param("kms i sent it to the wrong chat lol", "kms i sit alone every day lol", id="cause of a joke"),
    pytest.param(
        "i never wanna wake up for first period again", "i never wanna wake up again", id="what one wakes up for"
    ),
    pytest.param("he is gonna kill his math test", "he is gonna kill Mason", id="name"),
    pytest.param(
        "got sniped in the lobby by a guy with a shotgun, gg",
        "a guy with a shotgun is in the lobby of our school, hurry",
        id="game",
    ),
]


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(("calm", "grave"), _TWINS)
def test_assess_tells_a_frame_from_its_twin(calm: str, grave: str) -> None:
    assert not assess(calm).life_safety
    assert assess(grave).life_safety


@pytest.mark.parametrize(
    "text",
    [
        "i have the pills and im done. jk",
        "he said hed shoot up the school but was joking, everyone laughed",
        "lmaooo he actually brought the strap 😂",
    ],
)
def test_assess_lowers_nothing_for_a_laugh_or_a_word_taken_back(text: str) -> None:
    assert assess(text).life_safety


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("its not true that sam has a gun, kai made it up", Severity.LOW),
        ("there was a kid with a knife last year, he got expelled", Severity.LOW),
        ("did u see that shooting in ohio", Severity.NONE),
    ],
)
def test_assess_lowers_old_news_and_corrected_rumours(text: str, most: Severity) -> None:
    assert assess(text).severity <= most


@pytest.mark.parametrize(
    ("text", "today"),
    [
        ("he said hes gonna kill mason after lunch", True),
        ("he said hes gonna kill mason tomorrow", True),
        ("he said hes gonna kill mason friday", False),
        ("he said hes gonna kill mason friday after lunch", False),
    ],
)
def test_fill_knows_today_from_a_later_day(text: str, today: bool) -> None:
    pack = lexicon.load()
    assert fill(pack.matcher.match(words(text, pack.vocabulary)), frozenset()).filled("today") == today


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hes gonna fight Zebulon", ["zebulon"]),
        ("Zebulon hit me", ["zebulon"]),
        ("hes gonna fight mateo", ["mateo"]),
        ("We go home", []),
        ("HE IS SO LOUD", []),
    ],
)
def test_match_takes_a_word_written_like_a_name_for_one(text: str, names: list[str]) -> None:
    pack = lexicon.load()
    found = pack.matcher.match(words(text, pack.vocabulary))
    assert [found.words[start].text for start, _ in found.spans("name")] == names


def test_precedence_names_every_category_once() -> None:
    assert sorted(PRECEDENCE) == sorted(Category)


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("he has a gun and hes gonna shoot mason with it", Category.PLANNED_ATTACK),
        ("my teacher calls us stupid every day", Category.STAFF_CONCERN),
        ("dang our team got shot down 42-3 lol", Category.OTHER),
    ],
)
def test_assess_names_the_main_category_by_the_rubric(text: str, main: Category) -> None:
    assert assess(text).categories[0] is main
