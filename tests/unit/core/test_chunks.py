"""A sealed stream opens whole, in order and under its own label, and in no other way."""

from __future__ import annotations

import io

import pytest

from gateway.core import chunks
from gateway.core.chunks import CHUNK, Sealer
from gateway.core.errors import BadInput

KEY, FULL = chunks.new_key(), CHUNK + 16
CONTENT = bytes(range(256)) * (3 * CHUNK // 256) + b"the end"


def sealed(content: bytes = CONTENT, key: bytes = KEY, label: bytes = b"one") -> bytes:
    parts: list[bytes] = []
    sealer = Sealer(key, label, parts.append)
    sealer.write(content)
    sealer.close()
    return b"".join(parts)


def opened(content: bytes, key: bytes = KEY, label: bytes = b"one") -> bytes:
    return b"".join(chunks.opened(io.BytesIO(content).read, key, label))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK], ids=str)
def test_a_stream_opens_to_what_was_written(size: int) -> None:
    assert opened(sealed(CONTENT[:size])) == CONTENT[:size]


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(sealed()[:-1], id="cut"),
        pytest.param(sealed()[: 3 * FULL], id="cut at a chunk"),
        pytest.param(b"", id="nothing left"),
        pytest.param(sealed()[FULL : 2 * FULL] + sealed()[:FULL] + sealed()[2 * FULL :], id="reordered"),
        pytest.param(sealed()[:FULL] + sealed()[:FULL] + sealed()[2 * FULL :], id="repeated"),
        pytest.param(sealed()[:FULL] + sealed()[2 * FULL :], id="left out"),
        pytest.param(sealed() + sealed()[3 * FULL :], id="appended"),
        pytest.param(sealed()[:FULL] + sealed(label=b"two")[FULL:], id="swapped with another's"),
        pytest.param(bytes([sealed()[0] ^ 1]) + sealed()[1:], id="a bit"),
    ],
)
def test_a_stream_that_was_touched_does_not_open(damaged: bytes) -> None:
    with pytest.raises(BadInput):
        opened(damaged)


def test_a_stream_opens_under_its_own_key_and_label_alone() -> None:
    with pytest.raises(BadInput):
        opened(sealed(), label=b"two")
    with pytest.raises(BadInput):
        opened(sealed(), key=chunks.new_key())
