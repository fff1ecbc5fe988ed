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
TEXTS = 1000


def test_a_storm_loses_doubles_and_forgets_nothing(
    site: Site, crowd: Crowd, short: bool, show: Callable[[str], None]
) -> None:
    summary = run(site, crowd, SHORT_TEXTS if short else TEXTS, short=short)
    show(summary.as_table())
    assert json.loads(json.dumps(summary.as_data()))["bad"] == {}
    assert summary.plagues.keys() == {plague.name for plague in all_of(site, crowd, short=short)}
    assert summary.tally.life_safety > 0
    assert summary.tally.replies > 0
