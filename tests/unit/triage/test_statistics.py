"""The statistical layer raises, has a person asked, and holds back only what unproven rules alone made of a message."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.made_up_model import HEARD, about, made_up, rules_alone, ship
from tests.triage_report import card, corpus, glance, learn
from tests.triage_report.ablations import statistics_off
from triage import engine, lexicon, statistics
from triage.model import Category, Context, Severity
from triage.policy import urgency
from triage.statistics import meaning, model
from triage.statistics.meaning import HIGH, LEVELS
from triage.statistics.model import LANGUAGES, Model

CALM = "my friend is telling everyone that he is going to the lake with his uncle and they will rent two boats"


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
