"""The portal in a real browser, with script and without, at 320 px and on a desk, in English and Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Request, expect
from sqlalchemy import select

from gateway.core import conversation
from gateway.core.media import showing
from gateway.core.media.cleaning import Cleaning
from gateway.core.media.records import Attachment
from gateway.core.media.workshop import Workshop
from gateway.core.records import Thread
from gateway.core.times import utc_now
from tests.support import files
from tests.support.access import faults
from tests.support.portal_site import PortalSite, serving

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
WIDTHS = {320: 640, 1280: 860}
SAID = "theres a kid in the 2nd floor bathroom with a gun"
WORDS = {
    "en": {"school": "Lincoln High School", "what": "What happened?", "where": "Where?", "send": "Send",
           "in": "Your report is in", "back": "Come back with your receipt", "receipt": "Your receipt", "open": "Open",
           "read": "A person has read your report.", "more": "Tell us more", "sent": "Sent. It is with us now.",
           "add": "Add a picture or a file", "came": "Files sent: 1"},
    "es": {"school": "Lincoln High School", "what": "¿Qué pasó?", "where": "¿Dónde?", "send": "Mandar",
           "in": "Tu reporte llegó", "back": "Vuelve con tu recibo", "receipt": "Tu recibo", "open": "Abrir",
           "read": "Una persona ya leyó tu reporte.", "more": "Cuéntanos más", "sent": "Mandado. Ya lo tenemos.",
           "add": "Agrega una foto o un archivo", "came": "Archivos mandados: 1"},
}  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PortalSite]:
    with serving(tmp_path) as served:
        yield served


def reply(site: PortalSite, text: str) -> None:
    """Answer the newest thread, as the console does, once somebody has looked at it."""
    with site.world.database.write() as session:
        thread = session.scalars(select(Thread).order_by(Thread.opened_at.desc()).limit(1)).one()
        thread.seen_at = utc_now()
        conversation.reply(session, site.world.keys["console"], thread, text, author="account:x", now=utc_now())


def photo(name: str = "IMG_0001.jpg", content: bytes = b"") -> FilePayload:
    """A picture as a phone makes it, its place in it."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": content or files.picture()}


def shown(site: PortalSite) -> list[bytes]:
    """Clean what has come, as the worker does, and open it, as the console does."""
    world = site.world
    Cleaning(world.database, world.keys["worker"], site.store, Workshop(), utc_now).clean_all()
    with world.database.read() as session:
        found = session.scalars(select(Attachment).order_by(Attachment.at, Attachment.position)).all()
    parts = [showing.part(site.store, world.keys["console"], row, 0)[1] for row in found]
    return [b"".join(part) for part in parts]


def profile(browser: Browser, width: int, locale: str, *, script: bool) -> BrowserContext:
    """Open a fresh profile: nothing is known of any before."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, java_script_enabled=script, locale=locale
    )
    context.set_default_timeout(15_000)
    return context


def watch(page: Page, site: PortalSite) -> list[str]:
    """Collect what the browser complains of and whatever it asks of somebody else."""
    complaints: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((site.url, "data:")):
            complaints.append(request.url)

    page.on("request", asked)
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def fits(page: Page) -> bool:
    """Tell whether nothing runs out of the window; a page without script cannot be asked, so its body is measured."""
    box, size = page.locator("body").bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    return all(
        (part := one.bounding_box()) is None or part["x"] + part["width"] <= size["width"] + 0.5
        for one in page.locator("main, main *:not(.skip)").all()
    )


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_tip_is_filed_read_and_answered(
    browser: Browser, site: PortalSite, language: str, width: int, script: bool
) -> None:
    words = WORDS[language]
    first = profile(browser, width, language, script=script)
    page = first.new_page()
    complaints = watch(page, site)
    page.goto(site.url)
    page.get_by_role("link", name=words["school"]).click()
    page.get_by_role("textbox", name=words["what"]).fill(SAID)
    page.get_by_role("textbox", name=words["where"]).fill("2nd floor")
    page.get_by_label(words["add"]).set_input_files(photo())
    page.get_by_role("button", name=words["send"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["in"])
    receipt = page.locator("#receipt").inner_text()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", receipt)
    assert receipt not in page.url
    assert fits(page)
    assert first.cookies() == []
    first.close()
    assert site.wakes == [None]

    reply(site, "Where is he now?")
    second = profile(browser, width, language, script=script)
    page = second.new_page()
    complaints += watch(page, site)
    page.goto(f"{site.url}/back")
    page.get_by_role("textbox", name=words["receipt"]).fill(receipt.lower().replace("-", " "))
    page.get_by_role("button", name=words["open"]).click()
    expect(page.locator("#said .you")).to_contain_text(SAID)
    expect(page.locator("#said .you")).to_contain_text(words["came"])
    expect(page.locator("#said .staff")).to_contain_text("Where is he now?")
    expect(page.locator("#seen")).to_contain_text(words["read"])
    page.get_by_role("textbox", name=words["more"]).fill("still in the bathroom")
    page.get_by_label(words["add"]).set_input_files(photo())
    page.get_by_role("button", name=words["send"], exact=True).click()
    expect(page.locator(".sent")).to_contain_text(words["sent"])
    expect(page.locator("#said .you").last).to_contain_text("still in the bathroom")
    expect(page.locator("#said .you").last).to_contain_text(words["came"])
    assert receipt not in page.url
    assert fits(page)
    assert second.cookies() == []
    second.close()
    assert complaints == []
    pictures = shown(site)
    assert [one[:3] for one in pictures] == [b"\xff\xd8\xff"] * 2
    assert not [one for one in pictures if files.MARK.encode() in one]


def file_tip(page: Page, site: PortalSite) -> str:
    """File a tip; the answer is its receipt."""
    page.goto(f"{site.url}/s/lincoln")
    page.locator("#text").fill(SAID)
    page.locator("button.main").click()
    return page.locator("#receipt").inner_text()


def test_a_reply_shows_up_on_its_own_and_what_is_typed_stays(page: Page, site: PortalSite) -> None:
    receipt = file_tip(page, site)
    page.goto(f"{site.url}/back")
    page.locator("#receipt").fill(receipt)
    page.locator("button.main").click()
    box = page.locator("#text")
    box.fill("He is")
    expect(page.locator("#seen")).to_contain_text("No one has opened it yet")
    reply(site, "Where <b>is</b> he?")
    expect(page.locator("#said .staff .words")).to_have_text("Where <b>is</b> he?", timeout=30_000)
    expect(page.locator("#seen")).to_contain_text("A person has read your report.")
    expect(page.locator("#said li")).to_have_count(2)
    expect(box).to_have_value("He is")
    expect(box).to_be_focused()
    reply(site, "Are you safe?")
    expect(page.locator("#said .staff .words").last).to_have_text("Are you safe?", timeout=30_000)


def test_a_mistake_is_named_and_focused_and_its_link_leads_to_the_field(page: Page, site: PortalSite) -> None:
    page.goto(f"{site.url}/s/lincoln")
    page.get_by_label("Where?").fill("gym")
    page.get_by_role("button", name="Send", exact=True).click()
    problems = page.get_by_role("alert")
    expect(problems).to_be_focused()
    problems.get_by_role("link").press("Enter")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#text")).to_have_accessible_description(re.compile("Write what happened"))
    expect(page.get_by_label("Where?")).to_have_value("gym")


def test_a_report_is_sent_by_keyboard_alone(page: Page, site: PortalSite) -> None:
    page.goto(site.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Go to the main part")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Lincoln High School")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Go to the main part").press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(SAID)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('button.main')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#receipt")).to_be_visible()


@pytest.mark.parametrize("by", ["click", "escape"])
def test_leaving_fast_takes_the_page_out_of_the_history(page: Page, site: PortalSite, by: str) -> None:
    page.route("https://www.weather.gov/", lambda route: route.fulfill(body="sun", content_type="text/html"))
    page.goto("about:blank")
    page.goto(f"{site.url}/s/lincoln")
    page.locator("#text").fill(SAID)
    before = page.evaluate("history.length")
    if by == "click":
        page.get_by_role("link", name="Leave fast").click()
    else:
        page.keyboard.press("Escape")
        expect(page.locator("#text")).to_have_value(SAID)
        page.keyboard.press("Escape")
    expect(page).to_have_url("https://www.weather.gov/")
    assert page.evaluate("history.length") == before
    assert page.evaluate("document.referrer") == ""
    page.go_back()
    expect(page).to_have_url("about:blank")


def test_leaving_works_without_script(browser: Browser, site: PortalSite) -> None:
    context = profile(browser, 320, "en", script=False)
    page = context.new_page()
    page.route("https://www.weather.gov/", lambda route: route.fulfill(body="sun", content_type="text/html"))
    page.goto(f"{site.url}/s/lincoln")
    with page.expect_request("https://www.weather.gov/") as asked:
        page.get_by_role("link", name="Leave fast").click()
    assert "referer" not in asked.value.headers
    context.close()


def test_a_receipt_is_copied_and_what_is_for_the_screen_is_not_printed(page: Page, site: PortalSite) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    receipt = file_tip(page, site)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("[data-copied]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == receipt
    page.emulate_media(media="print")
    expect(page.locator("#receipt")).to_be_visible()
    expect(page.get_by_role("link", name="Leave fast")).to_be_hidden()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()


def test_reloading_and_going_back_files_no_second_report(page: Page, site: PortalSite) -> None:
    receipt = file_tip(page, site)
    page.reload()
    expect(page.locator("#receipt")).to_have_text(receipt)
    page.go_back()
    expect(page.locator("#text")).to_have_value("")
    with site.world.database.read() as session:
        assert len(session.scalars(select(Thread.id)).all()) == 1


def test_help_stays_in_view_and_hides_no_field(browser: Browser, site: PortalSite) -> None:
    for width, height in WIDTHS.items():
        context = profile(browser, width, "en", script=True)
        page = context.new_page()
        page.goto(f"{site.url}/s/lincoln")
        for field in ("#text", "#who", "[name=before]", "button.main"):
            page.locator(field).focus()
            box, bar = page.locator(field).bounding_box(), page.locator("aside.now").bounding_box()
            assert box is not None
            assert bar is not None
            assert bar["y"] + bar["height"] <= height + 1, field
            assert box["y"] < bar["y"], field
            for link in ("911", "988", "741741", "(303) 555-0140", "(303) 555-0142"):
                expect(page.locator("aside.now").get_by_role("link", name=link)).to_be_in_viewport()
        small = page.evaluate(
            "[...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea')]"
            ".filter((one) => one.checkVisibility() && !one.closest('p') && !one.matches('.skip'))"
            ".map((one) => one.closest('label') ?? one)"
            ".filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 24)"
            ".map((one) => one.outerHTML)"
        )
        assert small == []
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_no_fault(
    browser: Browser, site: PortalSite, width: int, scheme: Literal["light", "dark"], language: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme, locale=language
    )
    page = context.new_page()
    found: dict[str, list[str]] = {}
    for path in ("/", "/s/lincoln", "/s/lincoln/poster", "/back", "/privacy", "/adults", "/nothing"):
        page.goto(site.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        found[path] = faults(page)
    page.goto(f"{site.url}/s/lincoln")
    page.locator("#files").set_input_files([photo("a" * 100 + ".jpg"), photo("b.jpg", bytes(17_000_000))])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found["chosen files"] = faults(page)
    page.locator("button.main").click()
    expect(page.locator("[data-lost]")).to_be_visible()
    found["receipt, and a file that did not arrive"] = faults(page)
    page.goto(f"{site.url}/s/lincoln")
    page.locator("button.main").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found["mistake"] = faults(page)
    receipt = file_tip(page, site)
    found["receipt"] = faults(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    reply(site, "Where is he? " + "x" * 300)
    page.goto(f"{site.url}/back")
    page.locator("#receipt").fill("ABCD")
    page.locator("button.main").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found["wrong receipt"] = faults(page)
    page.locator("#receipt").fill(receipt)
    page.locator("button.main").click()
    expect(page.locator("#said .staff")).to_be_visible()
    found["talk"] = faults(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("button.main").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found["unsent answer"] = faults(page)
    context.close()
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
