"""The page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from starlette.responses import Response

from channels.phone.config import Contact
from tests.contract.phone.rig import (
    PAGING,
    PAGING_LINE,
    RESPONDER,
    STUDENT,
    TIP_LINE,
    Carrier,
    Product,
    make_config,
    run_carrier,
    wait_for,
)
from tests.support.access import faults

pytestmark = pytest.mark.browser


@pytest.fixture
def staffed(product: Product, tmp_path: Path) -> Iterator[Carrier]:
    config = replace(make_config(tmp_path / "p.sqlite3", product.url), contacts=(Contact("Dana Ortiz", RESPONDER),))
    with run_carrier(config) as carrier:
        yield carrier


@pytest.fixture
def phones(page: Page, staffed: Carrier) -> Iterator[Page]:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(staffed.url)
    expect(page.locator("#student .empty")).to_be_visible()
    yield page
    page.goto("about:blank")
    assert complaints == []


def test_text_typed_with_enter_reaches_the_product(phones: Page, product: Product) -> None:
    field = phones.get_by_label("Text message from the student")
    field.fill("theres a kid with a <b>gun</b>")
    field.press("Enter")
    sent = phones.locator("#student .sent")
    expect(sent.locator(".bubble")).to_have_text("theres a kid with a <b>gun</b>")
    expect(sent.locator(".mark")).to_contain_text("Delivered")
    assert [(call.params["From"], call.params["To"]) for call in product.calls] == [(STUDENT, TIP_LINE)]


def test_page_buzzes_the_responders_phone_and_its_answer_goes_back(
    phones: Page, staffed: Carrier, product: Product
) -> None:
    words = "CRITICAL at Lincoln High. Reply 7K3. http://127.0.0.1:8001/cases/42."
    with staffed.client(PAGING) as client:
        client.messages.create(to=RESPONDER, from_=PAGING_LINE, body=words)
    link = phones.locator("#responder .received a")
    expect(link).to_have_attribute("href", "http://127.0.0.1:8001/cases/42")
    expect(phones.locator("#responder.buzz")).to_be_attached()
    expect(phones).to_have_title("● New page")
    answer = phones.get_by_label("Text message from the responder")
    answer.fill("7K3")
    answer.press("Enter")
    wait_for(lambda: product.calls)
    assert (product.calls[0].params["Body"], product.calls[0].params["To"]) == ("7K3", PAGING_LINE)
    expect(phones).to_have_title("The phones")


def test_text_that_the_product_refuses_is_marked(phones: Page, product: Product) -> None:
    product.answers = [Response(status_code=403)]
    phones.get_by_label("Text message from the student").fill("hello")
    phones.locator("#student").get_by_role("button", name="Send").click()
    expect(phones.locator("#student .failed .mark")).to_contain_text("Not delivered")
    expect(phones.locator(".alerts")).to_contain_text("11200")


def test_another_student_and_another_line_have_their_own_conversations(phones: Page, staffed: Carrier) -> None:
    staffed.text("mine")
    expect(phones.locator("#student .bubble")).to_have_text(["mine"])
    phones.get_by_label("Text to", exact=True).select_option(label="Roosevelt Middle tip line")
    expect(phones.locator("#student .bubble")).to_have_count(0)
    phones.get_by_label("Text to", exact=True).select_option(label="Lincoln High tip line")
    phones.locator("#student summary").click()
    phones.get_by_label("This phone’s number").fill("+13035550177")
    phones.get_by_label("This phone’s number").press("Enter")
    expect(phones.locator("#student .bubble")).to_have_count(0)


def test_faults_are_set_and_cleared_on_the_page(phones: Page, staffed: Carrier) -> None:
    phones.locator("#faults > summary").click()
    phones.get_by_role("combobox", name="Answer").select_option("429")
    phones.get_by_role("combobox", name="The student’s phone").select_option("unreachable")
    phones.get_by_role("button", name="Set", exact=True).click()
    expect(phones.locator("#faults .count")).to_have_text("2 on")
    state = staffed.http.get("/control").json()
    assert (state["api_fault"], state["api_fault_count"], state["numbers"]) == ("429", None, {STUDENT: "unreachable"})
    phones.get_by_role("button", name="All well again").click()
    expect(phones.locator("#faults .count")).to_be_hidden()
    assert staffed.http.get("/control").json()["api_fault"] is None


def test_small_screen_needs_no_sideways_scrolling(phones: Page, staffed: Carrier) -> None:
    staffed.text("a" * 300)
    phones.set_viewport_size({"width": 375, "height": 812})
    expect(phones.locator("#student .bubble")).to_be_visible()
    assert phones.evaluate("document.documentElement.scrollWidth") == 375


def test_reduced_motion_stops_the_shaking(phones: Page, staffed: Carrier) -> None:
    phones.emulate_media(reduced_motion="reduce")
    with staffed.client(PAGING) as client:
        client.messages.create(to=RESPONDER, from_=PAGING_LINE, body="x")
    phone = phones.locator("#responder.buzz")
    expect(phone).to_be_attached()
    assert phone.evaluate("node => getComputedStyle(node).animationName") == "none"


def test_axe_finds_no_fault(phones: Page, staffed: Carrier) -> None:
    phones.emulate_media(reduced_motion="reduce")  # a bubble that still appears has no contrast yet
    phones.get_by_label("Text message from the student").fill("he has a gun")
    phones.get_by_label("Text message from the student").press("Enter")
    expect(phones.locator("#student .talk li")).not_to_have_count(0)
    assert faults(phones) == []
    phones.get_by_text("Carrier faults").click()
    phones.get_by_text("⋯ number").click()
    assert faults(phones) == []
