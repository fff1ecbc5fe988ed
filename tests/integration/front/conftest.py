"""A demo that was set up once, and copies of it to spoil."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from gateway.core.times import utc_now
from gateway.front import demo
from gateway.front.demo import Demo
from gateway.front.places import Var


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Put back how logs are written: a process that ran in a test wrote to that test's own stderr."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Var, Demo]:
    """Set up a demo: secrets, keys, tables, district, stories."""
    var = Var(tmp_path_factory.mktemp("demo") / "var")
    return var, demo.prepare(var, {}, utc_now())


@pytest.fixture
def var(prepared: tuple[Var, Demo], tmp_path: Path) -> Var:
    """Copy the demo, so that a test may change it."""
    copy = Var(tmp_path / "var")
    shutil.copytree(prepared[0].root, copy.root)
    return copy
