"""The statistical layer may have a person asked, and can do nothing else."""

import ast
import json
from math import exp, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage_report import card, learn
from tests.triage_report.ablations import statistics_off
from triage import engine, lexicon, statistics
from triage.model import Context, Severity

CALM = "my friend is telling everyone that he is going to the lake with his uncle and they will rent two boats"
CALLED = statistics.Model("made-up", 0.5, 0.0, {"und": (1.0, 4.0), "en": (1.0, 4.0)}, {" la": 2.0, "lake": 3.0})
SILENT = statistics.Model("made-up", 0.5, 0.0, {"und": (1.0, -4.0)}, {" la": -1.0})


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that finds every message alike to grave ones."""
    monkeypatch.setattr(statistics, "load", lambda: CALLED)


def test_grams_are_pieces_of_each_word_with_its_ends() -> None:
    assert statistics.grams(["go", "go"]) == {" go", "go ", " go "}


def test_chance_is_the_sum_of_known_pieces_whatever_the_length() -> None:
    expected = (2.0 + 3.0) / sqrt(2)
    assert CALLED.score(["lake"]) == CALLED.score(["lake", "lake"]) == pytest.approx(expected)
    assert CALLED.chance(["lake"], "en") == pytest.approx(1 / (1 + exp(-expected - 4)))
    assert CALLED.score(["zzz"]) == CALLED.bias


def test_heed_asks_a_person_and_shows_the_words(always: None) -> None:
    found = engine.assess(CALM)
    with statistics_off():
        before = engine.assess(CALM)
    assert (before.unsure, before.life_safety) == (False, False)
    assert (found.unsure, found.unsure_reason) == (True, statistics.REASON)
    assert (found.severity, found.categories) == (before.severity, before.categories)
    shown = [CALM[one.start : one.end] for one in found.indicators if one.name == statistics.INDICATOR]
    assert "lake" in shown
    assert set(before.indicators) <= set(found.indicators)


def test_heed_is_silent_below_its_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "load", lambda: SILENT)
    assert not engine.assess(CALM).unsure


@pytest.mark.parametrize(
    "text",
    [
        "he goes to the lake",
        CALM + " lol",
        "we are all going to the lake with two boats and it will be great fun for all of us today",
    ],
    ids=["few words", "a cue of calm", "tells of nobody"],
)
def test_heed_asks_only_about_a_person_at_some_length(always: None, text: str) -> None:
    assert engine.assess(text).unsure_reason != statistics.REASON


@pytest.mark.parametrize("text", ["my friend has a gun in her bag at school and " + CALM, "help"])
def test_heed_leaves_alone_what_has_a_person_called_anyway(always: None, text: str) -> None:
    found = engine.assess(text)
    with statistics_off():
        assert engine.assess(text) == found


def test_heed_leaves_alone_a_thread_that_has_a_person_called_anyway(always: None) -> None:
    assert not engine.assess(CALM, Context(floor=Severity.HIGH)).unsure


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([*CALM.split(), "gun", "kill", "not", "lol", "she", "game", "pistola"]), max_size=30),
    st.sampled_from(Severity),
)
def test_statistics_never_lower(words: list[str], floor: Severity) -> None:
    text, context = " ".join(words), Context(floor=floor)
    with statistics_off():
        before = engine.assess(text, context)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "load", lambda: CALLED)
        after = engine.assess(text, context)
    assert (after.severity, after.categories, after.missing) == (before.severity, before.categories, before.missing)
    assert after.unsure >= before.unsure
    assert set(before.indicators) <= set(after.indicators)


def test_what_the_layer_asks_of_the_lexicon_is_there() -> None:
    """Classes go by their names: one that was renamed would silence the layer, or let it ask about games."""
    layers = lexicon.load().matcher.layers
    names = {
        pattern.name
        for layer in layers
        for table in (layer.by_word, layer.by_prefix, layer.by_class)
        for patterns in table.values()
        for pattern in patterns
    }
    assert {statistics._TOLD, *statistics._CALM} <= names


def test_weights_card_and_what_was_found_belong_together() -> None:
    found = json.loads(learn.FOUND.read_text("utf-8"))
    model = statistics.load()
    assert (model is not None) == found["shipped"] == (learn.Bought(**found["bought"]).buys or found["by_hand"])
    assert learn.CARD.read_text("utf-8") == card.write(found)
    if model:
        assert (len(model.weights), model.threshold) == (found["pieces"], found["threshold"])
        assert set(model.calibration) == set(learn.LANGUAGES)
        assert all(slope > 0 for slope, _ in model.calibration.values())


def test_triage_scores_without_a_library() -> None:
    for path in Path(statistics.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name.partition(".")[0] for name in names | modules} & {"numpy", "scipy", "sklearn"}


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
    """On few tips it buys nothing and takes the weights away, unless somebody decides otherwise."""
    for name in ("WEIGHTS", "CARD", "FOUND"):
        monkeypatch.setattr(learn, name, tmp_path / name)
    monkeypatch.setattr(learn, "_GAIN", 1.1)
    monkeypatch.setattr(learn, "examples", lambda _: _EXAMPLES)
    (tmp_path / "WEIGHTS").write_text("old", "utf-8")
    learn.main([])
    assert not (tmp_path / "WEIGHTS").exists()
    assert "not shipped" in (tmp_path / "CARD").read_text("utf-8")
    learn.main(["--ship"])
    model = statistics.Model.parse(json.loads((tmp_path / "WEIGHTS").read_text("utf-8")))
    assert model.chance(["pills"], "en") > model.chance(["lunch"], "en")
    assert json.loads((tmp_path / "FOUND").read_text("utf-8"))["by_hand"]
    assert "by decision" in (tmp_path / "CARD").read_text("utf-8")


_EXAMPLES = [
    learn.Example((word, "today"), language, f"theme {theme}", Severity(severity), open=True)
    for theme in range(12)
    for language in learn.LANGUAGES
    for word, severity in (("pills", "high"), ("lunch", "none"), ("vape", "low"))
]
