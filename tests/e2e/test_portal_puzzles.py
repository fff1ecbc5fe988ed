"""The puzzle of a report in a real browser: solved unseen under the page's own rules, and never waited for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from gateway.core import puzzles
from gateway.core.records import Message
from tests.support.portal_site import PortalSite, serving

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SAID = "theres a kid in the 2nd floor bathroom with a gun"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PortalSite]:
    with serving(tmp_path) as served:
        yield served


def unproven(site: PortalSite) -> list[bool]:
    with site.world.database.read() as session:
        return list(session.scalars(select(Message.unproven)))


def send(page: Page) -> None:
    page.locator("#text").fill(SAID)
    page.locator("button.main").click()
    expect(page.locator("#receipt")).to_be_visible()


def test_a_browser_solves_it_beside_the_page_and_nothing_shows(page: Page, site: PortalSite) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{site.url}/s/lincoln")
    shown = page.locator("main").inner_text()
    solution = page.locator(".report [name=solution]")
    expect(solution).to_have_value(re.compile(r"\d+"), timeout=60_000)
    challenge = puzzles.parse(page.locator(".report [name=puzzle]").input_value())
    assert challenge is not None
    assert challenge.is_solved(solution.input_value())
    assert page.locator("main").inner_text() == shown
    send(page)
    assert unproven(site) == [False]
    assert complaints == []


def test_a_form_that_is_shown_again_is_solved_again(page: Page, site: PortalSite) -> None:
    page.goto(f"{site.url}/s/lincoln")
    page.locator("button.main").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".report [name=solution]")).to_have_value(re.compile(r"\d+"), timeout=60_000)
    send(page)
    assert unproven(site) == [False]


def test_whoever_sends_before_it_is_solved_is_not_held_up(page: Page, site: PortalSite) -> None:
    page.route("**/static/solver.js", lambda route: route.abort())
    page.goto(f"{site.url}/s/lincoln")
    send(page)
    assert len(unproven(site)) == 1


def test_without_script_there_is_nothing_to_see_or_to_wait_for(browser: Browser, site: PortalSite) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/s/lincoln")
    send(page)
    context.close()
    assert len(unproven(site)) == 1
