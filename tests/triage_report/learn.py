"""Fit the statistical layer, and say what it buys on tips it has not seen (`make train`).

It learns from `triage/corpus/training` and the develop half of the corpus; the test half judges it. Every figure here
comes from leaving tips out, those of a theme together: what judges one was fitted without it and its like. Thresholds
are the lowest that keep within budgets of false alarms on tips left out. The weights are shipped only where they buy
something.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import normalize

from tests.triage_report import card, corpus
from tests.triage_report.ablations import statistics_off
from triage import engine, lexicon, statistics
from triage.language import guess
from triage.model import Category, Severity
from triage.policy import urgency
from triage.statistics import meaning, model, signs
from triage.statistics.model import LANGUAGES, LEVELS, Model

FOLDER = Path(statistics.__file__).parent
WEIGHTS = FOLDER / "weights.npz"
CARD = FOLDER / "CARD.md"
FOUND = Path(__file__).with_name("statistics.json")

_FOLDS = 8
_LEAST = 3
"""A piece of a word counts where at least so many tips have it."""
_LEAST_SIGN, _SIGN = 5, 0.2
"""A sign counts where at least so many tips have it, and for so much beside meaning."""
_STRENGTH = 0.5
"""How far the weights may go to please single tips: scikit-learn's C."""
_CATEGORY_STRENGTH = 3.0
_ORDINARY, _WEIGHT = "plain", 4.0
"""Files of ordinary texts begin so; each counts for so many, since what people text all day is far more varied."""
_BUDGETS: Mapping[Severity, Mapping[str, float]] = {
    Severity.LOW: {"none": 0.06},
    Severity.MODERATE: {"none": 0.03, "low": 0.3},
    Severity.HIGH: {"none": 0.015, "low": 0.05, "moderate": 0.12},
    Severity.CRITICAL: {"none": 0.008, "low": 0.015, "moderate": 0.03, "high": 0.2},
}
"""At most so many of each rating are raised to a level."""
_ASKS: Mapping[str, float] = {"none": 0.0265, "low": 0.15, "moderate": 0.35}
"""At most so many have a person asked."""
_SEEN = ("en1", "en2", "es1")
"""Training tips that authors of rules have read: they prove no rule. Nor does the develop half."""
_RIGHT, _WRONG, _BACKS = 0.85, 1.0, 0.15
"""How often a rule that was so often wrong must be right to speak for itself, and the chance that it needs else."""
_GAIN, _RATIO = 0.01, 2.0
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A tip as the layer sees it. Those of one `group` are of one kind: they are left out together."""

    words: tuple[str, ...]
    signs: frozenset[str]
    language: str
    group: str
    severity: Severity
    category: str
    paged: bool
    """Whether the rules alone call a person."""
    rules: frozenset[str] = frozenset()
    """The rules that made it high or critical, as `family/indicator`."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What the layer adds to the rules: grave tips no longer missed, and pages for harmless and for minor ones."""

    gained: int
    grave: int
    false_pages: int
    harmless: int
    needless_pages: int
    minor: int

    @property
    def buys(self) -> bool:
        """Whether it is worth having: a point of recall at least, for no more than half as many false pages."""
        gain, cost = self.gained / self.grave, self.false_pages / self.harmless
        return gain >= _GAIN and gain >= _RATIO * cost and self.gained >= self.needless_pages


def examples() -> list[Example]:
    """Read what there is to learn from, with what the rules alone make of it."""
    rows = [
        (row["text"], f"{name} {place}", Severity(row["severity"]), row["category"])
        for name, rows in corpus.training().items()
        for place, row in enumerate(rows)
    ]
    tips = [
        (tip.text.replace(corpus.BREAK, "\n"), tip.theme, tip.severity, tip.category) for tip in corpus.read("develop")
    ]
    with statistics_off():
        return [_example(*one) for one in [*rows, *tips]]


def _example(text: str, group: str, severity: Severity, category: str) -> Example:
    finding, verdict = engine.weigh(text)
    told = tuple(word.text for word in finding.matches.words)
    seen = signs.of(finding, verdict)
    rules = frozenset(f"{hit.rule.family}/{hit.rule.indicator}" for hit in finding.hits if hit.severity.life_safety)
    return Example(
        told[: model.LONGEST],
        seen,
        guess(text),
        group,
        severity,
        category,
        urgency(engine.assess(text)) != "queue",
        rules,
    )


def vectors(known: Sequence[Example]) -> Numbers:
    """Return what the encoder makes of them."""
    return np.asarray(meaning.vectors([" ".join(one.words) or " " for one in known]), dtype=np.float64)


def fit(known: Sequence[Example], meant: Numbers) -> Model:
    """Fit the weights on these alone; the chances are not calibrated yet, and nothing is raised."""
    mean, spread = meant.mean(axis=0), meant.std(axis=0) * np.sqrt(meaning.SIZE)
    standard = (meant - mean) / spread
    counter = CountVectorizer(analyzer=model.pieces, binary=True, min_df=_LEAST)
    marks = CountVectorizer(analyzer=list, binary=True, min_df=_LEAST_SIGN)
    seen = hstack(
        [
            csr_matrix(standard),
            normalize(counter.fit_transform([one.words for one in known])),
            marks.fit_transform([one.signs for one in known]) * _SIGN,
        ]
    ).tocsr()
    split = meaning.SIZE + len(counter.vocabulary_)
    weights = [_WEIGHT if one.group.startswith(_ORDINARY) else 1.0 for one in known]
    levels = [
        LogisticRegression(C=_STRENGTH, max_iter=3000, class_weight="balanced").fit(
            seen, [one.severity >= level for one in known], sample_weight=weights
        )
        for level in LEVELS
    ]
    columns = np.column_stack([level.coef_[0] for level in levels])
    about = LogisticRegression(C=_CATEGORY_STRENGTH, max_iter=3000, class_weight="balanced").fit(
        standard, [one.category for one in known]
    )
    plain = np.tile(np.array([1.0, 0.0]), (len(LANGUAGES), len(LEVELS), 1))
    return Model(
        version=lexicon.VERSION,
        mean=_round(mean),
        scale=_round(spread),
        meaning_weights=_round(columns[: meaning.SIZE]),
        piece_names=np.array(counter.get_feature_names_out(), dtype=np.str_),
        piece_weights=_round(columns[meaning.SIZE : split]),
        sign_names=np.array(marks.get_feature_names_out(), dtype=np.str_),
        sign_weights=_round(columns[split:] * _SIGN),
        bias=_round(np.array([level.intercept_[0] for level in levels])),
        calibration=_round(plain),
        raises=_round(np.ones(len(LEVELS)) * 2),
        asks=2.0,
        backs=0.0,
        unproven=(),
        categories=tuple(Category(str(name)) for name in about.classes_),
        category_weights=_round(about.coef_.T),
        category_bias=_round(about.intercept_),
    )


def _round(numbers: Any) -> NDArray[np.float32]:
    return np.asarray(np.round(numbers, 4), dtype=np.float32)


def left_out(known: Sequence[Example], meant: Numbers) -> tuple[Numbers, list[str]]:
    """Score each tip for `LEVELS`, and name what it is about, by what was fitted without its group."""
    scores, about = np.zeros((len(known), len(LEVELS))), [""] * len(known)
    groups = [one.group for one in known]
    for train, held in GroupKFold(_FOLDS, shuffle=True, random_state=1).split(meant, groups=groups):
        fitted = fit([known[index] for index in train], meant[train])
        for index in held:
            standard = (meant[index] - fitted.mean) / fitted.scale
            scores[index] = fitted.scores(standard.astype(np.float32), known[index].words, known[index].signs)
            place = int((standard @ fitted.category_weights + fitted.category_bias).argmax())
            about[index] = fitted.categories[place].value
    return scores, about


def calibrate(known: Sequence[Example], scores: Numbers) -> NDArray[np.float32]:
    """Fit slope and offset for each language and level; a penalty draws languages with few examples to the others."""
    flags = np.array([[one.language == language for language in LANGUAGES] for one in known], dtype=float)
    found = np.zeros((len(LANGUAGES), len(LEVELS), 2))
    for column, level in enumerate(LEVELS):
        seen = np.column_stack([scores[:, column], flags, flags * scores[:, [column]]])
        fitted = LogisticRegression(C=1.0, max_iter=2000).fit(seen, [one.severity >= level for one in known])
        slope, rest, offset = fitted.coef_[0][0], fitted.coef_[0][1:], fitted.intercept_[0]
        for place in range(len(LANGUAGES)):
            found[place, column] = slope + rest[len(LANGUAGES) + place], offset + rest[place]
    return _round(found)


def chances(known: Sequence[Example], scores: Numbers, fitted: Model) -> Numbers:
    """Turn scores into chances."""
    return np.array([fitted.chances(row, one.language) for one, row in zip(known, scores, strict=True)])


def threshold(known: Sequence[Example], said: Numbers, budgets: Mapping[str, float]) -> float:
    """Return the lowest chance that keeps within all budgets."""
    limits = []
    for severity, share in budgets.items():
        of = sorted((chance for one, chance in zip(known, said, strict=True) if one.severity == severity), reverse=True)
        limits.append(of[int(share * len(of))])
    return round(float(max(limits)) + 0.00005, 4)


def unproven(known: Sequence[Example]) -> tuple[str, ...]:
    """Name the rules that were wrong too often on tips unseen by their authors; a minor tip is half a fault."""
    right, wrong = defaultdict[str, float](float), defaultdict[str, float](float)
    for one in known:
        if " " not in one.group or one.group.startswith(_SEEN):
            continue
        for rule in one.rules:
            right[rule] += one.severity.life_safety
            wrong[rule] += 0.0 if one.severity.life_safety else 1.0 if one.severity is Severity.NONE else 0.5
    return tuple(
        sorted(
            rule
            for rule, faults in wrong.items()
            if faults >= _WRONG and (right[rule] + 1) / (right[rule] + faults + 2) < _RIGHT
        )
    )


def bought(known: Sequence[Example], said: Numbers, fitted: Model) -> Bought:
    """Count what it adds where the rules call nobody."""
    least = min(fitted.asks, float(fitted.raises[LEVELS.index(Severity.HIGH)]))
    high = said[:, LEVELS.index(Severity.HIGH)]
    added = [one for one, chance in zip(known, high, strict=True) if chance >= least and not one.paged]

    def count(ones: Sequence[Example]) -> tuple[int, int, int]:
        grave = sum(one.severity.life_safety for one in ones)
        harmless = sum(one.severity is Severity.NONE for one in ones)
        return grave, harmless, len(ones) - grave - harmless

    (gained, false, needless), (grave, harmless, minor) = count(added), count(known)
    return Bought(gained, grave, false, harmless, needless, minor)


def bins(known: Sequence[Example], said: Sequence[float], language: str | None = None) -> list[dict[str, float]]:
    """Return how often tips of about the same chance were grave, by tenths: what a calibration plot shows."""
    pairs = [
        (c, one.severity.life_safety) for one, c in zip(known, said, strict=True) if language in (None, one.language)
    ]
    found = []
    for tenth in range(10):
        inside = [(chance, grave) for chance, grave in pairs if tenth <= chance * 10 < tenth + 1]
        if inside:
            mean = sum(chance for chance, _ in inside) / len(inside)
            found.append({"said": round(mean, 3), "grave": sum(grave for _, grave in inside), "of": len(inside)})
    return found


def learn(known: Sequence[Example]) -> tuple[Model, dict[str, Any]]:
    """Fit, calibrate and set thresholds; return the model and what was found by leaving tips out."""
    meant = vectors(known)
    scores, about = left_out(known, meant)
    fitted = replace(fit(known, meant), calibration=calibrate(known, scores))
    said = chances(known, scores, fitted)
    high = said[:, LEVELS.index(Severity.HIGH)]
    raises = [threshold(known, said[:, column], _BUDGETS[level]) for column, level in enumerate(LEVELS)]
    fitted = replace(
        fitted, raises=np.array(raises, dtype=np.float32), asks=threshold(known, high, _ASKS), backs=_BACKS,
        unproven=unproven(known),
    )  # fmt: skip
    gain = bought(known, said, fitted)
    right = sum(given == one.category for given, one in zip(about, known, strict=True))
    found = {
        "rules": lexicon.VERSION,
        "tips": len(known),
        "shipped": gain.buys,
        "asks": fitted.asks,
        "backs": fitted.backs,
        "unproven": len(fitted.unproven),
        "raises": {level.value: chance for level, chance in zip(LEVELS, raises, strict=True)},
        "pieces": len(fitted.piece_names),
        "category_right": round(right / len(known), 4),
        "raised": _raised(known, said, fitted),
        "bought": asdict(gain),
        "calibration": {name: bins(known, list(high), None if name == "all" else name) for name in ("all", *LANGUAGES)},
    }
    return fitted, found


def _raised(known: Sequence[Example], said: Numbers, fitted: Model) -> dict[str, dict[str, list[int]]]:
    """Count how many of each rating reach each level, as [reach, of]."""
    ratings = {severity.value: [one.severity is severity for one in known] for severity in Severity}
    return {
        level.value: {
            name: [int((said[rated, column] >= fitted.raises[column]).sum()), sum(rated)]
            for name, rated in ratings.items()
        }
        for column, level in enumerate(LEVELS)
    }


def main() -> None:
    """Learn, keep what was found, and ship the weights or remove them."""
    fitted, found = learn(examples())
    FOUND.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    CARD.write_text(card.write(found), "utf-8")
    if found["shipped"]:
        WEIGHTS.write_bytes(fitted.to_bytes())
    else:
        WEIGHTS.unlink(missing_ok=True)
    print(json.dumps(found["bought"]), "shipped" if found["shipped"] else "not shipped: it buys too little")


if __name__ == "__main__":
    main()
