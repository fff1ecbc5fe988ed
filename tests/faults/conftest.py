"""One house under fire for each database; `--short` is what CI runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.faults.crowd import Crowd
from tests.faults.site import Site, standing

PACE = 10.0
"""The slow clocks (paging anew, the carrier's list) run so many times faster in these tests."""

_FIGURES = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="the bounded form: a few minutes for both databases")


@pytest.fixture(scope="session")
def short(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--short"))


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with standing(request.param, PACE) as started:
        yield started


@pytest.fixture(scope="session")
def crowd(site: Site) -> Iterator[Crowd]:
    """Everybody who writes to the house; what one test sent is counted by the next one as well."""
    with closing(Crowd(site)) as everybody:
        yield everybody


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Take figures that are to be seen at the end, whatever came of the test: they are what the run is for."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for figures in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(figures)
