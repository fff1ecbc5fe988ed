"""A demo that was set up once, and copies of it to spoil."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import create_engine, make_url, text

from gateway.core.times import utc_now
from gateway.front import demo
from gateway.front.demo import Demo
from gateway.front.places import Var
from tests.integration.conftest import _counter
from tests.support.backup_site import Site, stamp
from tests.support.world import World


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


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Make an empty database of a kind, without a table; answers its URL."""

    def make(kind: str) -> str:
        number = next(_counter)
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'fresh{number}.db'}"
        url = request.getfixturevalue("postgres")
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE fresh_{number}"))
        admin.dispose()
        return make_url(url).set(database=f"fresh_{number}").render_as_string(hide_password=False)

    return make


@pytest.fixture
def site(
    world: World,
    key_root: Path,
    tmp_path: Path,
    fresh: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    stamp(world.database)
    monkeypatch.setenv("TIPLINE_VAR", str(tmp_path / "var"))
    root = Path(shutil.copytree(key_root, tmp_path / "keys"))
    url = world.database.engine.url.render_as_string(hide_password=False)
    made = Site(world, tmp_path, root, url, fresh, capsys, monkeypatch)
    made.key.parent.mkdir()
    made.out.mkdir()
    assert made.tipline("backup", "key", "--out", made.key)[0] == 0
    yield made
    made.close()
