from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.numbers import MASK, Address, mask, normalize

SENDER = normalize("+13035550123")


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        pytest.param("+13035550123", "US", Address("+13035550123", "e164"), id="e164"),
        pytest.param("(303) 555-0123", "US", Address("+13035550123", "e164"), id="national"),
        pytest.param(" +44 20 7946 0958 ", "US", Address("+442079460958", "e164"), id="foreign"),
        pytest.param("+15558675310", "US", Address("+15558675310", "e164"), id="invalid but real"),
        pytest.param("911", "US", Address("911", "short_code"), id="emergency number"),
        pytest.param("24680", "US", Address("24680", "short_code"), id="short code"),
        pytest.param("BANKINFO", "US", Address("BANKINFO", "other"), id="alphanumeric sender"),
        pytest.param("1800FLOWERS", "US", Address("1800FLOWERS", "other"), id="letters in a number"),
        pytest.param("anonymous", "US", Address("anonymous", "other"), id="withheld"),
        pytest.param("", "US", Address("", "other"), id="empty"),
        pytest.param("+", "US", Address("+", "other"), id="only a plus"),
    ],
)
def test_normalize_keeps_every_sender(raw: str, region: str, expected: Address) -> None:
    assert normalize(raw, region) == expected


@given(st.text(max_size=60))
def test_normalize_never_refuses(raw: str) -> None:
    address = normalize(raw)
    assert address.kind != "e164" or (address.value[0] == "+" and 2 <= len(address.value) <= 18)


@pytest.mark.parametrize(
    "written",
    [
        "+13035550123", "13035550123", "3035550123", "303-555-0123", "(303) 555-0123", "303.555.0123", "303 555 0123",
        "+1 (303) 555 01 23", "3 0 3 5 5 5 0 1 2 3", "３０３５５５０１２３", "٣٠٣٥٥٥٠١٢٣",
        "303 --- 555 --- 0123", "(303)    555-0123", "303 – 555 – 0123", "555-0123", "555 01 23", "5550123",
        "1/303/555/0123",
    ],
)  # fmt: skip
def test_mask_hides_the_senders_own_number_however_written(written: str) -> None:
    assert mask(f"call me {written} ok", SENDER) == f"call me {MASK} ok"


@pytest.mark.parametrize(
    "text",
    [
        "his number is 303-555-0199",
        "room 303, 555 people, 0123",
        "gun at 12:30 in room 303",
        "",
        "555, then 0123 people",
    ],
)
def test_mask_leaves_other_digits_alone(text: str) -> None:
    assert mask(text, SENDER) == text


def test_mask_hides_every_occurrence_and_nothing_between() -> None:
    assert mask("3035550123 or (303)5550123!", SENDER) == f"{MASK} or {MASK}!"


def test_mask_has_nothing_to_look_for_in_a_name() -> None:
    assert mask("call BANKINFO", normalize("BANKINFO")) == "call BANKINFO"


@given(st.text(max_size=200))
def test_mask_never_leaves_the_plain_number(text: str) -> None:
    masked = mask(text + "3035550123" + text[::-1], SENDER)
    assert "3035550123" not in masked
