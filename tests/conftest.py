"""What tests of every folder share: logs that outlive no test, and a browser, where the machine has one."""

import logging
import os
import shutil
from collections.abc import Iterator

import pytest
import structlog
from playwright.sync_api import Browser, Page, sync_playwright

from gateway.core import logs

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WITHOUT = "no Chromium on PATH: browser tests did NOT run (Debian: apt install chromium)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no browser; in CI they fail instead."""
    if find_chromium() is None and not os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=WITHOUT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was left out."""
    if any(WITHOUT in str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])):
        terminalreporter.section("BROWSER TESTS LEFT OUT", sep="!", red=True, bold=True)
        terminalreporter.write_line(WITHOUT)


def find_chromium() -> str | None:
    """Find a Chromium on PATH."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@pytest.fixture(autouse=True)
def _forget_logs() -> Iterator[None]:
    """Undo a test's `logs.setup`: it would go on writing to that test's own stderr, which pytest closes."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler.formatter, logs.Plain)]:
        root.removeHandler(handler)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the Chromium of this machine, headless; mark tests that use it `browser`.

    Once a module: while it runs, no other event loop can run in the main thread.
    """
    with sync_playwright() as playwright:
        # Its sandbox does not run as root, as CI does; nothing but our own pages is opened.
        started = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page with cookies of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
