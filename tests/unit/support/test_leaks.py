"""A search that finds nothing proves something only if it finds what is there."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.leaks import dresses, search, search_files

NUMBER = "+13035550123"


@pytest.mark.parametrize("name", sorted(dresses(NUMBER)))
def test_search_finds_each_dress(name: str) -> None:
    hits = search(b"before " + dresses(NUMBER)[name] + b" after", [NUMBER])
    assert any(hit.endswith(name) for hit in hits)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "abcd", '{"from":"'])
@pytest.mark.parametrize("number", [NUMBER, "3035550123"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_search_finds_base64_wherever_the_number_starts(
    before: str, number: str, encode: Callable[[bytes], bytes]
) -> None:
    hidden = encode(f"{before}{number}, and more".encode())
    assert search(b"x=" + hidden, [NUMBER])


def test_search_finds_nothing_in_other_numbers() -> None:
    assert search(b"+13035550124 (303) 555-0199 0123 303555", [NUMBER]) == []


def test_search_files_leaves_aside_what_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "intake.log").write_text("303-555-0123")
    (tmp_path / "phones.db").write_text(NUMBER)
    assert list(search_files(tmp_path, [NUMBER], aside=["phones.db"])) == ["log/intake.log"]
