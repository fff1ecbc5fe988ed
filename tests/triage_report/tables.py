"""The table of figures in Markdown, kept between marks in the README and in the corpus' card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.triage_report import corpus, page
from tests.triage_report.metrics import MACRO_F1, TARGETS, Rate

KEPT = Path(__file__).with_name("figures.json")
PLACES = (corpus.ROOT / "README.md",)
_MARKS = re.compile(r"(<!-- figures -->\n).*?(<!-- /?figures -->)", re.DOTALL)
_KEPT = ("at", "rules", "tips", "themes", "figures", "macro_f1", "latency", "public")


def keep(found: Mapping[str, Any], path: Path = KEPT) -> dict[str, Any]:
    """Keep the figures of a half beside those of the other, and count how often the test half was looked at."""
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    half = found["half"]
    languages = {name: found["groups"]["language"][name]["recall"] for name in found["groups"]["language"]}
    before = kept.get(half, {}).get("looks", [])
    kept[half] = {**{name: found[name] for name in _KEPT}, "languages": languages}
    if half == "test":
        kept[half]["looks"] = [*before, found["at"]]
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return kept


def markdown(kept: Mapping[str, Any]) -> str:
    """Write the table, one column for each half that was measured."""
    halves = [half for half in corpus.HALVES if half in kept]
    rows = [
        [target.label, f"{'≤' if target.most else '≥'} {_percent(target.limit)}"]
        + [_cell(Rate(*kept[half]["figures"][name])) for half in halves]
        for name, target in TARGETS.items()
    ]
    rows.append(
        [MACRO_F1.label, f"≥ {_percent(MACRO_F1.limit)}", *(_percent(kept[half]["macro_f1"]) for half in halves)]
    )
    rows.append(["Spanish recall behind English, points", "≤ 3", *(_behind(kept[half]) for half in halves)])
    rows.append(
        ["p95 a message, processor time", "≤ 20 ms", *(f"{kept[half]['latency']['p95_ms']} ms" for half in halves)]
    )
    for name in sorted({name for half in halves for name in kept[half]["public"] if "ordinary" in name}):
        shares = [kept[half]["public"].get(name) for half in halves]
        rows.append(["ordinary texting that pages", "≤ 1 %", *(_cell(Rate(*one)) if one else "" for one in shares)])
    head = ["", "wanted", *(f"{half} half ({kept[half]['tips']} tips)" for half in halves)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n" + _notes(kept, halves)


def _notes(kept: Mapping[str, Any], halves: list[str]) -> str:
    notes = [
        "In brackets 95 % intervals (Wilson); an `unsure` that pages counts as a page. Written by `make triage-report`."
    ]
    if "develop" in halves:
        notes.append(
            "Rules and weights have seen the develop half: its column flatters. Neither has seen the test half."
        )
    if "test" in halves:
        looks = kept["test"]["looks"]
        notes.append(f"The test half was looked at {len(looks)} time{'s' * (len(looks) != 1)} ({', '.join(looks)}).")
    return " ".join(notes) + "\n"


def fill(kept: Mapping[str, Any], places: tuple[Path, ...] = PLACES) -> list[Path]:
    """Put the table between the marks of each file that has them; return the files."""
    filled = []
    for path in places:
        before = path.read_text("utf-8") if path.exists() else ""
        after = _MARKS.sub(lambda found: found[1] + markdown(kept) + found[2], before, count=1)
        if _MARKS.search(before):
            path.write_text(after, "utf-8")
            filled.append(path)
    return filled


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _cell(rate: Rate) -> str:
    low, high = (f"{100 * end:.1f}" for end in rate.interval)
    return f"{100 * rate.share:.1f} % ({low}–{high})"


def _behind(half: Mapping[str, Any]) -> str:
    languages = {name: {"recall": Rate(*row)} for name, row in half["languages"].items()}
    return f"{page.behind(languages):.1f}"
