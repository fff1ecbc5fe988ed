"""One house for all end-to-end tests of a module: the real processes, as `make run` starts them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.house import House, alive, running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the demo; afterwards nothing of it may be left."""
    var = tmp_path_factory.mktemp("house") / "var"
    with running(var) as started:
        yield started
    assert alive(var) == []
