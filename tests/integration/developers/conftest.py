import pytest

from tests.integration.graphql.rig import Rig
from tests.support.world import World


@pytest.fixture
def rig(world: World) -> Rig:
    return Rig(world)
