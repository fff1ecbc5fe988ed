"""Filters: the dialects of the Subscriptions API, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.core.errors import BadInput
from responders.subscriptions import filters

EVENT = {"type": "org.tipline.case.opened.v1", "school": "lincoln", "severity": "high", "subject": "case/1"}


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        pytest.param([], True, id="none"),
        pytest.param([{"exact": {"severity": "high"}}], True, id="exact"),
        pytest.param([{"exact": {"severity": "hig"}}], False, id="exact is not the beginning"),
        pytest.param([{"exact": {"severity": "high", "school": "cedar"}}], False, id="all attributes of one"),
        pytest.param([{"exact": {"caseid": "1"}}], False, id="an attribute that is not there"),
        pytest.param([{"prefix": {"type": "org.tipline.case."}}], True, id="prefix"),
        pytest.param([{"suffix": {"type": ".opened.v1"}}], True, id="suffix"),
        pytest.param([{"suffix": {"type": ".noted.v1"}}], False, id="suffix of another type"),
        pytest.param([{"any": [{"exact": {"school": "cedar"}}, {"exact": {"severity": "high"}}]}], True, id="any"),
        pytest.param([{"all": [{"exact": {"school": "cedar"}}, {"exact": {"severity": "high"}}]}], False, id="all"),
        pytest.param([{"not": {"exact": {"school": "cedar"}}}], True, id="not"),
        pytest.param([{"exact": {"severity": "high"}}, {"exact": {"school": "cedar"}}], False, id="every one of them"),
    ],
)
def test_passes(wanted: list[dict[str, Any]], passes: bool) -> None:
    assert filters.passes(filters.check(wanted), EVENT) is passes


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"exact": {"type": "org.tipline.case.openned.v1"}}, id="exact"),
        pytest.param({"exact": {"type": "org.tipline.case.opened"}}, id="exact, as it is stored"),
        pytest.param({"prefix": {"type": "org.tipline.cases."}}, id="prefix"),
        pytest.param({"suffix": {"type": ".opened"}}, id="suffix"),
        pytest.param({"any": [{"exact": {"school": "a"}}, {"not": {"exact": {"type": "x"}}}]}, id="deep"),
    ],
)
def test_a_type_that_there_is_not_is_refused_and_named(wanted: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="There are no events of the type "):
        filters.check([wanted])


def test_choices_are_filters_that_can_be_told() -> None:
    chosen = filters.of_choices(["case", "page"], ["lincoln"], ["high", "critical"])
    assert filters.check(chosen) == chosen
    assert filters.passes(chosen, EVENT)
    assert not filters.passes(chosen, {**EVENT, "severity": "low"})
    assert not filters.passes(chosen, {name: value for name, value in EVENT.items() if name != "school"})
    assert filters.told(chosen) == (
        "(type begins with case. or type begins with page.) and (school is lincoln) and"
        " (severity is high or severity is critical)"
    )
    assert filters.told(filters.of_choices([], [], [])) == "every event"
