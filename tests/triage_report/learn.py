"""Fit the statistical layer, and say what it buys on tips it has not seen (`make train`).

It learns from training tips that were held back from the encoder; the test half judges it. Every figure here comes from
leaving tips out, those that stand near each other together: what judges one was fitted without it and its like.
Thresholds are the lowest that keep within budgets of false alarms on tips left out. The weights are shipped only where
they buy something.
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

from tests.triage_report import card, corpus, glance
from tests.triage_report.ablations import statistics_off
from triage import engine, lexicon, statistics
from triage.language import guess
from triage.model import Severity
from triage.policy import urgency
from triage.statistics import meaning, model, signs
from triage.statistics.meaning import CATEGORIES, HIGH, LEVELS, Numbers
from triage.statistics.model import LANGUAGES, Model

FOLDER = Path(statistics.__file__).parent
WEIGHTS = FOLDER / "weights.npz"
CARD = FOLDER / "CARD.md"
FOUND = Path(__file__).with_name("statistics.json")

_FOLDS = 8
_LEAST_SIGN, _SIGN = 5, 0.2
"""A sign counts where at least so many tips have it, and for so much beside what the network says."""
_STRENGTH = 0.5
"""How far the weights may go to please single tips: scikit-learn's C."""
_BUDGETS: Mapping[Severity, Mapping[str, float]] = {
    Severity.LOW: {"none": 0.07},
    Severity.MODERATE: {"none": 0.042, "low": 0.3},
    Severity.HIGH: {"none": 0.0405},
    Severity.CRITICAL: {"none": 0.03},
}
"""At most so many of each rating are raised to a level."""
_ASKS: Mapping[str, float] = {"none": 0.0405}
"""At most so many have a person asked: so few that of what people text all day less than one in a hundred pages."""
_RIGHT, _WRONG, _BACKS = 0.92, 1.0, 0.25
"""How often a rule that was so often wrong must be right to speak for itself, and the chance that it needs else."""
_LEAST_PIECE, _PIECE_STRENGTH = 3, 4.0
"""A piece of a word counts where at least so many tips have it."""
_ORDINARY, _WEIGHT = "plain", 40.0
"""Files of ordinary texts begin so; each counts for so many, since what people text all day is far more varied."""
_TELLING = 1000
"""So many words are kept to show where a person should look."""
_NAMES = 0.8
"""How sure the network must be of what a message is about, to be heard before the rules."""
_GAIN, _RATIO = 0.01, 2.0
_STRETCH = 12
"""Lines that stand together in a file are of one kind."""


@dataclass(frozen=True, slots=True)
class Example:
    """A tip as the layer sees it. Those of one `group` are of one kind: they are left out together."""

    said: tuple[float, ...]
    """What the network says of it, for `LEVELS`; nothing where the network was tuned to it."""
    about: str
    signs: frozenset[str]
    language: str
    group: str
    severity: Severity
    category: str
    paged: bool
    """Whether the rules alone call a person."""
    words: tuple[str, ...] = ()
    """As the normaliser gives them."""
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
    """Read the training tips that no author of rules has read, with what the rules alone make of them."""
    with statistics_off():
        return [
            _example(row, f"{name} {place // _STRETCH}", held=corpus.is_held(name, place))
            for name, rows in corpus.training().items()
            if name not in corpus.SEEN
            for place, row in enumerate(rows)
        ]


def _example(row: Mapping[str, str], group: str, *, held: bool) -> Example:
    text = row["text"]
    finding, verdict = engine.weigh(text)
    said = meaning.read(text) if held else None
    return Example(
        tuple(map(float, said.levels)) if said else (),
        CATEGORIES[int(said.categories.argmax())] if said else "",
        signs.of(finding, verdict),
        guess(text),
        group,
        Severity(row["severity"]),
        row["category"],
        urgency(engine.assess(text)) != "queue",
        tuple(word.text for word in finding.matches.words),
        frozenset(f"{hit.rule.family}/{hit.rule.indicator}" for hit in finding.hits if hit.severity.life_safety),
    )


def fit_pieces(taught: Sequence[Example]) -> Model:
    """Fit on these what pieces of words tell; all else of the model is empty."""
    counter = CountVectorizer(analyzer=model.pieces, binary=True, min_df=_LEAST_PIECE)
    counted = normalize(counter.fit_transform([one.words for one in taught]))
    ordinary = [one.group.startswith(_ORDINARY) for one in taught]
    high = LogisticRegression(C=_PIECE_STRENGTH, max_iter=1000).fit(
        counted, [one.severity.life_safety for one in taught], sample_weight=_counts(taught)
    )
    plain = LogisticRegression(C=_PIECE_STRENGTH, max_iter=1000, class_weight="balanced").fit(counted, ordinary)
    nothing, levels = np.array([], dtype=np.str_), len(LEVELS)
    return Model(
        version=lexicon.VERSION,
        piece_names=np.array(counter.get_feature_names_out(), dtype=np.str_),
        piece_weights=_round(np.column_stack([high.coef_[0], plain.coef_[0]])),
        told_bias=_round([high.intercept_[0], plain.intercept_[0]]),
        said_weights=_round(np.zeros((levels + 2, levels))),
        sign_names=nothing,
        sign_weights=_round(np.zeros((0, levels))),
        bias=_round(np.zeros(levels)),
        word_names=nothing,
        word_weights=_round([]),
        calibration=_round(np.tile(np.array([1.0, 0.0]), (len(LANGUAGES), levels, 1))),
        raises=_round(np.ones(levels) * 2),
        asks=2.0,
        backs=0.0,
        names=_NAMES,
        unproven=(),
    )


def _counts(known: Sequence[Example]) -> list[float]:
    return [_WEIGHT if one.group.startswith(_ORDINARY) else 1.0 for one in known]


def heard(known: Sequence[Example], fitted: Model) -> Numbers:
    """Return what the network says of each, and then what its pieces tell."""
    return np.array([[*one.said, *fitted.told(one.words)] for one in known], dtype=np.float32)


def fit(known: Sequence[Example], said: Numbers, base: Model) -> Model:
    """Fit the weights on these alone; the chances are not calibrated yet, and nothing is raised."""
    marks = CountVectorizer(analyzer=sorted, binary=True, min_df=_LEAST_SIGN)
    seen = hstack([csr_matrix(said), marks.fit_transform([one.signs for one in known]) * _SIGN]).tocsr()
    levels = [
        LogisticRegression(C=_STRENGTH, max_iter=3000).fit(
            seen, [one.severity >= level for one in known], sample_weight=_counts(known)
        )
        for level in LEVELS
    ]
    columns, split = np.column_stack([level.coef_[0] for level in levels]), said.shape[1]
    return replace(
        base,
        said_weights=_round(columns[:split]),
        sign_names=np.array(marks.get_feature_names_out(), dtype=np.str_),
        sign_weights=_round(columns[split:] * _SIGN),
        bias=_round(np.array([level.intercept_[0] for level in levels])),
    )


def telling(seen: Sequence[Example]) -> tuple[NDArray[np.str_], Numbers]:
    """Return the words that tell of a high tip, and how much, the most telling first."""
    counter = CountVectorizer(analyzer=sorted, binary=True, min_df=_LEAST_SIGN)
    counted = counter.fit_transform([one.words for one in seen])
    fitted = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(counted, [one.severity.life_safety for one in seen])
    order = np.argsort(-fitted.coef_[0], kind="stable")[:_TELLING]
    return np.array(counter.get_feature_names_out(), dtype=np.str_)[order], _round(fitted.coef_[0][order])


def _round(numbers: Any) -> NDArray[np.float32]:
    return np.asarray(np.round(numbers, 4), dtype=np.float32)


def left_out(known: Sequence[Example], said: Numbers, base: Model) -> Numbers:
    """Score each tip for `LEVELS` by what was fitted without its group."""
    scores = np.zeros((len(known), len(LEVELS)), np.float32)
    groups = [one.group for one in known]
    for train, held in GroupKFold(_FOLDS, shuffle=True, random_state=1).split(scores, groups=groups):
        fitted = fit([known[index] for index in train], said[train], base)
        for index in held:
            scores[index] = fitted.scores(said[index], known[index].signs)
    return scores


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
    least = min(fitted.asks, float(fitted.raises[HIGH]))
    high = said[:, HIGH]
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


def learn(seen: Sequence[Example]) -> tuple[Model, dict[str, Any]]:
    """Fit, calibrate and set thresholds; return the model and what was found by leaving tips out."""
    known = [one for one in seen if one.said]
    base = fit_pieces([one for one in seen if not one.said])
    heeded = heard(known, base)
    scores = left_out(known, heeded, base)
    names, weights = telling(seen)
    fitted = fit(known, heeded, base)
    fitted = replace(fitted, calibration=calibrate(known, scores), word_names=names, word_weights=weights)
    said = chances(known, scores, fitted)
    high = said[:, HIGH]
    raises = [threshold(known, said[:, column], _BUDGETS[level]) for column, level in enumerate(LEVELS)]
    fitted = replace(
        fitted, raises=np.array(raises, dtype=np.float32), asks=threshold(known, high, _ASKS), backs=_BACKS,
        unproven=unproven(seen),
    )  # fmt: skip
    gain = bought(known, said, fitted)
    right = sum(one.about == one.category for one in known)
    found = {
        "rules": lexicon.VERSION,
        "tips": len(known),
        "shipped": gain.buys,
        "asks": fitted.asks,
        "right": _RIGHT,
        "backs": fitted.backs,
        "names": fitted.names,
        "unproven": len(fitted.unproven),
        "raises": {level.value: chance for level, chance in zip(LEVELS, raises, strict=True)},
        "signs": len(fitted.sign_names),
        "pieces": len(fitted.piece_names),
        "encoder": json.loads(meaning.ENCODER.with_suffix(".json").read_text("utf-8")),
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
    """Learn, keep what was found, and ship the weights or remove them; and what the first look goes by."""
    glance.write()
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
