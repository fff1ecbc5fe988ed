"""Disguised words, slips of the finger, and qualifiers: a disguise must cost nothing, twins come out apart."""

import pytest

from triage.engine import assess
from triage.fuzzy import FuzzyIndex
from triage.lexicon import load
from triage.model import Severity
from triage.normalize import words
from triage.policy import urgency


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("g u n", "gun"),
        ("g.u.n", "gun"),
        ("g-u-n", "gun"),
        ("guuuun", "gun"),
        ("GUN", "gun"),
        ("gün", "gun"),
        ("k1ll", "kill"),
        ("ki11", "kill"),
        ("k*ll", "kill"),
        ("kіll", "kill"),
        ("sch00l", "school"),
        ("us3", "use"),
        ("pist0l", "pistol"),
        ("knief", "knife"),
        ("kn\u200bife", "knife"),
        ("ｇｕｎ", "gun"),
        ("baño", "bano"),
        ("baÃ±o", "bano"),
        ("tmrw", "tomorrow"),
        ("rn", "right now"),
        ("kms", "kill myself"),
        ("isn’t", "is not"),
        ("xq", "porque"),
        ("xfa", "por favor"),
        ("2nd", "2nd"),
        ("8th", "8th"),
        ("9mm", "9mm"),
    ],
)
def test_words_undo_a_disguise(written: str, read: str) -> None:
    found = words(f"he {written} she", load().vocabulary)
    assert " ".join(word.text for word in found[1:-1]) == read
    assert (found[1].start, found[-2].end) == (3, 3 + len(written))


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    ("calm", "danger"),
    [
        ("this test is killing me", "my dad is killing my mom right now"),
        ("my brother got a nerf gun", "my brother got a gun to bring to school"),
        ("he shot 30 points", "he shot someone"),
        ("he does not have a gun", "i dont know why he has a gun at school"),
        ("nobody has a knife", "nobody knows he has a knife"),
        ("im not suicidal", "im not ok i am suicidal"),
        (
            "we read about a school shooting in history",
            "he read about a school shooting and said he will do one monday",
        ),
        ("me muero de risa", "me quiero morir"),
        ("no tiene pistola", "no le digan a nadie, tiene pistola en la escuela"),
        ("my mom is gonna kill me if i fail", "my mom said shes gonna kill me she has a knife"),
        ("in fortnite i killed 10 people", "he said hes going to kill 10 people in this school"),
        ("lockdown drill on friday", "this is not a drill theres a guy with a gun"),
        ("my phone is dying", "my friend is dying"),
        ("shoot me a text", "shoot up the school"),
        ("i cut class", "i cut myself"),
    ],
)
def test_assess_tells_twins_apart(calm: str, danger: str) -> None:
    assert urgency(assess(calm)) == "queue"
    assert assess(danger).severity >= Severity.HIGH


def test_laughter_does_not_hide_means_and_time() -> None:
    assert assess("lol he has a gun and says hes gonna kill us tomorrow at school haha").severity is Severity.CRITICAL


def test_qualifiers_leave_the_hit_in_sight() -> None:
    names = {indicator.name for indicator in assess("he does not have a gun").indicators}
    assert {"weapon_seen", "negated"} <= names


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("pistl", "pistol"),
        ("pistool", "pistol"),
        ("pitsol", "pistol"),
        ("pistal", "pistol"),
        ("piston", None),
        ("gin", None),
        ("listol", None),
    ],
)
def test_fuzzy_index_mends_one_slip_but_not_real_words(word: str, found: str | None) -> None:
    assert FuzzyIndex(["pistol", "gun"], ["piston"]).find(word) == found
