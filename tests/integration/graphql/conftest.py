from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.front import cli
from tests.integration.graphql.rig import URL, Rig
from tests.support.world import World

Run = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def rig(world: World) -> Rig:
    return Rig(world)


@pytest.fixture
def tipline(
    rig: Rig, key_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Run:
    """Run `tipline` as the console's user does; answers the exit code, the bytes and what was complained of."""
    url = rig.world.of("console").engine.url.render_as_string(hide_password=False)
    for name, value in {"DATABASE_URL": url, "TIPLINE_KEYS_DIR": str(key_root), "TIPLINE_CONSOLE_URL": URL}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TIPLINE_VAR", str(tmp_path / "var"))
    monkeypatch.setattr("gateway.front.cli_export.utc_now", rig.world.clock)

    def run(*words: str) -> tuple[int, bytes, str]:
        capfdbinary.readouterr()
        code = cli.main(["export", *words])
        out, err = capfdbinary.readouterr()
        return code, out, err.decode()

    return run
