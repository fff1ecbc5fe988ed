"""The statistical layer raises, has a person asked, and holds back only what unproven rules alone made of a message."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage_report import card, corpus, glance, learn
from tests.triage_report.ablations import statistics_off
from triage import engine, lexicon, statistics
from triage.model import HELD_BACK, Assessment, Category, Context, Indicator, Severity
from triage.policy import urgency
from triage.statistics import meaning, model
from triage.statistics.meaning import CATEGORIES, HIGH, LEVELS, Said
from triage.statistics.model import LANGUAGES, Model

CALM = "my friend is telling everyone that he is going to the lake with his uncle and they will rent two boats"


HEARD = Said(np.zeros(len(LEVELS), np.float32), np.zeros(len(CATEGORIES), np.float32))


def made_up(*scores: float, raises: float = 0.9, asks: float = 0.7, **fields: object) -> Model:
    """Make a model that gives every message these scores for low, moderate, high, critical."""
    plain = Model(
        version="made-up",
        piece_names=np.array([" la", "lake", "two_boats"]),
        piece_weights=np.array([[0, 1], [2, 0], [3, 0]], np.float32),
        told_bias=np.array([-1, 0], np.float32),
        said_weights=np.zeros((len(LEVELS) + 2, len(LEVELS)), np.float32),
        sign_names=np.array(["=none"]),
        sign_weights=np.zeros((1, len(LEVELS)), np.float32),
        bias=np.array(scores, np.float32),
        word_names=np.array(["lake", "boats"]),
        word_weights=np.array([2.0, 3.0], np.float32),
        calibration=np.tile(np.array([1.0, 0.0], np.float32), (len(LANGUAGES), len(LEVELS), 1)),
        raises=np.full(len(LEVELS), raises, np.float32),
        asks=asks,
        backs=0.0,
        names=0.5,
        unproven=(),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # as dataclasses.replace takes them


def about(category: Category, sure: float = 9.0) -> Said:
    """Say nothing but what a message is about."""
    sums = np.zeros(len(CATEGORIES), np.float32)
    sums[CATEGORIES.index(category)] = sure
    return replace(HEARD, categories=sums)


def ship(patch: pytest.MonkeyPatch, shipped: Model, said: Said | None = None) -> None:
    """Let the engine use this model, and the network say this."""
    patch.setattr(statistics, "load", lambda: shipped)
    if said is not None:
        patch.setattr(meaning, "read", lambda _: said)


def rules_alone(text: str, context: Context = Context()) -> Assessment:  # noqa: B008 - a frozen value
    """Judge without the layer."""
    with statistics_off():
        return engine.assess(text, context)


def test_pieces_are_those_of_each_word_with_its_ends_and_words_that_meet() -> None:
    assert model.pieces(["go", "on"]) == sorted({" go", "go ", " go ", " on", "on ", " on ", "go_on"})


_CHANCES = """
from triage import engine
from triage.statistics import model, signs
for text in (
    "my cousin says the boy in the back row keeps a list and he showed her two names, she is afraid to come on friday",
    "ella no contesta desde anoche y escribio que ya no queria seguir, su hermano dice que faltan las pastillas",
    "they shared her picture in the group chat and now the whole team laughs when she walks into the gym",
):
    finding, verdict = engine.weigh(text)
    words = [word.text for word in finding.matches.words]
    print(model.load().read(text, words, signs.of(finding, verdict), verdict.language).chances)
"""


def test_every_process_finds_the_same_to_the_last_digit() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", _CHANCES], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert b"0." in said.pop()


def test_what_pieces_tell_is_the_same_however_many_there_are() -> None:
    told = made_up(0, 0, 0, 0).told
    assert told(["nothing", "known"]).tolist() == [-1, 0]
    assert told(["lake"]).tolist() == pytest.approx([2 / 2**0.5 - 1, 1 / 2**0.5])
    assert told(["two", "boats"]).tolist() == [2, 0]


def test_a_level_is_reached_by_way_of_those_below() -> None:
    steep = made_up(4, 4, 0, 4)
    assert steep.read(CALM, [], set(), "en").severity is Severity.MODERATE
    assert made_up(4, 4, 4, 4).read(CALM, [], set(), "en").severity is Severity.CRITICAL


def test_a_long_message_is_read_in_windows_that_overlap() -> None:
    windows = meaning.windows_of(300)
    assert windows[0] == range(126)
    assert windows[1][0] == 63
    assert windows[-1][-1] == 299
    assert len(meaning.windows_of(30_000)) == 8
    assert meaning.windows_of(50) == [range(50)]
    assert meaning.windows_of(0) == [range(0)]


def test_a_chance_in_the_middle_has_a_person_asked_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(0, 0, 1.5, -5))
    found, before = engine.assess(CALM), rules_alone(CALM)
    assert (found.severity, found.unsure, found.unsure_reason) == (before.severity, True, statistics.REASON)
    assert urgency(found) == "high"
    shown = [CALM[one.start : one.end] for one in found.indicators if one.name == statistics.INDICATOR]
    assert shown == ["my", "lake", "boats"]
    assert set(before.indicators) <= set(found.indicators)


def test_a_great_chance_raises_says_so_and_names_what_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(4, 4, 4, -5), about(Category.HATE))
    found = engine.assess(CALM)
    assert (found.severity, found.life_safety) == (Severity.HIGH, True)
    assert (found.unsure, found.unsure_reason) == (True, statistics.REASON)
    assert found.categories[0] is Category.HATE


def test_what_it_is_about_goes_first_where_that_is_sure_or_the_rules_saw_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grave = "my friend has a gun in her bag"
    before = rules_alone(grave).categories
    ship(monkeypatch, made_up(0, 0, 0, 0), about(Category.GANG))
    assert engine.assess(grave).categories == (Category.GANG, *before)
    ship(monkeypatch, made_up(0, 0, 0, 0), about(Category.GANG, sure=1.0))
    assert engine.assess(grave).categories == before
    ship(monkeypatch, made_up(0, 0, 0, 0), about(Category.OTHER))
    assert engine.assess(grave).categories == before
    ship(monkeypatch, made_up(4, 4, -4, -4), about(Category.GANG, sure=1.0))
    assert engine.assess(CALM).categories == (Category.GANG,)


def test_what_is_no_danger_but_a_concern_is_raised_without_waking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(4, 4, -4, -5))
    found = engine.assess(CALM)
    assert (found.severity, found.unsure, urgency(found)) == (Severity.MODERATE, False, "queue")


def test_nothing_changes_below_its_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(0, 0, 0, 0), about(Category.GANG))
    assert engine.assess(CALM) == rules_alone(CALM)


def test_rules_that_know_better_keep_their_category_and_a_reason_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(4, 4, 4, 4), HEARD)
    grave = "my friend has a gun in her bag"
    found, before = engine.assess(grave), rules_alone(grave)
    assert found.severity is Severity.CRITICAL
    assert found.categories == before.categories
    assert not found.unsure  # The rules call a person anyway, and say why.
    assert engine.assess("help help me").unsure_reason == "too_short"


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


def test_rules_are_proven_by_tips_that_their_authors_have_not_seen() -> None:
    def tip(group: str, severity: Severity) -> learn.Example:
        return learn.Example(
            (), "", frozenset(), "en", group, severity, "weapon", paged=True, rules=frozenset({"gun/seen"})
        )

    right = [tip("en9 1", Severity.HIGH)] * 40
    assert learn.unproven(right) == ()
    assert learn.unproven([*right, tip("en9 2", Severity.NONE)]) == ()
    assert learn.unproven([*right, *[tip("en9 2", Severity.NONE)] * 3]) == ("gun/seen",)


@pytest.mark.parametrize("text", ["boats", "testing testing", "just testing"])
def test_what_is_short_or_a_try_of_the_line_is_left_alone(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    ship(monkeypatch, made_up(4, 4, 4, 4))
    assert engine.assess(text) == rules_alone(text)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([*CALM.split(), "gun", "kill", "not", "lol", "she", "game", "pistola"]), max_size=30),
    st.sampled_from(Severity),
    st.lists(st.sampled_from([-4.0, 0.5, 1.5, 4.0]), min_size=4, max_size=4),
)
def test_proven_rules_are_never_lowered(words: list[str], floor: Severity, scores: list[float]) -> None:
    text, context = " ".join(words), Context(floor=floor)
    with statistics_off():
        before = engine.assess(text, context)
    with pytest.MonkeyPatch.context() as patch:
        ship(patch, made_up(*scores))
        after = engine.assess(text, context)
    assert after.severity >= before.severity
    assert after.unsure >= before.unsure
    assert set(before.indicators) <= set(after.indicators)
    assert {"critical": 2, "high": 1, "queue": 0}[urgency(after)] >= {"critical": 2, "high": 1, "queue": 0}[
        urgency(before)
    ]


def test_a_model_is_the_same_after_it_was_written_and_read() -> None:
    first = made_up(1, 2, 3, 4)
    content = first.to_bytes()
    again = Model.parse(content)
    assert again.to_bytes() == content
    assert again.read(CALM, ["lake"], {"=none"}, "en") == first.read(CALM, ["lake"], {"=none"}, "en")
    assert (again.unproven, again.names) == (first.unproven, first.names)


@pytest.mark.parametrize(
    ("grave", "harmless"),
    [
        (
            "he said he is bringing his dads gun tomorrow and we will all see",
            "he said he is bringing his dads grill",
        ),
        ("dice que mañana va a traer la pistola de su papá a la escuela", "dice que mañana va a traer la pelota"),
        (
            "my roommate swallowed the whole bottle and wont wake up",
            "my roommate drank the whole bottle of my milk",
        ),
    ],
)
def test_the_network_says_more_of_what_is_graver_in_either_language(grave: str, harmless: str) -> None:
    first, second = meaning.read(grave), meaning.read(harmless)
    assert first.levels[HIGH] > second.levels[HIGH] + 1
    assert (first.levels[HIGH], meaning.read(grave).levels[HIGH]) == (first.levels[HIGH], first.levels[HIGH])


@pytest.mark.parametrize("text", ["", "\ud800", "\0", "a" * 100_000, "привет как дела", "no " * 30_000])
def test_the_network_says_something_of_any_text(text: str) -> None:
    assert np.isfinite(meaning.read(text).levels).all()


def test_the_gravest_window_of_a_long_message_counts() -> None:
    grave = "he took all his pills and he is not breathing help"
    long = " ".join(["we had pizza and then we went to the game with everybody."] * 40)
    assert meaning.read(f"{long} {grave} {long}").levels[HIGH] > meaning.read(long).levels[HIGH] + 1


def test_weights_card_and_what_was_found_belong_together() -> None:
    found = json.loads(learn.FOUND.read_text("utf-8"))
    shipped = model.load()
    assert (shipped is not None) == found["shipped"] == learn.Bought(**found["bought"]).buys
    assert learn.CARD.read_text("utf-8") == card.write(found)
    if shipped:
        assert (len(shipped.sign_names), shipped.asks) == (found["signs"], found["asks"])
        assert found["encoder"] == json.loads(meaning.ENCODER.with_suffix(".json").read_text("utf-8"))
        assert (shipped.calibration[:, :, 0] > 0).all()
        assert shipped.version == lexicon.VERSION, "rules changed since: run `make train`"


def test_no_tip_that_is_learnt_from_judges() -> None:
    """None of them is in the test half, word for word."""
    learnt = {row["text"].casefold() for rows in corpus.training().values() for row in rows}
    assert not learnt & {tip.text.casefold() for tip in corpus.read("test")}


@pytest.mark.parametrize(
    ("bought", "buys"),
    [
        (learn.Bought(20, 400, 1, 400, 9, 200), True),
        (learn.Bought(3, 400, 0, 400, 0, 200), False),
        (learn.Bought(20, 400, 11, 400, 9, 200), False),
        (learn.Bought(20, 400, 1, 400, 21, 200), False),
    ],
    ids=["worth it", "gains nothing much", "costs false pages", "costs needless pages"],
)
def test_layer_is_shipped_only_where_it_buys_something(bought: learn.Bought, buys: bool) -> None:
    assert bought.buys is buys


def test_train_fits_ships_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEIGHTS", "CARD", "FOUND"):
        monkeypatch.setattr(learn, name, tmp_path / name)
    monkeypatch.setattr(learn, "examples", lambda: _EXAMPLES)
    monkeypatch.setattr(glance, "write", lambda: None)
    learn.main()
    shipped = Model.parse((tmp_path / "WEIGHTS").read_bytes())
    said = [replace(HEARD, levels=np.full(len(LEVELS), sums, np.float32)) for sums in (3, -3)]
    monkeypatch.setattr(meaning, "read", lambda _: said.pop(0))
    assert shipped.read("grave", [], set(), "en").grave > shipped.read("calm", [], set(), "en").grave
    monkeypatch.setattr(learn, "_GAIN", 1.1)
    learn.main()
    assert not (tmp_path / "WEIGHTS").exists()
    assert "not shipped" in (tmp_path / "CARD").read_text("utf-8")


_EXAMPLES = [
    learn.Example(
        tuple(said + place / 10 for _ in LEVELS) if place % 3 else (),
        category,
        frozenset({"=none"}),
        language,
        f"plain {place}" if severity == "none" else f"{category} {language} {place}",
        Severity(severity),
        category,
        paged=False,
        words=(category, "today"),
    )
    for place in range(12)
    for language in LANGUAGES
    for said, severity, category in (
        (2, "high", "suicide_self_harm"),
        (4, "critical", "weapon"),
        (-4, "none", "other"),
        (-2, "low", "drugs_alcohol"),
        (0, "moderate", "physical_violence"),
    )
]
