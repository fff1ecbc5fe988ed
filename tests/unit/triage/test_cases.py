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
    "my teacher smelled like alcohol and was drunk in class": "no danger to life by meaning",
    "my cousin has to rob somebody to get into the gang": "a chance of a hair below",
    "i dont see myself making it to senior year": "read as school",
    "i hate myself so much i punched the mirror till my hand bled": "not read as harm",
    "if youre reading this im already gone tell nana i tried": "read as running away",
    "the bus driver ran two red lights and was falling asleep": "read as a complaint",
    "my best friend gave me his favorite hoodie and said hed never need it again": "read as growing out of it",
    "creo que mi amiga esta embarazada de su padrastro": "read as family news",
    "algo malo va a pasar mañana en la escuela": "a chance of a hair below",
    "i sleep in my car with my brother and its freezing": "read as cold weather",
    "keep your brother home on the 12th and dont ask me why": "no danger by its words",
    "he puts his hand en mi pierna every time I go to tutoring, es el profe de mate": "touching in both languages",
}
"""Grave tips whose rules were too often wrong elsewhere, and which the network does not back: nobody is woken."""


def _rated() -> list[tuple[str, str, dict[str, Any]]]:
    """Every tip, after the name of its file and before its group."""
    return [
        (path.stem.removeprefix("cases_"), tip, group)
        for path in sorted(_HERE.glob("cases_*.yaml"))
        for group in yaml.safe_load(path.read_text("utf-8"))
        for tip in group["tips"]
    ]


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    ("tip", "group"), [pytest.param(tip, group, id=f"{name}-{tip}") for name, tip, group in _rated()]
)
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


def test_the_whole_engine_calls_a_person_for_all_that_is_grave_but_what_is_known() -> None:
    grave = [tip for _, tip, group in _rated() if Severity(group["least"]) >= Severity.HIGH]
    missed = {tip for tip in grave if urgency(assess(tip)) == "queue"}
    assert missed <= _OTHERWISE.keys()
    assert len(_OTHERWISE) <= 0.03 * len(grave)


def test_the_whole_engine_calls_nobody_for_nearly_all_that_is_not() -> None:
    calm = [
        tip
        for _, tip, group in _rated()
        if Severity(group.get("most", "critical")) < Severity.HIGH and not group.get("unsure")
    ]
    called = [tip for tip in calm if urgency(assess(tip)) != "queue"]
    assert len(called) <= 0.05 * len(calm), called


def test_cases_are_enough_and_cover_every_category() -> None:
    groups = [group for path in _HERE.glob("cases_*.yaml") for group in yaml.safe_load(path.read_text("utf-8"))]
    spanish = yaml.safe_load((_HERE / "cases_es.yaml").read_text("utf-8"))
    assert sum(len(group["tips"]) for group in spanish) >= 80
    assert sum(len(group["tips"]) for group in groups) >= 500
    assert {group["main"] for group in groups if "main" in group} == set(Category) - {Category.OTHER}
