"""Packs: what a district may write, and every way in which it is refused with a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage import lexicon, packs
from triage.local import Mute
from triage.model import Category
from triage.pack_files import LARGEST, PackRefused

WHOLE = """
places: {school: [The Pit], risky: [old trestle], other: [skate spot]}
people: [Smoke]
gangs: [Eastside 13]
drugs: {cannabis: [zaza], pills: [skittles], deadly: [blues], vape: [puffs]}
codes: {bring the cookies: bring a gun, "🍪🍪": gun}
muted: {bullying: [roast battle]}
"""


def faults(text: str) -> str:
    with pytest.raises(PackRefused) as refused:
        packs.check(text)
    return " ".join(refused.value.faults)


def test_check_reads_every_part() -> None:
    source = packs.check(WHOLE)
    assert [(one.said, one.means, one.sign) for one in source.entries] == [
        ("The Pit", "cafeteria", "local_place"),
        ("old trestle", "bridge", "local_place"),
        ("skate spot", "park", "local_place"),
        ("Smoke", "michael", "local_person"),
        ("Eastside 13", "gang", "local_gang"),
        ("zaza", "weed", "local_drug"),
        ("skittles", "xanax", "local_drug"),
        ("blues", "fentanyl", "local_drug"),
        ("puffs", "vape", "local_drug"),
        ("bring the cookies", "bring a gun", "code_word"),
        ("🍪🍪", "gun", "code_word"),
    ]
    assert source.muted == ((Category.BULLYING, "roast battle"),)


@pytest.mark.parametrize("text", ["", "gangs:\n", "# nothing yet\n", "places: {school: }\n", "gangs: []\n"])
def test_check_takes_an_empty_file_and_empty_parts(text: str) -> None:
    assert packs.check(text) == packs.Source((), ())


def test_what_looks_like_a_number_or_a_date_is_text() -> None:
    source = packs.check("gangs: [13, 2026-11-30, 0x1f]")
    assert [one.said for one in source.entries] == ["13", "2026-11-30", "0x1f"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("gangs: [" + ", ".join(f"w{n}x" for n in range(401)) + "]", "400 are the most", id="too-many"),
        pytest.param(
            "muted: {bullying: [" + ", ".join(f"w{n}x" for n in range(61)) + "]}", "60 are the most", id="muted-many"
        ),
        pytest.param(f"gangs: [{'x' * 61}]", "longer than 60", id="too-long"),
        pytest.param(f"codes: {{some words: {'gun ' * 20}}}", "longer than 60", id="meaning-too-long"),
        pytest.param("gangs: [a b c d e f g]", "more than 6 words", id="too-many-words"),
        pytest.param("#" * (LARGEST + 1), "longer than", id="file-too-long"),
        pytest.param("gangs: ['east*']", "no patterns", id="star"),
        pytest.param("gangs: ['@gun']", "no patterns", id="class"),
        pytest.param("gangs: ['a|b']", "no patterns", id="either"),
        pytest.param("gangs: ['#']", "no patterns", id="digits"),
        pytest.param("gangs: ['(a+)+']", "no patterns", id="expression"),
        pytest.param('gangs: ["a\\u202eb"]', "no patterns", id="text-turned-round"),
        pytest.param('gangs: ["a\\nb"]', "no patterns", id="line-end"),
        pytest.param("gangs: ['  ']", "empty", id="blank"),
        pytest.param('gangs: ["\'"]', "holds no word", id="no-word"),
        pytest.param("gangs: [Eastside, EASTSIDE]", "twice", id="twice"),
        pytest.param("gangs: [a1x]\ngangs: [b1x]", "twice", id="part-twice"),
        pytest.param("weapons: [glock]", "no part 'weapons'", id="unknown-part"),
        pytest.param("muted: {nonsense: [x y]}", "no 'nonsense'", id="unknown-category"),
        pytest.param("drugs: {hard: [x y]}", "no 'hard'", id="unknown-kind"),
        pytest.param("places: [the pit]", "name what each is", id="list-for-names"),
        pytest.param("gangs: Eastside", "write a list", id="phrase-for-list"),
        pytest.param("gangs: [[a]]", "nothing else", id="list-in-list"),
        pytest.param("codes: {some words: [gun]}", "is one phrase", id="code-is-a-list"),
        pytest.param("codes: {some words: frobnicate}", "do not know the word 'frobnicate'", id="unknown-meaning"),
        pytest.param("codes: {some words: hello there}", "see nothing", id="harmless-meaning"),
        pytest.param("school: {hours: morning}", "hours are written", id="hours"),
        pytest.param("school: {hours: 15:10-07:45}", "hours are written", id="hours-backwards"),
        pytest.param("school: {holidays: [2026-02-30]}", "hours are written", id="no-such-day"),
        pytest.param("school: {holidays: [2027-01-01 to 2026-12-21]}", "hours are written", id="days-backwards"),
        pytest.param("school: {bells: [x]}", "no 'bells'", id="unknown-of-school"),
        pytest.param("school: {holidays: [" + "2026-11-26, " * 61 + "]}", "60 are the most", id="too-many-holidays"),
        pytest.param("codes: {the: gun}", "everyday word", id="everyday-code"),
        pytest.param("people: [school]", "everyday word", id="everyday-name"),
        pytest.param("a: &a [x]\nb: *a", "Aliases", id="alias"),
        pytest.param("- a", "has no parts", id="no-parts"),
        pytest.param("a: [", "not YAML near line", id="broken"),
        pytest.param("a: {b: {c: {d: {e: f}}}}", "nested too deep", id="deep"),
        pytest.param("[" * 5000, "not YAML", id="very-deep"),
        pytest.param("? [a]\n: b", "without a name", id="list-for-a-name"),
    ],
)
def test_check_refuses_with_a_sentence(text: str, says: str) -> None:
    assert says in faults(text)


@pytest.mark.parametrize("category", sorted(one.value for one in packs.LIFE))
def test_nothing_is_muted_in_a_category_about_lives(category: str) -> None:
    assert "about lives" in faults(f"muted: {{{category}: [roast battle]}}")


@pytest.mark.parametrize(
    "phrase",
    [
        "gun",
        "Glock",
        "gl0ck",
        "kill",
        "kill list",
        "bomb threat",
        "knife fight",
        "shoot hoops",
        "kms",
        "fentanyl",
        "pills",
        "pistola",
        "matar",
        "want to die",
        "quiero morir",
        "🔫",
        "rape",
        "cut herself",
        "overdose",
    ],
)
def test_a_word_that_may_tell_of_a_life_at_risk_cannot_be_muted(phrase: str) -> None:
    assert "may tell of a life at risk" in faults(f"muted: {{bullying: ['{phrase}']}}")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = faults("gangs: [a*]\nnothing: [x]\nmuted: {nonsense: [x]}")
    assert "'a*' holds" in said
    assert "'nothing'" in said
    assert "'nonsense'" in said


def test_compiled_leaves_out_a_mute_that_the_rules_of_today_would_refuse() -> None:
    source = packs.Source((), ((Category.BULLYING, "glock"), (Category.WEAPON, "roast"), (Category.BULLYING, "roast")))
    assert [mute for group in packs.compiled(source, "x-1").mutes.values() for mute in group] == [
        Mute(("roast",), "bullying")
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_pack_or_refused_with_a_reason(text: str) -> None:
    try:
        source = packs.check(text)
    except PackRefused as error:
        said = error.faults
    else:
        said = [packs.compiled(source, "x-1").name]
    assert said
    assert all(said)


@pytest.mark.parametrize("word", sorted({*packs.PLACES.values(), *packs.DRUGS.values(), "michael", "gang"}))
def test_the_general_words_that_local_ones_are_read_as_are_known(word: str) -> None:
    assert word in lexicon.load().vocabulary.known
