"""Our own rated tips: each must come out within the severity we gave it, with its main category, and show why."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from triage.engine import assess
from triage.model import LIFE_SAFETY, Category, Severity
from triage.policy import urgency

_HERE = Path(__file__).parent


_OTHERWISE = {
    "unos kids traen weed to school y la venden in the bathroom": "a person is called for what is moderate",
    "we havent had food or power in a week and mom isnt coming back": "neglect, but by meaning alone moderate",
    "he always tells her what to wear and gets mad if she talks to other guys": "a person is called for it",
}
"""Tips that the engine is known to rate otherwise, and how: one way or the other a fit of `make train` decides."""


def _cases() -> list[Any]:
    return [
        pytest.param(
            tip,
            group,
            id=f"{path.stem.removeprefix('cases_')}-{tip}",
            marks=[pytest.mark.xfail(reason=_OTHERWISE[tip])] if tip in _OTHERWISE else [],
        )
        for path in sorted(_HERE.glob("cases_*.yaml"))
        for group in yaml.safe_load(path.read_text("utf-8"))
        for tip in group["tips"]
    ]


@pytest.mark.parametrize(("tip", "group"), _cases())
def test_assess_rates_a_tip_as_people_did(tip: str, group: dict[str, Any]) -> None:
    assessment = assess(tip)
    least, most = Severity(group["least"]), Severity(group.get("most", "critical"))
    assert least <= assessment.severity <= most
    assert assessment.life_safety == (assessment.severity in LIFE_SAFETY)
    if "main" in group:
        assert assessment.categories[0] == group["main"]
    if group.get("unsure"):
        assert assessment.unsure
    elif most < Severity.HIGH:
        assert urgency(assessment) == "queue"
    assert assessment.indicators or assessment.unsure


def test_cases_are_enough_and_cover_every_category() -> None:
    groups = [group for path in _HERE.glob("cases_*.yaml") for group in yaml.safe_load(path.read_text("utf-8"))]
    spanish = yaml.safe_load((_HERE / "cases_es.yaml").read_text("utf-8"))
    assert sum(len(group["tips"]) for group in spanish) >= 80
    assert sum(len(group["tips"]) for group in groups) >= 500
    assert {group["main"] for group in groups if "main" in group} == set(Category) - {Category.OTHER}
