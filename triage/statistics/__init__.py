"""Statistics: how much a message means what grave tips mean. It raises, and has a person asked; it buries nothing.

`meaning` reads a message with a small network that `make encoder` tunes to our own written tips, `signs` names what the
rules saw, and `model` weighs both with weights that `make train` fits. `CARD.md`, written by the same run, says how,
and what came of it. Without `weights.npz` this layer is not there.

In one place the network does hold back a page. A rule speaks for itself as long as it was right on tips that its author
had not seen. One that was not is `unproven`, and so are weak signs that only together made the rules unsure: where the
network all but rules danger out, such a message stands in the queue as moderate at most and as low at least, and says
so. It is not asked where it cannot know: in few words, in a language that is not ours, past what it has read, or
where danger was told in pieces.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triage.evidence import Verdict
from triage.model import HELD_BACK, Category, Indicator, Severity
from triage.patterns import Matches
from triage.rules import Finding
from triage.statistics import signs

if TYPE_CHECKING:
    from triage.statistics.model import Model, Reading

REASON = "resembles_danger"
"""Why the engine asks: no rule says so, but messages that mean such things were grave."""
INDICATOR = "words_of_grave_tips"
_SHOWN = 3
_FEWEST_WORDS = 3
_SHORT = 8
"""In so few words there is little that a rule could have missed: it speaks for itself, proven or not."""
_AGREE = 2
"""Kinds of danger that rules saw in one message: they need half the backing."""
_LINE = frozenset({Category.TEST, Category.SPAM})
_NAMELESS = _LINE | {Category.OTHER}


def load() -> Model | None:
    """Return the fitted weights, read once, the network with them; None where none are shipped."""
    from triage.statistics import model  # noqa: PLC0415 - 30 MB, which whoever judges nothing does not want

    return model.load()


def heed(verdict: Verdict, finding: Finding, text: str | None = None, freely: int | None = None) -> Verdict:
    """Return the verdict raised to what the layer makes of the message, and unsure where it alone calls a person.

    Without `text` the words of the finding are read, as they are where local words were put in plain terms. What stands
    behind the first `freely` characters is not read: a place and a day put below a joke are no plan.
    What unproven rules alone made of it counts only where the layer backs it. A verdict that says why it cannot tell
    keeps its reason; what a try or junk says to the line itself is left alone.
    """
    weights, matches = load(), finding.matches
    words = [word.text for word in matches.words if freely is None or word.start < freely]
    if weights is None or len(words) < _FEWEST_WORDS or _LINE.intersection(verdict.categories):
        return verdict
    reading = weights.read(
        " ".join(words) if text is None else text[:freely], words, signs.of(finding, verdict), verdict.language
    )
    if (
        reading.whole
        and reading.grave < _backing(weights, finding)
        and _is_unproven(weights, finding, verdict, len(words))
    ):
        severity = min(max(verdict.severity, Severity.LOW), Severity.MODERATE)
        words_of_all = Indicator(HELD_BACK, matches.words[0].start, matches.words[-1].end)
        verdict = replace(verdict, severity=severity, reason=None, indicators=(*verdict.indicators, words_of_all))
    severity = max(verdict.severity, reading.severity, key=lambda item: item.rank)
    alone = reading.asks and not verdict.severity.life_safety and verdict.reason is None
    return replace(
        verdict,
        severity=severity,
        categories=_categories(verdict, reading, weights) if alone or severity > Severity.NONE else verdict.categories,
        indicators=verdict.indicators + (_telling(weights, matches) if alone else ()),
        reason=REASON if alone else verdict.reason,
        asks=verdict.asks and not alone,
    )


def _backing(weights: Model, finding: Finding) -> float:
    grave = {hit.rule.family for hit in finding.hits if hit.severity.life_safety}
    return weights.backs / 2 if len(grave) >= _AGREE else weights.backs


def _is_unproven(weights: Model, finding: Finding, verdict: Verdict, read: int) -> bool:
    """Tell whether all that calls a person here are weak signs, or rules that were wrong too often.

    What rules saw behind the first `read` words, the network has not read.
    """
    if verdict.foreign or finding.carried[0].life_safety or finding.pieced or len(finding.matches.words) <= _SHORT:
        return False
    if not (verdict.severity.life_safety or verdict.reason == "undecided"):
        return False
    grave = [hit for hit in finding.hits if hit.severity.life_safety]
    return all(f"{hit.rule.family}/{hit.rule.indicator}" in weights.unproven and hit.end <= read for hit in grave)


def _categories(verdict: Verdict, reading: Reading, weights: Model) -> tuple[Category, ...]:
    """Name first what it means, where that is rather sure or the rules saw nothing; then what the rules name."""
    if reading.category in _NAMELESS or (reading.sure < weights.names and verdict.severity >= Severity.MODERATE):
        return verdict.categories
    known = tuple(one for one in verdict.categories if one not in {Category.OTHER, reading.category})
    return (reading.category, *known)


def _telling(weights: Model, matches: Matches) -> tuple[Indicator, ...]:
    """Return the words that most often stand in grave tips, from the first to the last."""
    telling = sorted(matches.words, key=lambda word: (-weights.weight(word.text), word.start))[:_SHOWN]
    return tuple(Indicator(INDICATOR, word.start, word.end) for word in sorted(telling, key=lambda word: word.start))
