"""Everything that the page shows, measured once and kept as plain values."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.triage_report import ablations, channels, corpus, dialects, disturbances, metrics
from tests.triage_report.corpus import Tip
from tests.triage_report.judging import Judged, judge, judge_told
from tests.triage_report.metrics import Rate
from triage import engine, lexicon
from triage.model import Severity
from triage.policy import urgency

Found = dict[str, Any]
_SEVERITIES = [severity.value for severity in Severity]
_STATISTICS = Path(__file__).with_name("statistics.json")


def everything(half: str, tips: Sequence[Tip], folder: Path = corpus.FOLDER) -> Found:
    """Measure all of it; about a minute and a half on a slow machine."""
    engine.assess("ready?")
    results = judge(tips)
    return {
        "half": half,
        "rules": lexicon.VERSION,
        "tips": len(tips),
        "themes": len({tip.theme for tip in tips}),
        **summary(results),
        "groups": {**{name: _groups(results, name) for name in _GROUPS}, "channel": _channels(tips, results)},
        "confusion": [
            [metrics.confusion(results).get((rated, given), 0) for given in _SEVERITIES] for rated in _SEVERITIES
        ],
        "disturbances": _disturbed(tips),
        "dialects": _dialects(tips),
        "ablations": _ablations(tips),
        "memory": _memory(tips),
        "latency": _latency(results),
        "statistics": json.loads(_STATISTICS.read_text("utf-8")) if _STATISTICS.exists() else None,
        "unsure": _reasons(results),
        "misses": [_shown(one) for one in results if one.missed],
        "false_pages": [_shown(one) for one in results if one.false_page],
        "pairs_wrong": [_shown(one) for one in results if one.tip.pair and not one.right],
    }


def summary(results: Sequence[Judged]) -> Found:
    """Return the figures of `metrics.TARGETS` as [hits, of], and the macro-F1 of the main category."""
    return {"figures": _plain(metrics.figures(results)), "macro_f1": round(metrics.categories(results), 4)}


def _plain(figures: Mapping[str, Rate]) -> dict[str, list[int]]:
    return {name: [figure.hits, figure.of] for name, figure in figures.items()}


_GROUPS = {
    "language": lambda one: [one.tip.lang],
    "category": lambda one: [one.tip.category],
    "reporter": lambda one: [one.tip.reporter],
    "style": lambda one: one.tip.style,
    "frame": lambda one: [one.tip.frame],
    "theme": lambda one: [one.tip.theme],
}


def _groups(results: Sequence[Judged], name: str) -> dict[str, dict[str, list[int]]]:
    return {group: _plain(metrics.figures(ones)) for group, ones in metrics.by(results, _GROUPS[name]).items()}


def _channels(tips: Sequence[Tip], results: Sequence[Judged]) -> dict[str, dict[str, list[int]]]:
    told = {name: [come_in(tip) for tip in tips] for name, come_in in channels.CHANNELS.items()}
    return {name: _plain(metrics.figures(judged)) for name, judged in {"text message": results, **told}.items()}


def _disturbed(tips: Sequence[Tip]) -> dict[str, dict[str, list[int]]]:
    return {
        name: _plain(metrics.figures(judge(disturbances.disturb(tip, name) for tip in tips)))
        for name in disturbances.DISTURBANCES
    }


def _dialects(tips: Sequence[Tip]) -> dict[str, dict[str, dict[str, list[int]]]]:
    found = {}
    for dialect in dialects.DIALECTS:
        marked = [(tip, other) for tip in tips if (other := dialects.mark(tip, dialect))]
        plain, changed = (judge(side) for side in zip(*marked, strict=True)) if marked else ([], [])
        found[dialect] = {"plain": _plain(metrics.figures(plain)), "marked": _plain(metrics.figures(changed))}
    return found


def _ablations(tips: Sequence[Tip]) -> dict[str, dict[str, dict[str, list[int]]]]:
    slips = [disturbances.disturb(tip, "typos") for tip in tips]
    found = {}
    for name, layer in ablations.LAYERS.items():
        with layer():
            found[name] = {
                "as written": _plain(metrics.figures(judge(tips))),
                "with typos": _plain(metrics.figures(judge(slips))),
            }
    return found


def _memory(tips: Sequence[Tip]) -> dict[str, dict[str, list[int]]]:
    """Tell each longer tip in two messages, cut in its middle, with what was told before and without."""
    cut = [(tip, pieces) for tip in tips if (pieces := channels.halves(tip))]
    return {
        name: _plain(metrics.figures([judge_told(tip, pieces, memory=memory) for tip, pieces in cut]))
        for name, memory in (("with memory", True), ("without memory", False))
    }


def _latency(results: Sequence[Judged]) -> dict[str, float]:
    """Return milliseconds of the processor a message, and those of SHA-256 of 64 KiB, to compare machines by."""
    cuts = quantiles([taken for one in results for taken in one.milliseconds], n=100)
    reference = []
    for _ in range(200):
        start = time.process_time()
        hashlib.sha256(bytes(65536)).digest()
        reference.append((time.process_time() - start) * 1000)
    return {
        "p50_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "reference_ms": round(median(reference), 3),
    }


def _reasons(results: Iterable[Judged]) -> dict[str, int]:
    reasons = [reason for one in results for reason in one.reasons]
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


def _shown(one: Judged) -> Found:
    return {
        "id": one.tip.id,
        "text": one.tip.text,
        "rated": f"{one.tip.severity.value}, {one.tip.category}",
        "given": f"{one.severity.value}, {one.categories[0]}" + "".join(f", unsure: {why}" for why in one.reasons),
        "spans": [[span.name, span.start, span.end] for span in one.spans],
    }


def public(folder: Path) -> dict[str, list[int]]:
    """Count the pages over each file of public messages (`*.csv`, column `text`, maybe `lang`) as [pages, of]."""
    found: dict[str, list[int]] = {}
    for group, text in _public_rows(folder):
        pages = found.setdefault(group, [0, 0])
        pages[0] += urgency(engine.assess(text)) != "queue"
        pages[1] += 1
    return found


def _public_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield f"{path.stem} {row.get('lang') or ''}".strip(), row["text"]
