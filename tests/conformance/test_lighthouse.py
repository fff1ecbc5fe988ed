"""Lighthouse judges the portal's pages: accessibility and best practices of 95 and more, performance of 90 and more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.conftest import ask_node
from tests.conftest import find_chromium
from tests.support.portal_site import PortalSite, serving

pytestmark = [pytest.mark.conformance, pytest.mark.browser]
LEAST = {"accessibility": 95, "best-practices": 95, "performance": 90}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalSite]:
    with serving(tmp_path_factory.mktemp("lighthouse")) as served:
        yield served


@pytest.mark.parametrize("path", ["/", "/s/lincoln", "/s/lincoln?lang=es", "/back", "/privacy"])
def test_a_page_is_good_enough(site: PortalSite, path: str) -> None:
    chromium = find_chromium()
    assert chromium
    answer = ask_node("lighthouse_audit.mjs", f"{site.url}{path}", chromium)
    assert answer["fault"] is None
    scores = answer["scores"]
    assert isinstance(scores, dict)
    assert {name: scores[name] for name, least in LEAST.items() if scores[name] < least} == {}, answer["failed"]
