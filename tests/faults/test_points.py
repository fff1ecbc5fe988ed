"""Every process is killed at every point where it commits or calls, and nothing is lost for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.crowd import GRAVE, OTHER, Crowd
from tests.faults.killing import Killing, on_the_way, table
from tests.faults.site import OURS, Site, strain
from tests.faults.storm import TAKEOVER_SECONDS
from triage import engine

pytestmark = pytest.mark.faults
FEWEST = 30
"""Points that a clean run passes at least, all processes together; else the watching is broken."""


@pytest.mark.parametrize("words", GRAVE)
def test_what_the_crowd_calls_grave_is_plainly_so(words: str) -> None:
    assert engine.assess(words.format(n=7)).life_safety


@pytest.mark.parametrize("words", OTHER)
def test_what_the_crowd_calls_harmless_is_plainly_so(words: str) -> None:
    assert not engine.assess(words.format(n=7)).life_safety


def test_a_kill_at_each_point_loses_nothing(site: Site, crowd: Crowd, short: bool, show: Callable[[str], None]) -> None:
    killing = Killing(site, crowd)
    found = killing.watch()
    assert set(found) == set(OURS)
    assert sum(map(len, found.values())) >= FEWEST
    strained = strain()
    killing.everywhere(on_the_way(found, part=1 if site.postgres else 0) if short else found)
    show(f"killed at named points on {'PostgreSQL' if site.postgres else 'SQLite'}")
    show(table(killing.killed, killing.missed))
    assert killing.tally.bad == {}
    assert max(one.takeover_seconds for one in killing.killed) < TAKEOVER_SECONDS * strained
    # The carrier's own news of a text names its row, so even the text in hand goes out once.
    assert sum(one.sent_twice for one in killing.killed) == 0
