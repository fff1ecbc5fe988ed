"""The rules by themselves, for tests of what rules know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.triage_report.ablations import statistics_off


@pytest.fixture
def rules_alone() -> Iterator[None]:
    """Judge without the statistical layer, which may see a message otherwise."""
    with statistics_off():
        yield
