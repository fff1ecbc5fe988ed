"""Files in a real browser: choosing, taking out again, seeing how far they are, and what did not arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect
from sqlalchemy import func, select

from gateway.core.media.records import Attachment
from gateway.core.records import Message, Thread
from tests.support import files
from tests.support.access import faults
from tests.support.portal_site import PortalSite, serving

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
SAID = "he has a knife in his locker"
LINCOLN = "/s/lincoln"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PortalSite]:
    with serving(tmp_path) as served:
        yield served


def photo(name: str = "one.jpg", content: bytes = b"") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content or files.picture()}


def states(site: PortalSite) -> list[tuple[str, str | None]]:
    with site.world.database.read() as session:
        rows = session.execute(select(Attachment.state, Attachment.reason).order_by(Attachment.position))
        return [(state, reason) for state, reason in rows]


def count(site: PortalSite, table: type) -> int:
    with site.world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def begin(page: Page, site: PortalSite, *chosen: FilePayload) -> None:
    page.goto(f"{site.url}{LINCOLN}")
    page.locator("#text").fill(SAID)
    page.locator("#files").set_input_files(chosen)


def test_files_are_added_one_by_one_and_taken_out_again_by_keyboard(page: Page, site: PortalSite) -> None:
    begin(page, site, photo("one.jpg"), photo("two.jpg"))
    page.locator("#files").set_input_files([photo("three.jpg"), photo("one.jpg", b"other")])
    lines = page.locator("#chosen li")
    expect(lines).to_have_count(4)
    expect(page.locator("#chosen-news")).to_contain_text("three.jpg")
    page.get_by_role("button", name="Take out: two.jpg").press("Enter")
    expect(lines).to_have_count(3)
    expect(page.get_by_role("button", name="Take out: three.jpg")).to_be_focused()
    assert page.evaluate("[...document.querySelector('#files').files].map((one) => one.name)") == [
        "one.jpg",
        "three.jpg",
        "one.jpg",
    ]
    for _ in range(3):
        lines.first.get_by_role("button").press("Enter")
    expect(page.locator("#files")).to_be_focused()
    expect(page.locator("#chosen")).to_be_hidden()
    page.locator("button.main").click()
    expect(page.locator("#receipt")).to_be_visible()
    assert states(site) == []


def test_too_many_and_too_large_are_told_before_they_are_sent(page: Page, site: PortalSite) -> None:
    begin(page, site, *(photo(f"{number}.jpg") for number in range(12)))
    expect(page.locator("#chosen li")).to_have_count(10)
    expect(page.locator("#chosen-news")).to_have_text("Only 10 files fit at once.")
    page.reload()
    page.locator("#files").set_input_files(photo("large.jpg", bytes(17_000_000)))
    expect(page.locator("#chosen .fault")).to_have_text("This is too big to send.")


def test_how_much_is_sent_is_shown_and_read_out(page: Page, site: PortalSite) -> None:
    held: list[Route] = []
    page.route(
        f"**{LINCOLN}", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    begin(page, site, photo())
    with page.expect_request(lambda request: request.method == "POST"):
        page.locator("button.main").click()
    expect(page.locator("button.main")).to_have_text("Sending…")
    expect(page.locator("#progress")).to_be_visible()
    expect(page.get_by_role("progressbar", name="How much is sent")).to_be_visible()
    expect(page.locator("#progress-news")).not_to_be_empty()
    assert page.locator("#progress-news").get_attribute("role") == "status"
    assert faults(page) == []
    held.pop().continue_()
    page.unroute(f"**{LINCOLN}")
    expect(page.locator("#receipt")).to_be_visible()
    assert states(site) == [("sealed", None)]


def test_a_line_that_breaks_keeps_words_and_files_on_the_page(page: Page, site: PortalSite) -> None:
    page.route(f"**{LINCOLN}", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    begin(page, site, photo())
    page.locator("button.main").click()
    expect(page.locator("#progress-news")).to_contain_text("That did not get through.")
    expect(page.locator("#text")).to_have_value(SAID)
    expect(page.locator("#chosen li")).to_have_count(1)
    page.unroute(f"**{LINCOLN}")
    page.locator("button.main").click()
    expect(page.locator("#receipt")).to_be_visible()
    assert (count(site, Message), states(site)) == (1, [("sealed", None)])


def test_what_is_wrong_with_the_words_is_shown_and_files_stay_chosen(page: Page, site: PortalSite) -> None:
    begin(page, site, photo())
    page.locator("#text").fill("x" * 30_000)
    page.locator("button.main").click()
    problems = page.get_by_role("alert")
    expect(problems).to_be_focused()
    expect(problems).to_contain_text("too long for one report")
    expect(problems).not_to_contain_text("Choose your files again")
    expect(page.locator("#chosen li")).to_have_count(1)
    page.locator("#text").fill(SAID)
    page.locator("button.main").click()
    expect(page.locator("#receipt")).to_be_visible()
    assert states(site) == [("sealed", None)]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_file_that_did_not_arrive_is_named_and_the_receipt_is_there(
    browser: Browser, site: PortalSite, script: bool
) -> None:
    context = browser.new_context(java_script_enabled=script, viewport={"width": 320, "height": 640})
    page = context.new_page()
    begin(page, site, photo(), photo("large.jpg", bytes(17_000_000)))
    page.locator("button.main").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Your words arrived. These files did not.")
    expect(alert.get_by_role("listitem")).to_have_text(
        ["File 2: It is too big. A picture can have up to 16 MB, a film up to 100 MB."]
    )
    receipt = page.locator("#receipt").inner_text()
    assert states(site) == [("sealed", None), ("refused", "too_large")]
    page.goto(f"{site.url}/back")
    page.locator("#receipt").fill(receipt)
    page.locator("button.main").click()
    page.locator("#files").set_input_files(photo("large.jpg", bytes(17_000_000)))
    page.locator("#text").fill("here it is")
    page.locator("button.main").click()
    expect(page.locator(".sent")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("You can add them again below.")
    context.close()


def test_reloading_the_receipt_and_going_back_files_no_second_report(page: Page, site: PortalSite) -> None:
    begin(page, site, photo())
    page.locator("button.main").click()
    receipt = page.locator("#receipt").inner_text()
    page.reload()
    expect(page.locator("#receipt")).to_have_text(receipt)
    page.go_back()
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#chosen li")).to_have_count(0)
    assert (count(site, Thread), count(site, Message), len(states(site))) == (1, 1, 1)
