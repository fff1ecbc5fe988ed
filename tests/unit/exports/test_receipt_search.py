"""Receipts in a text are found however they are grouped and whatever stands before them; prose is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from exports import receipt_search
from exports.words import SIGN, Words
from gateway.core import receipts

PROSE = Path(__file__).parents[3] / "tests" / "triage_report" / "fresh" / "2026-11-30.jsonl"
BETWEEN = ("", "", "", "-", " ", "  ", " - ", "\u2011", "\n", ".", "\u200b")
BEFORE = ("code ", "that ", "my code is ", "Its ", "room 204 ", "at 14:05 2026 ", "mine:")


def told(text: str) -> str:
    return Words(text, written_by_staff=False).text


def typed(random: Random) -> str:
    """Write a receipt in either case, with separators anywhere."""
    signs = receipts.draw(random.randbytes).shown().replace("-", "")
    cased = [sign.lower() if random.random() < 0.5 else sign for sign in signs]
    return "".join(sign + random.choice(BETWEEN) for sign in cased[:-1]) + cased[-1]


def test_receipts_are_hidden_however_they_are_grouped_and_whatever_comes_before() -> None:
    random, missed, many = Random(11), 0, 400
    for _ in range(many):
        before, receipt = random.choice(BEFORE), typed(random)
        text = f"{before}{receipt} please"
        receipts.parse(receipt)  # or it raises: it is one
        missed += not {*told(text)[len(before) : len(before) + len(receipt)]} <= {SIGN}
    assert missed <= many * 0.005, "those whose signs are as in words by chance, such as four words that follow"


@pytest.mark.parametrize(
    "text",
    [
        "code K7QF-2M9D-0X4T-WB8N", "that K7QF 2M9D 0X4T WB8N", "k7qf2 m9d0 x4tw b8n", "K7 QF2M-9D0 X4TWB 8N",
        "abK7QF2M9D0X4TWB8Ncd", "\uff2b7QF-2M9D-0X4T-WB8N", "K7QF_2M9D_0X4T_WB8N", "it is K7QF.2M9D, 0X4T.WB8N",
        "K7QF-2M9D-0X4T-WB8N K7QF-2M9D-0X4T-WB8N", "that-girl-went-home",
    ],
)  # fmt: skip
def test_each_way_to_type_one_is_hidden(text: str) -> None:
    found = told(text)
    assert found.count(SIGN) >= 16
    assert not any(part in found.upper() for part in ("QF", "M9", "X4", "B8", "WENT"))


def test_words_before_and_after_stay() -> None:
    assert told("it reads K7QF-2M9D-0X4T-WB8N. Tyler has a gun") == f"it reads {SIGN * 19}. Tyler has a gun"
    assert told("Tyler has a gun. K7QF2M9D0X4TWB8N; room 12") == f"Tyler has a gun. {SIGN * 16}; room 12"


def test_ordinary_prose_stays() -> None:
    tips = [json.loads(line)["text"] for line in PROSE.read_text("utf-8").splitlines()]
    ours = (
        "Met her 2026-11-30 at 14:05 in room 204, case 2026-0012, called 911, again 2026-12-01 at 3 pm",
        "they were here 2026", "this room 2040 with knife", "responsibilities", "grades 9 to 12, buses 4, 7 and 18",
        "Bus 14 leaves 7:45, 3rd stop. 2nd hour, rm B12",
    )  # fmt: skip
    assert len(tips) > 100
    assert [text for text in ours if SIGN in told(text)] == []
    hidden = [text for text in tips if receipt_like(text)]
    assert len(hidden) <= len(tips) * 0.005


def receipt_like(text: str) -> bool:
    return bool(receipt_search.find(text))
