"""The words of pages: neutral, short, seven bits."""

from __future__ import annotations

import pytest

from responders.cases.records import Case
from responders.paging import wording
from responders.paging.codes import codes_in
from triage.model import Category

LINK = "http://127.0.0.1:8001"


def a_case(
    number: str = "2026-0012", severity: str = "critical", *, unsure: bool = False, about: str = "weapon"
) -> Case:
    return Case(number=number, severity=severity, unsure=unsure, categories=[about])


def test_page_names_topic_place_case_count_code_and_link() -> None:
    text = wording.page([a_case()] * 4, "Lincoln High", "4821", LINK)
    assert text == (
        "CRITICAL: weapon - Lincoln High. Case 2026-0012 (+3 more). Reply 4821 to acknowledge. "
        "http://127.0.0.1:8001/cases/2026-0012"
    )


@pytest.mark.parametrize(
    ("case", "start"),
    [
        pytest.param(a_case(severity="high"), "HIGH: weapon - ", id="high"),
        pytest.param(a_case(severity="none", unsure=True), "HIGH: unclear message - ", id="unsure"),
        pytest.param(a_case(severity="high", unsure=True), "HIGH: weapon - ", id="high and unsure"),
        pytest.param(a_case(about="suicide_self_harm"), "CRITICAL: possible self-harm - ", id="label"),
        pytest.param(a_case(about="no such code"), "CRITICAL: other concern - ", id="unknown category"),
    ],
)
def test_page_begins_with_urgency_and_topic(case: Case, start: str) -> None:
    assert wording.page([case], "Lincoln High", "4821", LINK).startswith(start)


@pytest.mark.parametrize("category", list(Category))
def test_page_fits_one_segment_whatever_the_schools_name(category: Category) -> None:
    text = wording.page(
        [a_case(about=category)] * 200, "Escuela Secundaria José María Núñez {Norte} " * 3, "4821", LINK
    )
    assert len(text) <= wording.SEGMENT
    assert text.isascii()
    assert not set(text) & set("[]{}\\^~|`\n")


@pytest.mark.parametrize(
    ("raw", "plain"),
    [("Núñez", "Nunez"), ("a\nb", "a b"), ("{x}~", "x"), ("日本", ""), ("Tech & Arts", "Tech & Arts")],
    ids=["accents", "newline", "braces", "no letters left", "plain"],
)
def test_gsm_keeps_what_every_phone_has(raw: str, plain: str) -> None:
    assert wording.gsm(raw) == plain


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("4821", ["4821"]), ("ack 4821!", ["4821"]), ("4821 4821 5533", ["4821", "5533"]), ("2026-0012", []),
        ("48211", []), ("482", []), ("", []), ("x4821y", ["4821"]), ("４８２１", ["4821"]),
        ("4821 for 2026-0012", ["4821"]),
    ],
)  # fmt: skip
def test_codes_in_finds_four_digits_on_their_own(text: str, codes: list[str]) -> None:
    assert codes_in(text) == codes
