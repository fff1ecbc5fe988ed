"""Reports: how the parts become words, what is refused, and that no line of ours is taken for the reporter's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.core import reports
from gateway.core.errors import BadInput, Empty, TooLong
from gateway.core.reports import LONGEST_PART, LONGEST_WORDS, ROLES, Report
from triage import first_look

REPORT = Report(school_id="1" * 32, district_id="2" * 32, text="a kid has a gun", once="3" * 32)
CASES = sorted((Path(__file__).parents[1] / "triage").glob("cases_*.yaml"))


def test_words_are_what_happened_and_a_line_for_each_part() -> None:
    full = replace(
        REPORT, text=" a kid has a gun \n", where="gym", when="now", who="red hat", role="parent", before=True
    )
    assert full.words() == (
        "a kid has a gun\n\nWhere: gym\nWhen: now\nWho: red hat\nFrom: a parent or guardian\nI wrote before."
    )
    assert replace(full, language="es", text="", where="", role=None).words() == (
        "Cuándo: now\nQuién: red hat\nYa escribí antes."
    )
    assert replace(REPORT, where=" ", language="fr").words() == "a kid has a gun"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"text": "<b>x</b>\x00\ud83d\u202e", "where": "<script>", "who": "\x00"}, id="any"),
        pytest.param({"text": "x" * LONGEST_WORDS, "where": "x" * LONGEST_PART}, id="as long as may be"),
        pytest.param({"text": "", "who": "ana"}, id="a part alone"),
        pytest.param({"category": "weapon", "role": "staff", "language": "es", "school_id": None}, id="codes"),
    ],
)  # fmt: skip
def test_check_takes(said: dict[str, Any]) -> None:
    reports.check(replace(REPORT, **said))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        pytest.param({"text": "x" * (LONGEST_WORDS + 1)}, TooLong, id="words too long"),
        pytest.param({"text": "é" * 100_000}, TooLong, id="100 kB"),
        pytest.param({"where": "x" * (LONGEST_PART + 1)}, TooLong, id="where too long"),
        pytest.param({"when": "x" * (LONGEST_PART + 1)}, TooLong, id="when too long"),
        pytest.param({"who": "x" * (LONGEST_PART + 1)}, TooLong, id="who too long"),
        pytest.param({"text": " \n\t"}, Empty, id="blank"),
        pytest.param({"category": "rocket"}, BadInput, id="unknown category"),
        pytest.param({"category": "test"}, BadInput, id="a category that is not offered"),
        pytest.param({"role": "spy"}, BadInput, id="unknown role"),
        pytest.param({"language": "<b>"}, BadInput, id="language"),
        pytest.param({"language": "e\x00"}, BadInput, id="language with NUL"),
        pytest.param({"school_id": "' OR 1=1"}, BadInput, id="school"),
        pytest.param({"school_id": "\ud83d" * 32}, BadInput, id="school of surrogates"),
        pytest.param({"district_id": "\x00" * 32}, BadInput, id="district of NULs"),
    ],
)
def test_check_refuses(said: dict[str, Any], error: type[BadInput]) -> None:
    with pytest.raises(error) as caught:
        reports.check(replace(REPORT, **said))
    assert type(caught.value) is error


def test_check_takes_a_picture_without_words() -> None:
    reports.check(replace(REPORT, text=""), attachments=1)


def test_a_report_shows_nothing_of_what_was_said() -> None:
    shown = repr(replace(REPORT, where="gym", when="noon", who="ana", role="staff"))
    assert not [word for word in ("gun", "gym", "noon", "ana", "staff", "3333") if word in shown]


@pytest.mark.parametrize(
    ("text", "page", "language"),
    [("my friend has pills", "es", "en"), ("mi amiga tiene pastillas", "en", "es"), ("", "es", "es"), ("?", "f", "f")],
)
def test_language_of_goes_by_the_words_then_by_the_page(text: str, page: str, language: str) -> None:
    assert reports.language_of(text, page) == language


def test_look_heeds_what_was_chosen() -> None:
    calm = "i want to change my schedule for next year can you tell me how"
    assert reports.look(calm, 0) == reports.look(calm, 0, "bullying") == first_look.CALM
    assert reports.look(calm, 0, "weapon") == first_look.URGENT


def _rated() -> list[str]:
    return [tip for path in CASES for group in yaml.safe_load(path.read_text("utf-8")) for tip in group["tips"]]


@pytest.mark.parametrize("language", ["en", "es", "fr"])
@pytest.mark.parametrize("role", [None, *ROLES])
def test_spoken_leaves_out_what_our_page_adds(language: str, role: str | None) -> None:
    """Else "help" with a line of ours after it is long enough to be judged harmless."""
    report = replace(REPORT, language=language, role=role)
    for text in _rated():
        plain = text.strip()
        assert reports.spoken(replace(report, text=text, before=True).words()) == (plain, plain)


def test_spoken_tells_what_happened_from_the_rest() -> None:
    report = replace(REPORT, text="he has it\n\nin his bag", where="gym", who="ana", role="student")
    happened, said = reports.spoken(report.words())
    assert happened == "he has it\n\nin his bag"
    assert said == "he has it\n\nin his bag\n\nWhere: gym\nWho: ana"
    assert report.words().startswith(said)
    assert reports.spoken(replace(report, text="").words()) == ("", "Where: gym\nWho: ana")
    assert reports.spoken("") == ("", "")


@pytest.mark.parametrize(
    ("words", "files", "language", "shown"),
    [
        ("a gun", 0, "en", "a gun"),
        ("a gun", 2, "en", "a gun\n\nFiles sent: 2"),
        ("", 1, "es", "Archivos mandados: 1"),
        ("", 1, "fr", "Files sent: 1"),
    ],
)
def test_who_sent_files_reads_how_many_came(words: str, files: int, language: str, shown: str) -> None:
    assert reports.with_files(words, files, language) == shown


def test_short_answers_are_told_from_what_was_written_freely() -> None:
    asked = replace(REPORT, text="what happened", where="gym", when="today")
    happened, said = reports.spoken(asked.words())
    assert reports.freely(happened, said) == len("what happened")
    assert reports.freely(said, said) is None, "nothing stands behind it"
    told = replace(asked, who="my friend took many pills")
    assert reports.freely(*reports.spoken(told.words())) is None, "more of what happened"
    bare = replace(asked, text="")
    assert reports.freely(*reports.spoken(bare.words())) is None
