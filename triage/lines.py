"""JSON lines in, JSON lines out: the adapter behind `tipline assess`."""

import json
from collections.abc import Callable, Iterable, Iterator

from triage.engine import assess
from triage.model import Assessment


def assess_lines(lines: Iterable[str], judge: Callable[[str], Assessment] = assess) -> Iterator[str]:
    r"""Yield one output line (without newline) for each input line `{"id", "text"}` that is not blank.

    A good line gives `{"id", "severity", "life_safety", "unsure", "categories", "indicators"}`, offsets in Unicode code
    points of `text`. A bad one gives `{"id", "error"}`, `id` null when it could not be read, and the run goes on.
    Output is ASCII: other characters stand as `\u` escapes, so that any terminal, pipe or lone surrogate survives.
    """
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line, judge))


def _answer(line: str, judge: Callable[[str], Assessment]) -> dict[str, object]:
    try:
        tip = json.loads(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {"id": None, "error": "not a JSON object"}
    if not isinstance(tip, dict):
        return {"id": None, "error": "not a JSON object"}
    key = tip.get("id")
    if key is None or isinstance(key, (bool, float, list, dict)):
        return {"id": None, "error": "id must be a string or an integer"}
    text = tip.get("text")
    if not isinstance(text, str):
        return {"id": key, "error": "text must be a string"}
    return {"id": key, **judge(text).to_json()}
