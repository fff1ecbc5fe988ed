"""The JSON lines adapter: one line out for each line in, whatever the line."""

import json

import pytest

from triage.lines import assess_lines


def test_assess_lines_writes_exactly_the_agreed_fields() -> None:
    (line,) = assess_lines(['{"id": "t1", "text": "un niño trae una pistola en el baño"}\n'])
    answer = json.loads(line)
    assert list(answer) == ["id", "severity", "life_safety", "unsure", "categories", "indicators"]
    assert (answer["id"], answer["severity"], answer["life_safety"], answer["unsure"]) == (
        "t1",
        "critical",
        True,
        False,
    )
    assert answer["categories"][0] == "weapon"
    assert all(set(indicator) == {"name", "start", "end"} for indicator in answer["indicators"])


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("not json", {"id": None, "error": "not a JSON object"}),
        ("[1]", {"id": None, "error": "not a JSON object"}),
        ('{"text": "x"}', {"id": None, "error": "id must be a string or an integer"}),
        ('{"id": true, "text": "x"}', {"id": None, "error": "id must be a string or an integer"}),
        ('{"id": 7}', {"id": 7, "error": "text must be a string"}),
        ('{"id": 7, "text": null}', {"id": 7, "error": "text must be a string"}),
        ("[" * 100_000, {"id": None, "error": "not a JSON object"}),
    ],
    ids=["no-json", "list", "no-id", "bool-id", "no-text", "null-text", "deep"],
)
def test_assess_lines_reports_a_bad_line_and_goes_on(line: str, answer: dict[str, object]) -> None:
    first, second = assess_lines([line, '{"id": 2, "text": "hi"}'])
    assert json.loads(first) == answer
    assert json.loads(second)["id"] == 2


def test_assess_lines_skips_blank_lines_and_survives_surrogates() -> None:
    (line,) = assess_lines(["\n", '{"id": "s", "text": "gun \\ud83d here"}', "  "])
    assert line.isascii()
    assert json.loads(line)["id"] == "s"


def test_assess_lines_counts_code_points() -> None:
    text = "😀😀 he has a gun at school"
    (line,) = assess_lines([json.dumps({"id": 1, "text": text})])
    spans = {text[item["start"] : item["end"]] for item in json.loads(line)["indicators"]}
    assert "gun" in spans
