"""A reporter's own number in the text: hidden before anything is sealed, however it is written; nobody else's is."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.numbers import MASK, Address, mask, normalize
from tests.support.leaks import dresses, search

NUMBER = "+13035550123"
SENDER = normalize(NUMBER)

WRITTEN = {
    "E.164": "+13035550123",
    "brackets": "(303) 555-0123",
    "country code": "+1 (303) 555.0123",
    "spaced digits": "3 0 3 5 5 5 0 1 2 3",
    "dots": "303.555.0123",
    "dotted digits": "3.0.3.5.5.5.0.1.2.3",
    "slashes": "1/303/555/0123",
    "Arabic-Indic": "٣٠٣ ٥٥٥ ٠١٢٣",
    "extended Arabic-Indic": "۳۰۳۵۵۵۰۱۲۳",
    "Devanagari": "३०३-५५५-०१२३",
    "full width": "３０３－５５５－０１２３",
    "mathematical": "𝟛𝟘𝟛 𝟝𝟝𝟝 𝟘𝟙𝟚𝟛",
    "circled": "③⓪③⑤⑤⑤⓪①②③",
    "raised": "³⁰³⁵⁵⁵⁰¹²³",
    "keycaps": "3️⃣0️⃣3️⃣ 5️⃣5️⃣5️⃣ 0️⃣1️⃣2️⃣3️⃣",
    "lines": "303\n555\n0123",
    "far-off lines": "303\r\n\r\n\r\n                       555\r\n\r\n0123",
    "zero-width": "3\u200b0\u200b3\u20605\ufeff5\u200d5\u00ad0123",
    "direction marks": "\u202d303\u202c \u2066555\u2069 0123",
    "hangul filler": "3\u31640\u31643\u31645550123",
    "tatweel": "303ـــ555ـــ0123",
    "emoji between": "303 🔥🔥 555 🔥🔥 0123",
    "dashes of all kinds": "303–555—0123",
    "letter O": "3O3-555-o123",
    "without area": "555-0123",
    "without area, spoken": "five five five oh one two three",
    "spoken": "three oh three five five five zero one two three",
    "spoken with commas": "Three, Oh, Three... five five five. Zero one two three",
    "spoken, country code": "plus one three zero three five five five zero one two three",
    "spoken in pairs": "three oh three, five fifty-five, oh one twenty three",
    "spoken, triple": "three oh three triple five oh one two three",
    "half spoken": "303 five five five 0123",
    "signs spoken": "303 dash 555 dash 0123",
    "hablado": "tres cero tres cinco cinco cinco cero uno dos tres",
    "hablado con comas": "Tres, cero, tres, CINCO cinco cinco, cero uno dos tres",
    "hablado de dos en dos": "tres cero tres cinco cincuenta y cinco cero uno veintitrés",
    "hablado con guiones": "303 guión 555 guión 0123",
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize(
    ("before", "after"),
    [("call me: ", " ok"), ("mi número es ", " gracias"), ("", ""), ("2 guns room 12. ", ". 4 kids")],
    ids=["English", "Spanish", "alone", "among figures"],
)
def test_mask_hides_it_however_written(written: str, before: str, after: str) -> None:
    masked = mask(before + written + after, SENDER)
    assert MASK in masked
    assert search(masked.encode(), [NUMBER]) == []
    assert len(masked) <= len(before) + len(MASK) + len(after) + len("plus one \u202d")
    assert masked.startswith(before)
    assert masked.endswith(after)


@pytest.mark.parametrize(
    "text",
    [
        "his number is 303-555-0199",
        "llama a mi mamá 720 555 0198",
        "(303) 556-0123 is my moms",
        "two guns, three kids, room 303, five five five",
        "one two three four five six seven",
        "uno de ellos dijo dos veces que una pistola",
        "room 303. 555 people. then 0123",
        "303 students of 555 said it at 0123",
        "his locker is 5-5-5 and his code is 0123",
        "",
    ],
)
def test_mask_never_hides_what_is_not_theirs(text: str) -> None:
    assert mask(text, SENDER) == text


def test_mask_hides_a_number_that_no_plan_knows_as_long_as_it_is_one() -> None:
    assert mask("me: 404 555 0147", Address("404-555-0147 ext", "other")) == f"me: {MASK}"
    assert mask("room 12", Address("12", "other")) == "room 12"


LIMITS = ["my number ends in 0123", "area code 303, and 555, and the rest is 0123", "threeohthree", "MzAzNTU1MDEyMw=="]


@pytest.mark.parametrize("text", LIMITS)
def test_mask_has_limits_that_security_md_names(text: str) -> None:
    """The last four digits alone, parts with words between them, run-together words, codes: not found, and said so."""
    assert mask(text, SENDER) == text


NUMBERS = st.sampled_from(
    ["+1303555%04d", "+1787555%04d", "+52551234%04d", "+44207946%04d", "+4930901820%02d", "+3361234%04d", "+505812%05d"]
).flatmap(lambda form: st.integers(0, 99).map(lambda n: form % n))
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202d\u2066\u3164\ufe0f\u20e3\u0301"
SEPARATORS = st.text(
    st.one_of(st.sampled_from(" \t\n-–—.,/()+*_|~:·•" + UNSEEN), st.characters(categories=["P", "S", "Z", "Cf", "Mn"])),
    max_size=5,
)
SCRIPTS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⓪①②③④⑤⑥⑦⑧⑨"]
AROUND = st.text(st.characters(exclude_categories=["Cs", "N"]), max_size=40)


@given(NUMBERS, st.lists(SEPARATORS, min_size=15, max_size=15), st.sampled_from(SCRIPTS), AROUND, AROUND)
def test_mask_leaves_no_dress_of_any_number_with_any_separators(
    number: str, separators: list[str], script: str, before: str, after: str
) -> None:
    written = "".join(script[int(digit)] + sign for digit, sign in zip(number[1:], separators, strict=False))
    masked = mask(before + written + after, normalize(number))
    assert MASK in masked
    assert search(masked.encode(), [number]) == []
    assert not any(sign.isdigit() for sign in masked)


@given(NUMBERS, AROUND, AROUND)
def test_mask_leaves_no_dress_that_is_written_out(number: str, before: str, after: str) -> None:
    coded = ("base64", "hex", "UTF-16")
    for name, dress in dresses(number).items():
        if not name.startswith(coded):
            masked = mask(f"{before} {dress.decode()} {after}", normalize(number))
            assert search(masked.encode(), [number]) == [], name


@given(NUMBERS, st.from_regex(r"\+1[2-9]\d{2}[2-9]\d{6}", fullmatch=True), st.sampled_from(" -.\n"))
def test_mask_leaves_every_other_number_as_it_stands(own: str, other: str, sign: str) -> None:
    assume(own[-7:] not in other)
    text = f"call my mom: {other[2:5]}{sign}{other[5:8]}{sign}{other[8:]} or {other}"
    assert mask(text, normalize(own)) == text


@given(st.text(max_size=80), st.text(max_size=40))
def test_mask_never_fails(text: str, sender: str) -> None:
    assert isinstance(mask(text, normalize(sender)), str)
