"""The console in a real browser: live without reload, nothing typed is lost, and it all works without script."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from gateway.core import key_files
from gateway.core.database import Database
from gateway.core.events import emit
from gateway.core.http import Hosts
from gateway.core.keys import PROCESSES, KeySet, load
from gateway.core.records import Base, Message
from gateway.core.times import utc_now
from responders import console
from responders.accounts import service as accounts
from responders.cases import replying
from responders.cases import service as cases
from responders.directory import service as directory
from responders.paging import service as paging
from responders.subscriptions import service as subscriptions
from responders.subscriptions.filters import of_choices
from responders.subscriptions.records import DEAD, DELIVERED, QUEUED, Delivery
from responders.subscriptions.service import Wish
from tests.support.access import faults
from tests.support.world import PAGING, SetClock, World
from triage.engine import assess

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
PASSWORD = "correct horse battery"


class Waker:
    """Nobody to wake: the test does their work."""

    def wake(self, name: Literal["courier", "worker"]) -> None:
        """Do nothing."""


@dataclass
class Served:
    """A console that is being served, over a small district."""

    url: str
    world: World

    def tip(self, text: str, sender: str = "+13035550123") -> str:
        """Text a tip and take it up; the answer is its case's number."""
        self.world.clock.now = utc_now()
        message_id = self.world.text(text, sender=sender)
        self.world.courier.thread_all()
        with self.world.database.write() as session:
            message = session.get_one(Message, message_id)
            taken = cases.take_messages(session, self.world.keys["worker"], [(message, assess(text))], utc_now())[0]
            return taken.case.number

    def busy(self) -> str:
        """Fill every page: tips of all kinds, a page and an answer to it that nobody understands, a reply, a note."""
        world, now = self.world, utc_now()
        keys, marcus = world.keys["worker"], "+13035550177"
        with world.database.write() as session:
            one = directory.add_responder(session, world.district_id, "Marcus Bell", "counsellor", marcus)
            directory.set_duty(session, world.district_id, None, directory.ON_CALL, [one.id])
        self.tip("someone drew on the wall", sender="+13035550124")
        number = self.tip("he has a gun at school, just kidding. i feel like dying")
        asked = world.text("what is this", sender=marcus, to=PAGING)
        with world.database.write() as session:
            case = cases.by_number(session, world.district_id, number)
            assert case is not None
            paging.call_out(session, case, "critical", now)
            for callout in paging.due(session, now):
                paging.run_due(session, keys, [callout], now, console_url=self.url)
            thread = cases.threads(session, case)[0]
            replying.reply(session, keys, thread, "Where are you?", author="process:worker", now=now)
            cases.add_note(session, keys, case, "Called the office.", "process:worker", now)
            emit(session, "page.answer_unclear", subject="contact/x", actor="process:worker", at=now,
                 district_id=world.district_id, message=asked, why="no_code")  # fmt: skip
        return number


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a console on a free port."""
    key_files.init(tmp_path / "keys", ["demo"], utc_now())
    keys: Mapping[str, KeySet] = {process: load(tmp_path / "keys" / process, process) for process in PROCESSES}
    database = Database(f"sqlite:///{tmp_path / 'tipline.db'}")
    Base.metadata.create_all(database.engine)
    world = World(database, keys, clock=SetClock(utc_now()))
    world.build()
    with database.write() as session:
        accounts.create(session, world.district_id, "dana", "Dana Ortiz", "administrator", PASSWORD, utc_now())
    app = console.create(console.prepare(database, keys["console"], utc_now, Waker(), "http://127.0.0.1"))
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
    database.close()


def subscribed(served: Served) -> str:
    """Make an administrator and a subscription with a delivery in each state; the answer is its page's path."""
    now, world = utc_now(), served.world
    with world.database.write() as session:
        accounts.create(session, world.district_id, "marcus", "Marcus Bell", "administrator", PASSWORD, now)
        wish = Wish(name="County dispatch", sink="https://cad.example.org/a-rather-long-path-of-a-hook/" + "x" * 80,
                    filters=of_choices(["case", "page"], ["lincoln"], ["high"]))  # fmt: skip
        made = subscriptions.create(session, world.keys["console"], Hosts(), world.district_id, wish, "account:1", now)
        made.row.state, made.row.code, made.row.agreed_at = "active", "415", now
        for number, state in enumerate((QUEUED, DELIVERED, DEAD)):
            session.add(
                Delivery(subscription_id=made.row.id, event_id=f"{number:032x}", seq=number, lane="case/" + "a" * 32,
                         state=state, code="415" if state == DEAD else None, queued_at=now, due_at=now)
            )  # fmt: skip
        return f"/subscriptions/{made.row.id}"


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_subscriptions(
    browser: Browser, served: Served, width: int, scheme: Literal["light", "dark"]
) -> None:
    path = subscribed(served)
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    complaints = sign_in(page, served, "/subscriptions", "marcus")
    found = {}
    for one in ("/developers", "/subscriptions", path):
        page.goto(served.url + one)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, one
        found[one] = faults(page)
    page.get_by_role("button", name="New secret").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found["secret"] = faults(page)
    context.close()
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert complaints == []


def sign_in(page: Page, served: Served, path: str = "/", name: str = "dana") -> list[str]:
    """Sign in at `path`; the answer collects what the browser complains of."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(served.url + path)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return complaints


def test_a_tip_shows_in_the_inbox_without_reload(page: Page, served: Served) -> None:
    complaints = sign_in(page, served)
    expect(page.locator("#live-state")).to_have_text("Live")
    number = served.tip("he has a gun at school")
    expect(page.locator(f"#case-{number}")).to_be_visible()
    expect(page).to_have_title("(1) Inbox · Tipline")
    page.locator(f"#case-{number}").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#case-head")).to_contain_text("acknowledged by Dana Ortiz")
    assert complaints == []


def test_what_is_being_typed_survives_a_new_message(page: Page, served: Served) -> None:
    number = served.tip("he has a gun at school")
    complaints = sign_in(page, served, f"/cases/{number}")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.locator("textarea[data-counted]").press_sequentially("Where are")
    served.tip("hes in the gym <img src=x onerror=alert(1)>")
    expect(page.locator(".said .in")).to_have_count(2)
    page.keyboard.type(" you?")
    box = page.locator("textarea[data-counted]")
    expect(box).to_have_value("Where are you?")
    expect(box).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said .out.kind-reply")).to_contain_text("Where are you?")
    served.world.clock.now = utc_now()
    served.world.courier.send_all()
    expect(page.locator(".said .out.kind-reply .delivery")).to_have_text("Sent")
    assert complaints == []


def test_one_key_sends_a_question(page: Page, served: Served) -> None:
    number = served.tip("he has a gun")
    sign_in(page, served, f"/cases/{number}")
    question = page.locator('[data-key="1"]').get_attribute("title")
    page.locator("h1").click()
    page.keyboard.press("1")
    expect(page.locator(".said .out.kind-reply")).to_contain_text(question or "no question")
    expect(page.locator(".asks")).to_contain_text("Asked.")


def test_a_question_that_is_asked_goes_into_the_box(page: Page, served: Served) -> None:
    number = served.tip("he has a gun")
    sign_in(page, served, f"/cases/{number}")
    page.locator("[data-ask-en]").first.click()
    expect(page.locator("textarea[data-counted]")).not_to_have_value("")
    expect(page).to_have_url(f"{served.url}/cases/{number}")


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_runs_out_of_the_window(browser: Browser, served: Served, width: int) -> None:
    number = served.tip("he has a gun at school " + "x" * 400)
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    sign_in(page, served)
    for path in ("/", f"/cases/{number}", "/on-call", "/unclear", "/?show=done", "/tuning"):
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_everything_works_without_script(browser: Browser, served: Served) -> None:
    number = served.tip("he has a gun")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/cases/{number}")
    page.get_by_label("Name").fill("dana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_label("Reply to").fill("Where are you?")
    page.get_by_role("button", name="Send").click()
    page.get_by_label("Add a note").fill("Called the office.")
    page.get_by_role("button", name="Save note").click()
    page.get_by_role("button", name="Assign to me").click()
    page.get_by_label("Move to").select_option("resolved")
    page.get_by_label("Because").select_option("handled")
    page.get_by_role("button", name="Move", exact=True).click()
    for text in ("Where are you?", "Called the office.", "Resolved", "with Dana Ortiz"):
        expect(page.locator("main")).to_contain_text(text)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{served.url}/sign-in")
    context.close()


def test_the_page_says_when_the_line_is_down_and_when_it_is_back(page: Page, served: Served) -> None:
    sign_in(page, served)
    expect(page.locator("#live-state")).to_have_text("Live")
    page.context.set_offline(True)
    page.evaluate("stream.onerror()")
    expect(page.locator("#live-state")).to_have_text("Reconnecting…")
    page.context.set_offline(False)
    page.evaluate("stream.close(); listen()")
    expect(page.locator("#live-state")).to_have_text("Live")


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(browser: Browser, served: Served, width: int, scheme: Literal["light", "dark"]) -> None:
    number = served.busy()
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{served.url}/sign-in")
    found = {"/sign-in": faults(page)}
    sign_in(page, served)
    for path in ("/", f"/cases/{number}", "/on-call", "/unclear", "/?show=done", "/tuning", "/nothing"):
        answer = page.goto(served.url + path)
        assert answer is not None
        assert answer.status == (404 if path == "/nothing" else 200)
        found[path] = faults(page)
    context.close()
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_words_between_signs_keep_a_single_space(page: Page, served: Served) -> None:
    """Where one mark ends the next begins, with nothing between: padding there would look like a second space."""
    served.tip("someone is in the gym with a gun")
    sign_in(page, served, "/cases/2026-0001")
    marks = page.locator(".tip mark")
    expect(marks).not_to_have_count(0)
    touching = page.evaluate("""[...document.querySelectorAll("mark")]
        .filter((mark) => mark.nextSibling?.nodeName === "MARK")
        .map((mark) => [getComputedStyle(mark).paddingRight, getComputedStyle(mark.nextSibling).paddingLeft])""")
    assert touching
    assert touching == [["0px", "0px"]] * len(touching)
    alone = page.evaluate("getComputedStyle(document.querySelector('mark')).paddingLeft")
    assert alone != "0px"


def test_an_administrator_writes_local_words_tries_them_and_saves(page: Page, served: Served) -> None:
    complaints = sign_in(page, served)
    page.get_by_role("link", name="Local words").click()
    page.locator("#pack").fill("codes:\n  bring the cookies: bring a gun\nmuted: {bullying: [gun talk]}")
    page.get_by_role("button", name="Save as version 1").click()
    expect(page.locator("#faults")).to_contain_text("'gun talk' cannot be muted")
    page.locator("#pack").fill("codes:\n  bring the cookies: bring a gun\n")
    page.get_by_label("Try a sentence").fill("he will bring the cookies tomorrow")
    page.get_by_role("button", name="Try the sentence").click()
    expect(page.locator("#tried")).to_contain_text("Critical", timeout=60_000)
    page.get_by_role("button", name="Save as version 1").click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    expect(page.locator("#pack")).to_have_value("codes:\n  bring the cookies: bring a gun\n")
    assert [one for one in complaints if "400" not in one] == []
