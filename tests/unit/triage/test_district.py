"""A district's own words: they raise, wherever they stand; muted ones calm the queue and never a page."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage_report import corpus
from tests.unit.triage.test_packs import WHOLE
from triage import district, engine, lexicon, local, packs, statistics
from triage.evidence import Verdict
from triage.local import Mute, Pack
from triage.model import Assessment, Category, Context, Severity
from triage.normalize import Word, words
from triage.policy import urgency, waits_for_answer

RANK = {"queue": 0, "high": 1, "critical": 2}
PACK = packs.compiled(packs.check(WHOLE), "lincoln-3")
HERE = Context(pack=PACK)
NOWHERE = Context()


def signs(assessment: Assessment, text: str) -> dict[str, str]:
    return {one.name: text[one.start : one.end] for one in assessment.indicators}


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    ("text", "before", "after", "sign", "words"),
    [
        ("he will bring the cookies tomorrow", "none", "critical", "code_word", "bring the cookies"),
        ("he will BRING  the Cookíes tomorrow", "none", "critical", "code_word", "BRING  the Cookíes"),
        ("he has a gun in the pit", "high", "critical", "local_place", "the pit"),
        ("im at the old trestle and i want to die", "high", "critical", "local_place", "old trestle"),
        ("Eastside 13 jumped him", "moderate", "high", "local_gang", "Eastside 13"),
        ("he had some blues", "none", "high", "local_drug", "blues"),
        ("he had some blu3s", "none", "high", "local_drug", "blu3s"),
        ("he has 🍪🍪 at school", "none", "critical", "code_word", "🍪🍪"),
        ("ella trae zaza", "none", "moderate", "local_drug", "zaza"),
    ],
)
def test_local_words_raise_and_are_shown_where_they_stand(
    text: str, before: str, after: str, sign: str, words: str
) -> None:
    assert engine.assess(text).severity == before
    told = engine.assess(text, HERE)
    assert told.severity == after
    assert signs(told, text)[sign] == words
    assert "everyday_words" not in signs(told, text)


def test_a_nickname_fills_the_gap_of_who() -> None:
    text = "smoke got a gun at lunch"
    assert "who" in engine.assess(text).missing
    assert "who" not in engine.assess(text, HERE).missing


def test_a_phrase_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert engine.assess("what will you bring. the cookies are here", HERE).severity is Severity.NONE


def test_a_code_word_said_before_is_remembered_with_what_comes_now() -> None:
    earlier = ("he will bring the cookies",)
    assert not engine.assess("at school, right now", Context(earlier=earlier)).life_safety
    assert engine.assess("at school, right now", Context(earlier=earlier, pack=PACK)).severity is Severity.CRITICAL


def test_assessments_name_both_versions_also_where_nothing_was_judged() -> None:
    name = f"{lexicon.VERSION}+lincoln-3"
    assert {engine.assess(text, HERE).rules for text in ("hello", "", "he has a gun")} == {name}
    assert engine.undecided("timeout", HERE).rules == name
    assert engine.assess("hello").rules == lexicon.VERSION
    assert len(f"{lexicon.VERSION}+{'x' * 20}-99999999") <= 40


def test_a_muted_phrase_makes_moderate_low_in_its_category_alone() -> None:
    muting = Context(pack=packs.compiled(packs.check("muted: {physical_violence: [fight]}"), "x-1"))
    other = Context(pack=packs.compiled(packs.check("muted: {bullying: [fight]}"), "x-1"))
    text = "they had a fight"
    assert engine.assess(text).severity is Severity.MODERATE
    low = engine.assess(text, muting)
    assert (low.severity, low.categories) == (Severity.LOW, (Category.PHYSICAL_VIOLENCE,))
    assert signs(low, text)["muted_phrase"] == "fight"
    assert engine.assess(text, other).severity is Severity.MODERATE
    assert engine.assess("they had a fight and he sells weed vapes", muting).severity >= Severity.MODERATE
    assert engine.assess("they had a fight and he has a knife", muting).severity is Severity.CRITICAL


def test_muting_never_lowers_what_a_thread_has_reached() -> None:
    muting = packs.compiled(packs.check("muted: {physical_violence: [fight]}"), "x-1")
    assert engine.assess("they had a fight", Context(floor=Severity.HIGH, pack=muting)).severity is Severity.HIGH


def test_a_pack_that_fails_costs_nothing_of_what_the_rules_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(local, "translate", broken)
    assert engine.assess("he has a gun at school", HERE).severity is Severity.CRITICAL
    calm = engine.assess("the food is bad", HERE)
    assert (calm.unsure, calm.unsure_reason) == (True, "engine_error")
    assert urgency(calm) == "high"


@pytest.mark.usefixtures("rules_alone")
def test_a_long_text_full_of_local_words_is_judged() -> None:
    text = "bring the cookies to the pit " * 4000
    assert engine.assess(text, HERE).severity is Severity.CRITICAL
    read, found = local.translate(local_words(text[:5000]), PACK)
    assert len(found) == 200
    assert len(read) < 2 * 5000


def local_words(text: str) -> tuple[Word, ...]:
    return words(text, PACK.vocabulary)


def assert_never_less(text: str, pack: Pack, context: Context = NOWHERE) -> None:
    """Whoever is called, or asked back, without the pack is so with it too."""
    plain, told = engine.assess(text, context), engine.assess(text, replace(context, pack=pack))
    assert RANK[urgency(told)] >= RANK[urgency(plain)], text
    assert told.life_safety or not plain.life_safety, text
    assert told.unsure or told.life_safety or not plain.unsure, text
    if waits_for_answer(told):
        assert waits_for_answer(plain), text
    if not pack.mutes:
        assert told.severity >= plain.severity, text
    assert told.severity is plain.severity or told.severity > plain.severity or told.severity is Severity.LOW, text


def greedy(words: tuple[str, ...]) -> Pack:
    """A pack that no check would let pass: it mutes every word of a text in every category."""
    mutes = {word: tuple(Mute((word,), category.value) for category in Category) for word in words}
    return Pack("x-1", lexicon.load().vocabulary, {}, mutes)


TIPS = corpus.read("develop")


def test_no_tip_of_the_corpus_calls_fewer_people_however_much_is_muted() -> None:
    lowered = 0
    for tip in TIPS[::11]:
        plain = tuple({word.text for word in local_words(tip.text)})
        assert_never_less(tip.text, greedy(plain))
        lowered += engine.assess(tip.text, Context(pack=greedy(plain))).severity < engine.assess(tip.text).severity
    assert lowered, "muting does something"


PIECES = [
    *(one.said for one in packs.check(WHOLE).entries), "fight", "roast battle", "gun", "he has", "i want to die", "hi",
    "tomorrow", "at school", "knife", "not", "lol", ".", "in the game", "help", "they hate him", "pills", "ok bye",
]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8),
    st.lists(st.sampled_from(PIECES), max_size=4),
    st.sampled_from(list(Severity)),
    st.randoms(use_true_random=False),
)
def test_no_mixture_of_words_calls_fewer_people(
    said: list[str], before: list[str], floor: Severity, chance: random.Random
) -> None:
    text, earlier = " ".join(said), (" ".join(before),) if before else ()
    muted = greedy(tuple(chance.sample(PIECES, 6)))
    context = Context(floor=floor, earlier=earlier)
    assert_never_less(text, PACK, context)
    assert_never_less(text, replace(PACK, mutes=muted.mutes), context)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_judged_with_a_pack(text: str) -> None:
    assert_never_less(text, PACK)
    assert engine.assess(text, HERE).unsure_reason != "engine_error"


def test_heed_without_a_pack_changes_nothing() -> None:
    finding, verdict = engine.weigh("he has a gun")
    assert district.heed("he has a gun", Context(), finding, verdict) == (finding, verdict)


def test_muting_leaves_a_danger_to_life_that_statistics_have_not_backed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a grown man in a van keeps asking the little kids to get in and come see his puppies after school"
    hits = [hit for hit in engine.weigh(text)[0].hits if hit.severity >= Severity.MODERATE]
    assert any(hit.severity.life_safety for hit in hits)

    def demote(verdict: Verdict, *_: object) -> Verdict:
        return replace(verdict, severity=Severity.MODERATE)

    monkeypatch.setattr(statistics, "heed", demote)
    muted = {
        category: ["keeps asking", "a grown man", "get in"] for category in {hit.rule.category.value for hit in hits}
    }
    muting = Context(pack=packs.compiled(packs.check(yaml.safe_dump({"muted": muted})), "x-1"))
    assert engine.assess(text, muting).severity is Severity.MODERATE
