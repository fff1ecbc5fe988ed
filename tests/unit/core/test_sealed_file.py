"""A sealed file opens whole with its own key, and in no other way."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import sealed_file
from gateway.core.chunks import CHUNK
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.sealed_file import Writer

KEY = X25519PrivateKey.generate()
HEAD, TAG = 154, 16
FULL = CHUNK + TAG


def sealed(content: bytes, key: X25519PrivateKey = KEY) -> bytes:
    file = io.BytesIO()
    writer = Writer(file, key.public_key())
    writer.write(content)
    writer.close()
    assert writer.size == len(file.getvalue())
    return file.getvalue()


def opened(content: bytes, key: X25519PrivateKey = KEY) -> bytes:
    return b"".join(sealed_file.read(io.BytesIO(content), key))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK], ids=str)
def test_sealed_file_opens_to_what_was_written(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert opened(sealed(content)) == content


@given(parts=st.lists(st.binary(max_size=50_000), max_size=8))
def test_sealed_file_is_the_same_however_it_is_written(parts: list[bytes]) -> None:
    file = io.BytesIO()
    writer = Writer(file, KEY.public_key())
    for part in parts:
        writer.write(part)
    writer.close()
    assert opened(file.getvalue()) == b"".join(parts)


def _swapped(file: bytes) -> bytes:
    first, second = file[HEAD : HEAD + FULL], file[HEAD + FULL : HEAD + 2 * FULL]
    return file[:HEAD] + second + first + file[HEAD + 2 * FULL :]


OTHER = sealed(b"b" * 3 * CHUNK)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in a chunk": lambda file: file[:-5],
    "cut between chunks": lambda file: file[: HEAD + FULL],
    "cut in the head": lambda file: file[:100],
    "cut after the head": lambda file: file[:HEAD],
    "chunks swapped": _swapped,
    "chunk left out": lambda file: file[:HEAD] + file[HEAD + FULL :],
    "chunk twice": lambda file: file[: HEAD + FULL] + file[HEAD:],
    "longer": lambda file: file + b"x",
    "chunk of another file": lambda file: file[:HEAD] + OTHER[HEAD : HEAD + FULL] + file[HEAD + FULL :],
    "head of another file": lambda file: OTHER[:HEAD] + file[HEAD:],
    **{f"bit {at} flipped": lambda file, at=at: _flipped(file, at) for at in (0, 20, 100, 153, 154, 70_000, -1)},  # type: ignore[misc]
}


def _flipped(file: bytes, at: int) -> bytes:
    changed = bytearray(file)
    changed[at] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_sealed_file_that_was_changed_does_not_open(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadInput, match=r"damaged or cut off|not a backup"):
        opened(damage(sealed(b"a" * 3 * CHUNK)))


def test_sealed_file_names_the_key_that_it_wants() -> None:
    with pytest.raises(KeyRefused, match="sealed to the key"):
        opened(sealed(b"a"), X25519PrivateKey.generate())


def test_sealed_file_shows_nothing_of_what_it_holds() -> None:
    assert b"gun" not in sealed(b"gun" * 1000)
    assert sealed(b"a") != sealed(b"a")
