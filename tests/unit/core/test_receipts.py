"""Receipts: what people may type, what is derived, and that nothing of it shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import receipts
from gateway.core.errors import BadInput
from gateway.core.receipts import Receipt

SEED = "00112233445566778899aabbccddeeff"
ANY = st.binary(min_size=10, max_size=10).map(Receipt)


@given(receipt=ANY)
def test_parse_reads_what_was_shown(receipt: Receipt) -> None:
    shown = receipt.shown()
    assert [len(group) for group in shown.split("-")] == [4, 4, 4, 4]
    assert receipts.parse(shown) == receipt


@given(receipt=ANY)
def test_shown_has_no_sign_that_looks_like_another(receipt: Receipt) -> None:
    assert not set("OILU") & set(receipt.shown())


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("0101-V9K7-QF2M-XXXX", id="as shown"),
        pytest.param("0101v9k7qf2mxxxx", id="lower case, run together"),
        pytest.param("  o1oI u9k7\tqf2m\nxxxx ", id="look-alikes O I U, spaces"),
        pytest.param("OL0l-V9K7-QF2M-XXXX", id="look-alikes O L"),
        pytest.param("0101\u2013V9K7\u2014QF2M\u2212XXXX", id="other dashes"),
        pytest.param("0101_V9K7.QF2M,XXXX", id="other signs between"),
        pytest.param("\uff10\uff11\uff10\uff11-\uff36\uff19K7-QF2M-XXXX", id="full width"),
        pytest.param("\u200e0101-V9K7\u200b-QF2M\u00a0XXXX\ufeff", id="signs that do not show"),
    ],
)
def test_parse_accepts_what_people_make_of_it(typed: str) -> None:
    assert receipts.parse(typed).shown() == "0101-V9K7-QF2M-XXXX"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="empty"),
        pytest.param("K7QF-2M9D-0X4T-WB8", id="one short"),
        pytest.param("K7QF-2M9D-0X4T-WB8NN", id="one more"),
        pytest.param("K7QF-2M9D-0X4T-WB8!", id="a strange sign"),
        pytest.param("K7QF-2M9D-0X4T-WB8ñ", id="a letter with a tilde"),
        pytest.param("K7QF-2M9D-0X4T-WB8\ud83d", id="lone surrogate"),
        pytest.param("K7QF-2M9D-0X4T-WB8\x00", id="NUL"),
        pytest.param("\u0661" * 16, id="digits of another script"),
        pytest.param("<script>alert(1)</script>", id="HTML"),
        pytest.param("- " * 100_000 + "K7QF2M9D0X4TWB8N", id="200 kB"),
    ],
)
def test_parse_refuses_anything_else_without_repeating_it(typed: str) -> None:
    with pytest.raises(BadInput) as caught:
        receipts.parse(typed)
    assert str(caught.value) == "A receipt has 16 letters and digits."


def test_of_seed_gives_the_same_receipt_for_the_same_form_and_place() -> None:
    assert receipts.of_seed(SEED, "a/b") == receipts.of_seed(SEED, "a/b")
    others = [receipts.of_seed(SEED, "a/c"), receipts.of_seed(SEED[:-1] + "e", "a/b")]
    assert len({receipts.of_seed(SEED, "a/b").shown(), *(one.shown() for one in others)}) == 3


@pytest.mark.parametrize("seed", ["", "abc", SEED.upper(), SEED + "0", SEED + "\n", "x" * 32, "\ud83d" * 32])
def test_of_seed_refuses_what_was_never_drawn(seed: str) -> None:
    with pytest.raises(BadInput):
        receipts.of_seed(seed, "a/b")


def test_new_seed_asks_for_all_its_bits() -> None:
    asked: list[int] = []

    def source(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    assert receipts.new_seed(source) == "000102030405060708090a0b0c0d0e0f"
    assert receipts.draw(source).shown() == "000G-40R4-0M30-E209"
    assert asked == [16, 10]
    assert receipts.new_seed() != receipts.new_seed()


def test_what_is_derived_does_not_tell_of_the_rest() -> None:
    receipt = receipts.parse("K7QF-2M9D-0X4T-WB8N")
    other = receipts.parse("K7QF-2M9D-0X4T-WB8P")
    secret = receipt._secret
    derived = [receipt.lookup_id, receipt.private_key.private_bytes_raw(), bytes.fromhex(receipt.mark(SEED, b"gun"))]
    for one in derived:
        assert secret not in one
        assert not any(one[:8] in another for another in derived if another is not one)
    assert receipt.lookup_id != other.lookup_id
    assert (len(receipt.lookup_id), len(secret)) == (16, 10)


def test_derivation_stays_as_it_is() -> None:
    """A receipt on paper must still work after an upgrade."""
    receipt = receipts.parse("K7QF-2M9D-0X4T-WB8N")
    assert receipt.lookup_id.hex() == LOOKUP
    assert receipt.private_key.public_key().public_bytes_raw().hex() == PUBLIC
    assert receipts.of_seed(SEED, "a/b").shown() == OF_SEED


LOOKUP = "6382f984695aeeca51677f667835aca6"
PUBLIC = "5690e1d18551ffc8fc42447072f2549ff75a7d02ad3e4e6b9fe907e708df2a11"
OF_SEED = "S90M-5729-DBAV-A9SX"


def test_mark_is_of_this_form_and_these_parts() -> None:
    receipt = receipts.parse("K7QF-2M9D-0X4T-WB8N")
    again = receipts.parse("K7QF-2M9D-0X4T-WB8N")
    assert receipt.mark(SEED, b"a", b"b") == again.mark(SEED, b"a", b"b")
    marks = [
        receipt.mark(SEED, b"a", b"b"), receipt.mark(SEED, b"ab", b""), receipt.mark(SEED, b"a"),
        receipt.mark("0" * 32, b"a", b"b"), receipts.draw().mark(SEED, b"a", b"b"),
    ]  # fmt: skip
    assert len(set(marks)) == 5


def test_a_receipt_shows_itself_in_no_log_or_error() -> None:
    receipt = receipts.parse("K7QF-2M9D-0X4T-WB8N")
    masked = "****-****-****-****"
    assert (repr(receipt), str(receipt), f"{receipt}", repr([receipt])) == (masked, masked, masked, f"[{masked}]")
