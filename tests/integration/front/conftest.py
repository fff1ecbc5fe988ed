"""A demo that was set up once, and copies of it to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.core.times import utc_now
from gateway.front import demo
from gateway.front.demo import Demo
from gateway.front.places import Var


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
