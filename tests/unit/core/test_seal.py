from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import KeyRefused
from gateway.core.seal import key_id, rewrap, seal, sealed_to, unseal

PRIVATE = X25519PrivateKey.generate()
PUBLIC = PRIVATE.public_key()


@given(content=st.binary(max_size=5000), bound_to=st.text(max_size=50).filter(lambda s: s.isprintable()))
def test_unseal_gives_back_what_was_sealed(content: bytes, bound_to: str) -> None:
    assert unseal(PRIVATE, seal(PUBLIC, content, bound_to), bound_to) == content


def test_seal_shows_the_key_and_nothing_else() -> None:
    envelope = seal(PUBLIC, b"a kid has a gun", "messages/1/words")
    assert sealed_to(envelope) == key_id(PUBLIC)
    assert b"gun" not in envelope


def test_seal_is_fresh_every_time() -> None:
    first, second = (seal(PUBLIC, b"same", "same") for _ in range(2))
    assert first[10:] != second[10:]


@pytest.mark.parametrize(
    ("private", "bound_to"),
    [
        pytest.param(X25519PrivateKey.generate(), "messages/1/words", id="another key"),
        pytest.param(PRIVATE, "messages/2/words", id="another row"),
        pytest.param(PRIVATE, "messages/1/address", id="another column"),
    ],
)
def test_unseal_refuses(private: X25519PrivateKey, bound_to: str) -> None:
    envelope = seal(PUBLIC, b"secret", "messages/1/words")
    with pytest.raises(KeyRefused):
        unseal(private, envelope, bound_to)


@given(place=st.integers(min_value=0, max_value=121), bit=st.integers(min_value=0, max_value=7))
def test_unseal_refuses_any_flipped_bit(place: int, bit: int) -> None:
    envelope = bytearray(seal(PUBLIC, b"words", "x"))
    envelope[place] ^= 1 << bit
    if 2 <= place < 10:
        assert sealed_to(bytes(envelope)) != key_id(PUBLIC)
    else:
        with pytest.raises(KeyRefused):
            unseal(PRIVATE, bytes(envelope), "x")


@pytest.mark.parametrize("junk", [b"", b"T1", b"T1" + b"x" * 60, b"XX" + b"y" * 200])
def test_sealed_to_refuses_what_is_no_envelope(junk: bytes) -> None:
    with pytest.raises(KeyRefused):
        sealed_to(junk)


def test_rewrap_hands_an_envelope_to_another_key_and_leaves_its_content_alone() -> None:
    envelope, other = seal(PUBLIC, b"words", "messages/1/words"), X25519PrivateKey.generate()
    again = rewrap(PRIVATE, other.public_key(), envelope, "messages/1/words")
    assert sealed_to(again) == key_id(other.public_key())
    assert again[90:] == envelope[90:], "nonce and content are the same bytes"
    assert unseal(other, again, "messages/1/words") == b"words"
    with pytest.raises(KeyRefused):
        unseal(PRIVATE, again, "messages/1/words")
    with pytest.raises(KeyRefused):
        unseal(other, again, "messages/2/words")


@pytest.mark.parametrize(
    ("private", "bound_to"),
    [
        pytest.param(X25519PrivateKey.generate(), "messages/1/words", id="another key"),
        pytest.param(PRIVATE, "messages/2/words", id="another row"),
    ],
)
def test_rewrap_refuses(private: X25519PrivateKey, bound_to: str) -> None:
    envelope = seal(PUBLIC, b"secret", "messages/1/words")
    with pytest.raises(KeyRefused):
        rewrap(private, PUBLIC, envelope, bound_to)
