"""Figures against values worked out elsewhere, and what counts as what."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.triage_report import floors, metrics
from tests.triage_report.corpus import Tip
from tests.triage_report.judging import Judged
from tests.triage_report.metrics import Rate
from triage.model import Indicator, Severity

SPAN = (Indicator("weapon_seen", 0, 3),)


def tip(key: str, severity: str, pair: str | None = None, category: str = "weapon") -> Tip:
    return Tip(key, "gun", "en", "bystander", "t", Severity(severity), category, (), False, pair, ("plain",), "now")


def result(rated: Tip, given: str, reason: str | None = None, category: str = "weapon") -> Judged:
    severity, reasons = Severity(given), (reason,) if reason else ()
    return Judged(rated, severity, severity.life_safety or bool(reason), reasons, (category,), SPAN)


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [(Rate(0, 10), 0.0, 0.2775), (Rate(10, 10), 0.7225, 1.0), (Rate(81, 263), 0.2553, 0.3662), (Rate(0, 0), 0.0, 1.0)],
)
def test_interval_is_wilsons(rate: Rate, low: float, high: float) -> None:
    """The third is the example of R. G. Newcombe, Statistics in Medicine 17 (1998), table I."""
    assert rate.interval == pytest.approx((low, high), abs=1e-4)


def test_figures_count_an_unsure_that_pages_as_a_page() -> None:
    judged = [
        result(tip("a", "critical"), "critical"),
        result(tip("b", "critical"), "high"),
        result(tip("c", "high"), "none", "undecided"),
        result(tip("d", "high"), "moderate"),
        result(tip("e", "none"), "none", "too_short"),
        result(tip("f", "none"), "low"),
        result(tip("g", "moderate"), "high"),
        replace(result(tip("h", "low"), "none"), spans=()),
    ]
    assert metrics.figures(judged) == {
        "recall": Rate(3, 4),
        "sure_recall": Rate(2, 4),
        "critical": Rate(1, 2),
        "false_pages": Rate(1, 2),
        "needless_pages": Rate(1, 2),
        "pairs": Rate(0, 0),
        "shown": Rate(7, 8),
    }


@pytest.mark.parametrize(
    ("calm", "grave", "both"),
    [("none", "high", 1), ("none", "low", 0), ("high", "high", 0), ("low", "critical", 1)],
)
def test_pairs_want_both_twins_right(calm: str, grave: str, both: int) -> None:
    judged = [
        result(tip("a", "none", "b"), calm),
        result(tip("b", "high", "a"), grave),
        result(tip("c", "none"), "none"),
    ]
    assert metrics.pairs(judged) == Rate(both, 1)


def test_pairs_leave_out_a_twin_that_was_not_judged() -> None:
    assert metrics.pairs([result(tip("a", "none", "b"), "none")]) == Rate(0, 0)


def test_macro_f1_counts_each_true_label_the_same() -> None:
    assert metrics.macro_f1([("a", "a"), ("a", "a"), ("a", "b"), ("b", "b")]) == pytest.approx((0.8 + 2 / 3) / 2)
    assert metrics.macro_f1([("a", "c")]) == 0.0


def test_kappa_weighs_far_disagreements_more() -> None:
    """Values by hand: two raters, three ranks."""
    assert metrics.kappa([(0, 0), (1, 1), (2, 2)]) == 1.0
    assert metrics.kappa([(0, 0), (0, 2), (2, 2), (2, 0)]) == pytest.approx(0.0)
    ratings = [(0, 0), (0, 1), (1, 1), (2, 2)]
    assert metrics.kappa(ratings) == pytest.approx(1 - (1 / 4) / (20 / 16))
    assert metrics.kappa(ratings, weighted=False) == pytest.approx(1 - (1 / 4) / (11 / 16))
    assert metrics.kappa([(0, 0), (0, 2), (1, 1), (2, 2)]) < metrics.kappa(ratings)


def test_floors_only_tighten_and_name_what_is_worse(tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    first = {name: Rate(8, 10) for name in floors.HELD} | {"false_pages": Rate(2, 10)}
    floors.tighten(first, path)
    assert floors.broken(first, floors.read(path)) == {}
    worse = first | {"recall": Rate(7, 10), "false_pages": Rate(3, 10), "critical": Rate(9, 10)}
    assert floors.broken(worse, floors.read(path)) == {"recall": (0.7, 0.8), "false_pages": (0.3, 0.2)}
    kept = floors.tighten(worse, path)
    assert (kept["recall"], kept["false_pages"], kept["critical"]) == (0.8, 0.2, 0.9)
    assert floors.read(path) == kept
