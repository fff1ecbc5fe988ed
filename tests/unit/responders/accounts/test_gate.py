from __future__ import annotations

import pytest

from responders.accounts.gate import safe_next


@pytest.mark.parametrize("target", ["/", "/cases/2026-0012", "/?show=mine&page=2", "/cases/2026-0012?ask=where"])
def test_safe_next_keeps_paths_of_our_own(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "", "cases", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/",
        "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " //evil.example", "/caf\u00e9",
    ],
)  # fmt: skip
def test_safe_next_sends_anything_else_to_the_inbox(target: str) -> None:
    assert safe_next(target) == "/"
