"""Joining at the console in a real browser: five tips over five channels, four presses of a key, and without script."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvicorn
import yaml
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from gateway.core import key_files
from gateway.core.database import Database
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import Base
from gateway.core.times import utc_now
from responders import console
from responders.accounts import service as accounts
from responders.cases.records import Case, CaseThread
from responders.directory import service as directory
from responders.dispatch import Dispatcher
from responders.linker import Linker
from responders.linking import service as linking
from tests.e2e.test_console_pages import PASSWORD, Waker, sign_in
from tests.integration.conftest import _grant
from tests.support.access import faults
from tests.support.postgres import running
from tests.support.world import PAGING, SECOND, RecordingSender, SetClock, World

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
ANA = "+13035550141"
TOLD: dict[str, str] = dict(
    yaml.safe_load((Path(__file__).parents[1] / "unit/triage/likeness_threat.yaml").read_text("utf-8"))
)


@dataclass
class Served:
    """A console over a small district, and the worker that a test lets work."""

    url: str
    world: World

    def __post_init__(self) -> None:
        database, keys = self.world.of("worker"), self.world.keys["worker"]
        self.worker = Dispatcher(database, keys, self.world.clock, RecordingSender(), self.url, engine_seconds=60.0)
        self.linker = Linker(database, keys, self.world.clock)

    def work(self) -> None:
        """Let courier, worker and linker do what is due."""
        self.world.clock.now = utc_now()
        self.world.courier.thread_all()
        self.worker.run()
        self.linker.run()

    def five_tips(self) -> None:
        """One threat over five channels."""
        tips: tuple[Any, ...] = (
            lambda: self.world.text(TOLD["sms"], sender="+13035550121"),
            lambda: self.world.text(TOLD["second line"], sender="+13035550122", to=SECOND),
            lambda: self.world.report(TOLD["portal"]),
            lambda: self.world.report(TOLD["parent page"], role="parent"),
            lambda: self.world.text(TOLD["staff by text"], sender=ANA, to=PAGING),
        )
        for tell in tips:
            self.world.clock.now = utc_now()
            tell()
            self.work()

    def cases(self) -> list[Case]:
        with self.world.database.read() as session:
            return list(session.scalars(select(Case).order_by(Case.number)))


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    if getattr(request, "param", "sqlite") == "sqlite":
        yield from _serve(tmp_path, f"sqlite:///{tmp_path / 'tipline.db'}")
        return
    # Not under pytest's own folder: a second pytest closes that to the user whom the server runs as under root.
    with TemporaryDirectory(prefix="tipline-joining-") as folder, running(Path(folder)) as url:
        yield from _serve(tmp_path, url)


def _serve(folder: Path, url: str) -> Iterator[Served]:
    key_files.init(folder / "keys", ["demo"], utc_now())
    keys: Mapping[str, KeySet] = {process: load(folder / "keys" / process, process) for process in PROCESSES}
    database = Database(url)
    Base.metadata.create_all(database.engine)
    if not database.is_sqlite:
        _grant(url)
    world = World(database, keys, clock=SetClock(utc_now()))
    world.build()
    with database.write() as session:
        accounts.create(session, world.district_id, "dana", "Dana Ortiz", "counsellor", PASSWORD, utc_now())
        ana = directory.add_responder(session, world.district_id, "Ana Ruiz", "officer", ANA)
        directory.set_duty(session, world.district_id, None, directory.ON_CALL, [ana.id])
    parts = console.prepare(world.of("console"), keys["console"], utc_now, Waker(), "http://127.0.0.1")
    app = console.create(parts)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.02)
    yield Served(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", world)
    app.state.close_streams()
    server.should_exit = True
    thread.join(10)
    World.close()
    database.close()


@pytest.mark.parametrize("served", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_five_tips_over_five_channels_are_one_case_after_four_presses_of_a_key(page: Page, served: Served) -> None:
    served.five_tips()
    first, *others = served.cases()
    assert len(others) == 4
    complaints = sign_in(page, served, f"/cases/{first.number}")  # type: ignore[arg-type]  # it has a url
    for left in (4, 3, 2, 1):
        expect(page.locator(".proposals > li")).to_have_count(left)
        expect(page.locator(".proposals > li").first).to_contain_text(re.compile("Name: Mar[ck]us"))
        expect(page.locator("#live-state")).to_have_text("Live")  # Then the script is there.
        page.keyboard.press("j")
    expect(page.locator(".proposals")).to_have_count(0)
    expect(page.locator("#joined")).to_have_text("Joined into it: " + ", ".join(case.number for case in others) + ".")
    expect(page.locator(".talk")).to_have_count(5)
    expect(page.locator("#talks")).to_contain_text("Each sees only their own conversation.")
    assert {case.joined_into_id for case in served.cases()[1:]} == {first.id}
    with served.world.database.read() as session:
        assert {row.case_id for row in session.scalars(select(CaseThread))} == {first.id}
    assert complaints == []


def test_a_pair_is_refused_with_one_key_and_typing_joins_nothing(page: Page, served: Served) -> None:
    served.world.text("Marcus Bell has a gun", sender="+13035550121")
    served.work()
    served.world.text("markus bell trae pistola", sender="+13035550122")
    served.work()
    sign_in(page, served, "/cases/2026-0001".replace("2026", str(utc_now().year)))  # type: ignore[arg-type]  # it has a url
    expect(page.locator("#live-state")).to_have_text("Live")
    box = page.locator("textarea[data-counted]")
    box.press_sequentially("just now")
    expect(page.locator(".proposals > li")).to_have_count(1)
    page.get_by_role("button", name="Keys J and N: on").click()
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Keys J and N: off")).to_be_visible()
    expect(page.locator(".proposals > li")).to_have_count(1)
    page.get_by_role("button", name="Keys J and N: off").click()
    page.keyboard.press("n")
    expect(page.locator(".proposals")).to_have_count(0)
    assert [case.joined_into_id for case in served.cases()] == [None, None]


PRESS_AT_SWAP = """() => {
  window.sent = [];
  document.addEventListener("submit", (event) => { window.sent.push(event.submitter.id); event.preventDefault(); });
  window.press = () => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
  new MutationObserver((_, watch) => {
    const button = document.querySelector("[data-key=j]");
    if (!button) return;
    watch.disconnect();
    window.pressed = button.id;
    window.press();
  }).observe(document.body, { childList: true, subtree: true });
}"""
"""Note what is sent, and press J in the very moment in which a proposal is put on the page."""
PRESS_ON = """() => new Promise((done) => {
  const again = setInterval(() => {
    window.press();
    if (window.sent.length) { clearInterval(again); done(window.sent[0]); }
  }, 100);
})"""
"""Press J on and on, until the key has rested."""


def test_a_key_does_nothing_about_a_proposal_that_nobody_can_have_read(page: Page, served: Served) -> None:
    for place, words in enumerate(("the bikes get stolen", "somebody took my bike")):
        served.world.text(words, sender=f"+1303555012{place}")
        served.work()
    one, other = served.cases()
    sign_in(page, served, f"/cases/{one.number}")  # type: ignore[arg-type]  # it has a url
    expect(page.locator("#live-state")).to_have_text("Live")
    page.evaluate(PRESS_AT_SWAP)
    with served.world.of("worker").write() as session:
        found = linking.Found(other.id, one.id, "same", ())
        linking.propose(session, served.world.keys["worker"], found, utc_now())
    expect(page.locator(".proposals > li")).to_have_count(1)
    assert page.evaluate("[window.pressed, window.sent]") == [f"join-{other.number}", []]
    assert page.evaluate(PRESS_ON) == f"join-{other.number}"


def test_joining_works_without_script_and_axe_finds_no_fault(browser: Browser, served: Served) -> None:
    served.five_tips()
    number = served.cases()[0].number
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, served, f"/cases/{number}")  # type: ignore[arg-type]  # it has a url
    page.locator(".proposals button").first.click()
    expect(page.locator(".proposals > li")).to_have_count(3)
    page.get_by_role("button", name="Not the same").first.click()
    expect(page.locator(".proposals > li")).to_have_count(2)
    plain.close()
    for width in (375, 1280):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        sign_in(page, served, f"/cases/{number}")  # type: ignore[arg-type]  # it has a url
        expect(page.locator(".proposals > li")).to_have_count(2)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
