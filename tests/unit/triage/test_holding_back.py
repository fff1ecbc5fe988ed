"""What unproven rules alone made of a message is held back where the network does not back it, and nothing else is."""

import math
from dataclasses import replace

import pytest

from tests.support.made_up_model import HEARD, made_up, rules_alone, ship
from triage import engine, lexicon
from triage.model import HELD_BACK, Context, Indicator, Severity
from triage.policy import urgency
from triage.statistics import meaning
from triage.statistics.meaning import Said


def test_a_rule_that_is_unproven_wakes_somebody_only_with_the_meaning_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grave = "my friend has a gun in her bag and she told me so in gym"
    rules = {
        f"{hit.rule.family}/{hit.rule.indicator}" for hit in engine.weigh(grave)[0].hits if hit.severity.life_safety
    }
    assert rules
    ship(monkeypatch, made_up(0, 0, -2, -5, unproven=tuple(rules), backs=0.3))
    held_back = engine.assess(grave)
    assert (held_back.severity, urgency(held_back)) == (Severity.MODERATE, "queue")
    assert Indicator(HELD_BACK, 0, len(grave)) in held_back.indicators
    assert set(rules_alone(grave).indicators) <= set(held_back.indicators)
    assert engine.assess("ok see you at lunch", Context(floor=Severity.HIGH)).severity is Severity.HIGH
    ship(monkeypatch, made_up(0, 0, 0, -5, unproven=tuple(rules), backs=0.3))
    assert engine.assess(grave) == rules_alone(grave)
    ship(monkeypatch, made_up(0, 0, -2, -5, unproven=tuple(rules)[1:], backs=0.3))
    assert engine.assess(grave) == rules_alone(grave)


def test_in_few_words_a_rule_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    short = "my friend has a gun in her bag"
    rules = {hit.rule for hit in engine.weigh(short)[0].hits if hit.severity.life_safety}
    names = tuple(f"{rule.family}/{rule.indicator}" for rule in rules)
    ship(monkeypatch, made_up(0, 0, -2, -5, unproven=names, backs=0.3))
    assert engine.assess(short).life_safety
    bare = "guns and stuff there"
    assert rules_alone(bare).unsure_reason == "undecided"
    assert engine.assess(bare).unsure_reason == "undecided"


def test_two_kinds_of_danger_need_half_the_backing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = "my friend has a gun in her bag and she told me so in gym"
    two = f"{one} and she took forty pills to die"
    names = tuple(f"{rule.family}/{rule.indicator}" for rule in lexicon.load().rules)
    for chance, calls in ((0.16, True), (0.14, False)):
        ship(monkeypatch, made_up(0, 0, math.log(chance / (1 - chance)), -5, unproven=names, backs=0.3))
        assert not engine.assess(one).life_safety
        assert engine.assess(two).life_safety is calls


def test_what_the_network_has_not_read_it_holds_back_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    grave = "he took all his pills and he is not breathing help, we are in the bathroom on the second floor"
    names = tuple(f"{rule.family}/{rule.indicator}" for rule in lexicon.load().rules)
    long = " ".join(["we had pizza and then we went to the game with everybody."] * 200)
    assert meaning.read(grave).whole
    assert not meaning.read(f"{long} {grave}").whole
    ship(monkeypatch, made_up(-5, -5, -5, -5, unproven=names, backs=0.3), said=None)
    assert not engine.assess(grave).life_safety
    ship(monkeypatch, made_up(-5, -5, -5, -5, unproven=names, backs=0.3), said=replace(HEARD, whole=False))
    assert engine.assess(grave) == rules_alone(grave)


def test_short_answers_of_a_form_are_read_by_rules_and_not_by_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    happened, heard = "my brother ate the last of the pizza and said that he will never be sorry", list[str]()

    def read(text: str) -> Said:
        heard.append(text)
        return HEARD

    names = tuple(f"{rule.family}/{rule.indicator}" for rule in lexicon.load().rules)
    ship(monkeypatch, made_up(-5, -5, -5, -5, unproven=names, backs=0.3))
    monkeypatch.setattr(meaning, "read", read)
    where, who = f"{happened}\n\nWhere: the gym", f"{happened}\n\nWho: a man with a gun in gym"
    assert not engine.assess(where, Context(freely=len(happened))).life_safety
    assert engine.assess(who, Context(freely=len(happened))).life_safety, "the network has not read it"
    assert heard == [happened, happened]
    assert not engine.assess(who).life_safety


def test_in_a_language_that_is_not_ours_nothing_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "ban toi muon chet va anh ay co mot gun in his bag trong truong hoc ngay mai giup toi voi"
    names = tuple(f"{rule.family}/{rule.indicator}" for rule in lexicon.load().rules)
    assert rules_alone(text).life_safety
    ship(monkeypatch, made_up(-5, -5, -5, -5, unproven=names, backs=0.3))
    assert engine.assess(text).life_safety


def test_danger_told_in_pieces_is_held_back_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    said, last = "he said he will kill marcus", "he has got a gun, his dads, he told me so and he never lies"
    names = tuple(f"{rule.family}/{rule.indicator}" for rule in lexicon.load().rules)
    ship(monkeypatch, made_up(-5, -5, -5, -5, unproven=names, backs=0.3))
    assert not engine.assess(last).life_safety
    assert rules_alone(last).severity < rules_alone(last, Context(earlier=(said,))).severity
    assert engine.assess(last, Context(earlier=(said,))).severity is Severity.CRITICAL


def test_weak_signs_without_backing_stand_in_the_queue_and_never_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = "she isnt allowed to wear shorts. by him. she's 15 hes 17"
    assert rules_alone(weak).unsure_reason == "undecided"
    ship(monkeypatch, made_up(-5, -5, -5, -5, backs=0.3))
    found = engine.assess(weak)
    assert (found.unsure, urgency(found)) == (False, "queue")
    assert Severity.LOW <= found.severity <= Severity.MODERATE
    ship(monkeypatch, made_up(-5, -5, 0, -5, backs=0.3))
    assert engine.assess(weak).unsure_reason == "undecided"
