"""Texts, pages and replies while everything fails in turn."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.faults.crowd import Crowd
from tests.faults.plagues import all_of
from tests.faults.site import Site
from tests.faults.storm import SHORT_TEXTS, run

pytestmark = pytest.mark.faults
TEXTS, RATE, SHORT_RATE = 1000, 6.0, 8.0
"""So many texts a second that the last ones meet the last faults."""


def test_a_storm_loses_doubles_and_forgets_nothing(
    site: Site, crowd: Crowd, short: bool, show: Callable[[str], None]
) -> None:
    texts, per_second = (SHORT_TEXTS, SHORT_RATE) if short else (TEXTS, RATE)
    summary = run(site, crowd, texts, per_second=per_second, short=short, say=show)
    show(summary.as_table())
    assert json.loads(json.dumps(summary.as_data()))["bad"] == {}
    assert summary.plagues.keys() == {plague.name for plague in all_of(site, crowd, short=short)}
    assert summary.tally.life_safety > 0
    assert summary.tally.replies > 0
    assert summary.tally.pictures_here > 0
