"""What an answer to a page says: codes, and words besides them."""

from __future__ import annotations

import pytest

from responders.paging.codes import codes_in, is_only_code, words_beyond

QUOTED = (
    "Liked “CRITICAL: weapon - Lincoln High. Case 2026-0001. Reply 4821 to acknowledge. "
    "http://127.0.0.1:8001/cases/2026-0001”"
)


@pytest.mark.parametrize(
    "text", ["4821", "ok 4821 thanks!", "Ack\n4821", "Sí, 4821", "4821 2026-0001", "4821 and 4822"]
)
def test_is_only_code_takes_codes_and_words_of_assent(text: str) -> None:
    assert is_only_code(text)


@pytest.mark.parametrize("text", ["man with a gun in room 2104", "ok", "48215", "4821 he has a knife", "2026-0001", ""])
def test_is_only_code_refuses_what_says_more_or_has_no_code(text: str) -> None:
    assert not is_only_code(text)


@pytest.mark.parametrize(
    ("text", "beyond"),
    [
        pytest.param("ok 4821 kid hurt in the gym", "ok kid hurt in the gym", id="code"),
        pytest.param("see 2026-0001 please", "see please", id="case number"),
        pytest.param("room 48215", "room 48215", id="five digits stay"),
    ],
)
def test_words_beyond_leaves_out_codes_and_case_numbers(text: str, beyond: str) -> None:
    assert words_beyond(text) == beyond


def test_words_beyond_leaves_out_a_page_that_a_phone_quotes() -> None:
    assert "weapon" not in words_beyond(QUOTED)
    assert codes_in(QUOTED) == ["4821"]
