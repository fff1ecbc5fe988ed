"""One run of the house on each kind of database, for all tests of the leak suite."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.anonymity.scene import Scene
from tests.anonymity.stage import Stage
from tests.support import postgres
from tests.support.house import running

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def _scenes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Scene]]]:
    """Play the scenes that are asked for, at the same time: most of a scene is waiting."""
    asked = {item.callspec.params.get("scene") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor() as pool:
        yield {
            kind: pool.submit(_play, kind, tmp_path_factory.mktemp("anonymity") / "var")
            for kind in KINDS
            if kind in asked
        }


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def scene(request: pytest.FixtureRequest, _scenes: dict[str, Future[Scene]]) -> Scene:
    """Play the scene; the answer is all that it left."""
    return _scenes[request.param].result()


def _play(kind: str, var: Path) -> Scene:
    with ExitStack() as open_things:
        if kind == "sqlite":
            data, url = None, f"sqlite:///{var / 'tipline.db'}"
            house = open_things.enter_context(running(var))
        else:
            folder = Path(open_things.enter_context(TemporaryDirectory(prefix="tipline-anonymity-")))
            data, url = folder / "data", _talkative(open_things.enter_context(postgres.running(folder)))
            house = open_things.enter_context(running(var, "--database-url", url))
        stage = Stage(house, url)
        stage.play()
        return stage.take(data)


def _talkative(url: str) -> str:
    """Have the server log as much as it can: every statement with its parameters."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in (
            "log_statement = 'all'",
            "log_parameter_max_length = -1",
            "log_parameter_max_length_on_error = -1",
        ):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE tipline"))
    engine.dispose()
    return make_url(url).set(database="tipline").render_as_string(hide_password=False)
