"""Take the README's pictures from a running house: `make pictures`. The story is played for real; nothing is staged."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import find_chromium
from tests.support.house import DANA, House, running, until
from tests.support.receivers import TAKEN, Got, Reply, consent, receiving

FOLDER = Path(__file__).parents[1] / ".github" / "images"
TIP = "theres a kid in the 2nd floor bathroom with a gun"
REPLY = "Thank you for telling us. Help is on the way. Are you somewhere safe?"
STUDENT = "+13035550123"


def main() -> None:
    """Play the story and keep a picture of each scene."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "var") as house,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        play(house, browser)
        report(house, browser)
        warn(house, browser)
        subscribe(house, browser)
        browser.close()


def play(house: House, browser: Browser) -> None:
    """A student texts, a counsellor is paged, looks, answers by the console; the answer reaches the phone."""
    phones, console = open_page(browser, house.phones_url, 1200, 820), open_page(browser, house.console_url, 1200, 900)
    phones.fill("#student-text", TIP)
    phones.press("#student-text", "Enter")
    page = until(lambda: house.received(DANA), "the page")[0]
    number = re.findall(r"Case (\d{4}-\d{4})", page)[0]
    console.fill("[name=username]", "dana")
    console.fill("[name=password]", house.password)
    console.press("[name=password]", "Enter")
    console.wait_for_selector(f"a[href='/cases/{number}']")
    keep(console, "inbox")
    console.goto(f"{house.console_url}/cases/{number}")
    keep(console, "case")
    console.fill("form.reply textarea", REPLY)
    console.click("form.reply button")
    until(lambda: REPLY in house.received(STUDENT), "the reply")
    house.text(DANA, re.findall(r"Reply (\d{4})", page)[0], to="+13035550110")
    until(lambda: len(house.received(DANA)) > 1, "the answer to the code")
    phones.wait_for_timeout(1000)
    keep(phones, "phones")
    narrow = browser.new_context(
        viewport={"width": 375, "height": 760}, storage_state=console.context.storage_state()
    ).new_page()
    narrow.goto(f"{house.console_url}/cases/{number}")
    keep(narrow, "case-narrow")


def report(house: House, browser: Browser) -> None:
    """Another student reports on the web, and is shown a receipt."""
    portal = open_page(browser, f"{house.public_url}/s/lincoln", 375, 760)
    portal.fill("#text", TIP)
    keep(portal, "portal")
    portal.click("button.main")
    portal.wait_for_selector("#receipt")
    keep(portal, "portal-receipt")


def warn(house: House, browser: Browser) -> None:
    """A counsellor prepares an alert, another member of staff reads it and approves."""
    dana, riley = (signed_in(house, browser, name) for name in ("dana", "riley"))
    dana.click(".row-what a")
    dana.click("#escalate")
    keep(dana, "alert-form")
    dana.click("#save")
    dana.wait_for_selector("#propose")
    keep(dana, "alert-preview")
    dana.click("#propose")
    riley.goto(dana.url)
    riley.wait_for_selector("#approve")
    keep(riley, "alert-approval")


def signed_in(house: House, browser: Browser, name: str) -> Page:
    """Open the console as a member of staff."""
    page = open_page(browser, house.console_url, 1200, 900)
    page.fill("[name=username]", name)
    page.fill("[name=password]", house.password)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(".rows")
    return page


def subscribe(house: House, browser: Browser) -> None:
    """An administrator has the case system sent events; it takes all but one, which it does not understand."""
    spoilt: list[str] = []

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        (event,) = got.events
        if "note" in event["data"] and not spoilt:
            spoilt.append(event["id"])
        return (415, {}, b"") if event["id"] in spoilt else TAKEN

    with receiving(choose) as receiver:
        console = open_page(browser, f"{house.console_url}/subscriptions", 1200, 900)
        console.fill("[name=username]", "marcus")
        console.fill("[name=password]", house.password)
        console.press("[name=password]", "Enter")
        console.fill("#name", "County dispatch (CAD)")
        console.fill("#sink", receiver.url)
        console.select_option("#thing", ["case", "message", "page"])
        console.select_option("#severity", ["high", "critical"])
        console.click("form.stack button.main")
        console.wait_for_selector("#secret")
        assert receiver.wait(lambda: bool(receiver.got)), "the question whether it agrees"
        console.click("main a")
        until(lambda: shows(console, "no limit"), "its consent")
        house.text(STUDENT, "he is by the gym now")
        console.goto(f"{house.console_url}/")
        console.click(".row-what a")
        console.fill("#note-text", "Officer Chen is on the second floor.")
        console.click("#notes form button")
        assert receiver.wait(lambda: bool(spoilt)), "the note"
        console.goto(f"{house.console_url}/subscriptions")
        console.click("main h2 a")
        until(lambda: shows(console, "Send again"), "the deliveries")
        keep(console, "subscription")


def shows(page: Page, words: str) -> bool:
    """Load a page anew, and tell whether these words are on it."""
    page.reload()
    return words in page.content()


def open_page(browser: Browser, url: str, width: int, height: int) -> Page:
    """Open a page of a size."""
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.goto(url)
    return page


def keep(page: Page, name: str) -> None:
    """Keep a picture of what the page shows now."""
    page.wait_for_timeout(600)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
