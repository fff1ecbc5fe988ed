from __future__ import annotations

import pytest

from gateway.core import characters


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("one\r\ntwo\rthree\n\tfour", "one\ntwo\nthree\n\tfour"),
        ("a\x00b\x0bc\x7fd", "abcd"),
        ("a\ud83db", "ab"),
        ("¿Dónde estás? 😢", "¿Dónde estás? 😢"),
    ],
    ids=["line ends", "control characters", "half a character", "any language"],
)
def test_typed_keeps_what_can_be_kept(given: str, read: str) -> None:
    assert characters.typed(given) == read


def test_showable_keeps_the_length() -> None:
    assert characters.showable("a\x00b\ud83dc") == "a\ufffdb\ufffdc"
