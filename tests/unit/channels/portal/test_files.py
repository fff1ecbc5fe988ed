"""What a page carries of files that were not taken; and each reason has a sentence here and a remark at the console."""

from __future__ import annotations

import pytest

from channels.portal import files
from channels.portal.files import MOST, WHY, Lost
from responders.conversation import attachments


def test_what_was_lost_is_carried_from_page_to_page() -> None:
    lost = [Lost(2, "too_large"), Lost(11, "too_many")]
    assert files.lost_of(files.carried(lost)) == lost


@pytest.mark.parametrize(
    "carried",
    ["", "0-empty", "100-empty", "1-nonsense", "1-<b>", "1 empty", "-empty", "1-empty\r\nSet-Cookie:", "١-empty"],
)
def test_what_says_no_such_thing_is_left(carried: str) -> None:
    assert [one for one in files.lost_of(carried) if one != Lost(1, "empty")] == []


def test_an_endless_list_is_cut() -> None:
    assert len(files.lost_of("1-empty " * 100_000)) == MOST + 1


def test_every_reason_is_told_to_staff_as_well() -> None:
    assert set(WHY) <= set(attachments._WHY)
