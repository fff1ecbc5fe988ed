"""Figures: shares with Wilson intervals, macro-F1 and weighted kappa, over what was judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from tests.triage_report.judging import Judged
from triage.model import Severity

_Z = 1.959964
"""Half-width of a 95 % interval in standard deviations."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `of`."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        """Return the share from 0 to 1; of nothing it is 0."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval. Source: E. B. Wilson, JASA 22 (1927), the score interval."""
        if not self.of:
            return 0.0, 1.0
        share, size = self.share, self.of
        centre = share + _Z * _Z / (2 * size)
        spread = _Z * sqrt(share * (1 - share) / size + _Z * _Z / (4 * size * size))
        scale = 1 + _Z * _Z / size
        return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def rate(judged: Iterable[Judged], hit: Callable[[Judged], bool]) -> Rate:
    """Count those for which `hit` holds."""
    answers = [hit(one) for one in judged]
    return Rate(sum(answers), len(answers))


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a figure: at least (`most` False) or at most so much."""

    label: str
    limit: float
    most: bool = False

    def met(self, share: float) -> bool:
        """Tell whether a share is good enough."""
        return share <= self.limit if self.most else share >= self.limit


TARGETS: Mapping[str, Target] = {
    "recall": Target("life-safety tips marked critical or high, or unsure", 0.98),
    "sure_recall": Target("life-safety tips marked critical or high", 0.95),
    "critical": Target("critical marked critical", 0.90),
    "false_pages": Target("harmless messages that page someone", 0.05, most=True),
    "needless_pages": Target("moderate and low concerns that page someone", 0.15, most=True),
    "pairs": Target("minimal pairs both right", 0.95),
    "shown": Target("results with a highlighted span, or unsure", 1.0),
}
"""An `unsure` that pages counts as a page in each."""
MACRO_F1 = Target("main category right (macro-F1)", 0.80)


def figures(judged: Sequence[Judged]) -> dict[str, Rate]:
    """Count each figure of `TARGETS`."""
    grave = [one for one in judged if one.tip.life_safety]
    return {
        "recall": rate(grave, lambda one: one.pages),
        "sure_recall": rate(grave, lambda one: one.severity.life_safety),
        "critical": rate(
            (one for one in grave if one.tip.severity is Severity.CRITICAL),
            lambda one: one.severity is Severity.CRITICAL,
        ),
        "false_pages": rate((one for one in judged if one.tip.harmless), lambda one: one.pages),
        "needless_pages": rate(
            (one for one in judged if not one.tip.harmless and not one.tip.life_safety), lambda one: one.pages
        ),
        "pairs": pairs(judged),
        "shown": rate(judged, lambda one: one.unsure or bool(one.spans)),
    }


def pairs(judged: Sequence[Judged]) -> Rate:
    """Count the minimal pairs of which both twins are right, out of those of which both were judged."""
    known = {one.tip.id: one for one in judged}
    twins = [(one, known[one.tip.pair]) for one in judged if one.tip.pair in known and one.tip.id < one.tip.pair]
    return Rate(sum(left.right and right.right for left, right in twins), len(twins))


def by(judged: Iterable[Judged], groups: Callable[[Judged], Iterable[str]]) -> dict[str, list[Judged]]:
    """Sort into groups, of which one result may be in several; named in alphabetical order."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        for group in groups(one):
            found[group].append(one)
    return dict(sorted(found.items()))


def macro_f1(pairs_of: Iterable[tuple[str, str]]) -> float:
    """Return the mean F1 of the (true, given) labels, each true label counting the same."""
    found = list(pairs_of)
    labels = {true for true, _ in found}
    return sum(_f1(found, label) for label in labels) / len(labels) if labels else 0.0


def _f1(found: Sequence[tuple[str, str]], label: str) -> float:
    right = sum(true == given == label for true, given in found)
    named = sum(true == label for true, _ in found) + sum(given == label for _, given in found)
    return 2 * right / named


def categories(judged: Iterable[Judged]) -> float:
    """Return the macro-F1 of the main category."""
    return macro_f1((one.tip.category, one.categories[0]) for one in judged)


def confusion(judged: Iterable[Judged]) -> dict[tuple[str, str], int]:
    """Count (rated, given) severities."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for one in judged:
        found[one.tip.severity.value, one.severity.value] += 1
    return dict(found)


def kappa(ratings: Sequence[tuple[int, int]], *, weighted: bool = True) -> float:
    """Return Cohen's kappa of pairs of ranks, with quadratic weights or none; 1 where all say the same.

    Source: J. Cohen, Psychological Bulletin 70 (1968).
    """
    size = len(ratings)

    def apart(left: int, right: int) -> float:
        return float((left - right) ** 2 if weighted else left != right)

    first, second = Counter(left for left, _ in ratings), Counter(right for _, right in ratings)
    seen = sum(apart(*pair) * count for pair, count in Counter(ratings).items()) / size
    by_chance = sum(apart(left, right) * first[left] * second[right] for left in first for right in second) / size**2
    return 1 - seen / by_chance if by_chance else 1.0
