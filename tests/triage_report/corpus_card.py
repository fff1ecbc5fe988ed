"""The figures in the corpus' card: how far two raters agree, and what is in it. `make triage-report` writes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tests.triage_report import corpus
from tests.triage_report.corpus import Tip
from tests.triage_report.metrics import kappa
from triage.model import Severity

CARD = corpus.FOLDER / "README.md"
_DRAWS, _SEED = 1000, 20261129
Both = tuple[Tip, Mapping[str, Any]]


def fill(path: Path = CARD, folder: Path = corpus.FOLDER) -> bool:
    """Put agreement and counts between their marks; false where the card or the second ratings are not there."""
    second = corpus.second_ratings(folder)
    if not path.exists() or not second:
        return False
    tips, halves = corpus.first_ratings(folder), corpus.themes(folder)
    text = path.read_text("utf-8")
    for name, words in {"agreement": agreement(tips, second, halves), "counts": counts(tips, halves)}.items():
        begin, end = rf"(<!-- figures: {name}\..*? -->" + "\n)", "(<!-- end figures -->)"
        filled = re.compile(f"{begin}.*?{end}", re.DOTALL).split(text, maxsplit=1)
        text = "".join([*filled[:2], words, *filled[2:]])
    path.write_text(text, "utf-8")
    return True


def agreement(tips: Sequence[Tip], second: Mapping[str, Any], halves: Mapping[str, str]) -> str:
    """Write how far the two ratings agree: weighted kappa of severity with a bootstrap's interval, and category."""
    both = [(tip, second[tip.id]) for tip in tips if tip.id in second]
    groups: dict[str, list[Both]] = {"all": both}
    groups |= {lang: [one for one in both if one[0].lang == lang] for lang in corpus.LANGUAGES}
    groups |= {f"{half} half": [one for one in both if halves.get(one[0].theme) == half] for half in corpus.HALVES}
    lines = ["|  | tips | same severity | weighted kappa (95 %) | kappa of category |"]
    lines.append("| --- | --- | --- | --- | --- |")
    lines += [f"| {name} | {_agreed(group)} |" for name, group in groups.items() if group]
    settled = sum(tip.severity != row["severity"] or tip.category != row["category"] for tip, row in both)
    crossed = sum(tip.life_safety != Severity(row["severity"]).life_safety for tip, row in both)
    notes = f"{settled} were settled; on {crossed} of them the two differed on whether a life is in danger."
    return "\n".join([*lines, "", notes, ""])


def _agreed(both: Sequence[Both]) -> str:
    ranks = [(tip.severity.rank, Severity(row["severity"]).rank) for tip, row in both]
    same = sum(first == second for first, second in ranks) / len(ranks)
    draw = Random(_SEED)
    drawn = sorted(kappa(draw.choices(ranks, k=len(ranks))) for _ in range(_DRAWS))
    low, high = drawn[int(_DRAWS * 0.025)], drawn[int(_DRAWS * 0.975) - 1]
    names = sorted({tip.category for tip, _ in both} | {row["category"] for _, row in both})
    categories = [(names.index(tip.category), names.index(row["category"])) for tip, row in both]
    plain = kappa(categories, weighted=False)
    return f"{len(both)} | {100 * same:.1f} % | {kappa(ranks):.3f} ({low:.3f}–{high:.3f}) | {plain:.3f}"


def counts(tips: Sequence[Tip], halves: Mapping[str, str]) -> str:
    """Write what is in the corpus, by language, half, severity, category, reporter, style and frame."""
    kinds: dict[str, Callable[[Tip], Iterable[str]]] = {
        "language": lambda tip: [tip.lang],
        "half": lambda tip: [halves.get(tip.theme, "develop")],
        "severity": lambda tip: [tip.severity.value],
        "category": lambda tip: [tip.category],
        "reporter": lambda tip: [tip.reporter],
        "style": lambda tip: tip.style,
        "frame": lambda tip: [tip.frame],
    }
    lines = ["|  | tips |", "| --- | --- |"]
    for name, kind in kinds.items():
        found = Counter(value for tip in tips for value in kind(tip))
        lines.append(f"| {name} | {', '.join(f'{value} {count}' for value, count in found.most_common())} |")
    lengths = [len(tip.text) for tip in tips]
    pairs = sum(tip.pair is not None for tip in tips) // 2
    notes = f"{len(tips)} tips, {pairs} pairs; median {median(lengths):.0f} signs, longest {max(lengths)}."
    return "\n".join([*lines, "", notes, ""])
