"""The pattern language and its matcher."""

import pytest

from triage.normalize import Word
from triage.patterns import Matcher, compile_pattern


def _words(text: str) -> tuple[Word, ...]:
    sentences = [sentence.split() for sentence in text.split(".")]
    return tuple(Word(word, 0, 1, number) for number, sentence in enumerate(sentences) for word in sentence)


@pytest.mark.parametrize(
    ("pattern", "text", "spans"),
    [
        ("gun", "a gun", [(1, 2)]),
        ("a|the gun", "the gun a gun", [(0, 2), (2, 4)]),
        ("stab*", "he stabbed stabs sta", [(1, 2), (2, 3)]),
        ("# points", "30 points", [(0, 2)]),
        ("has ~2 gun", "has a big gun", [(0, 4)]),
        ("has ~2 gun", "has a very big gun", []),
        ("has a? gun", "has gun", [(0, 2)]),
        ("has ~3 gun", "has. a gun", []),
        ("@verb gun", "has got gun", [(1, 3)]),
        ("has @thing", "has a b", [(0, 3)]),
    ],
)
def test_matcher_finds_patterns(pattern: str, text: str, spans: list[tuple[int, int]]) -> None:
    matcher = Matcher({"verb": ["got"], "thing": ["a b"], "it": [pattern]})
    assert matcher.match(_words(text)).spans("it") == spans


@pytest.mark.parametrize("pattern", ["~2 gun", "a? gun", "", "st*"])
def test_compile_pattern_refuses_what_it_cannot_start_with(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern must start|beginning needs"):
        compile_pattern("it", pattern)


@pytest.mark.parametrize(
    ("sources", "message"), [({"a": ["@b"], "b": ["@a"]}, "circle"), ({"a": ["@missing"]}, "not defined")]
)
def test_matcher_refuses_broken_packs(sources: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Matcher(sources)
