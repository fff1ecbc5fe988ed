"""A district that warns: a signing key, an area for its school, two people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from exports.cap.signature import make_key
from gateway.core import cap_keys
from gateway.core.cap_keys import Pair
from gateway.core.keys import KeySet
from tests.support.warners import Warners
from tests.support.world import START, World


@pytest.fixture(scope="session")
def pair() -> Pair:
    """Draw a key and certificate once."""
    return cap_keys.bring(*make_key("Cedar Valley School District", START, 825))


@pytest.fixture
def warners(world: World, pair: Pair, tmp_path: Path, keys: Mapping[str, KeySet]) -> Warners:
    """Give the hands of a test; `world` has the keys of every process."""
    assert keys is world.keys
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "cap.key").write_bytes(pair.together)
    made = Warners(world, folder)
    made.rules()
    made.area()
    return made
