"""Fit the statistical layer from the develop half, and say what it buys on themes it has not seen (`make train`).

Every figure comes from leaving themes out, twice: the weights, the calibration and the threshold that judge a theme
were all chosen without it. The weights are shipped only where they buy something (`buys`), else none are there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import normalize

from tests.triage_report import card, corpus
from tests.triage_report.ablations import statistics_off
from tests.triage_report.judging import Judged, judge
from triage import lexicon, statistics
from triage.language import guess
from triage.model import Severity
from triage.normalize import words

FOLDER = Path(statistics.__file__).parent
WEIGHTS = FOLDER / "weights.json"
CARD = FOLDER / "CARD.md"
FOUND = Path(__file__).with_name("statistics.json")

_OUTER, _INNER = 11, 5
_LEAST = 3
"""A piece of a word counts where at least so many tips have it."""
_IMPORTANCE = {"none": 1.0, "low": 0.7, "moderate": 0.5, "high": 1.0, "critical": 1.3}
"""What lies near the border of being woken for teaches least."""
_LEAST_CHANCE = 0.667
_FALSE_PAGES, _NEEDLESS_PAGES = 0.0, 0.05
"""It asks only where two of three such tips are grave, and adds at most so many harmless and minor ones to the pages.

The budgets are tight because what people text all day is more varied than any corpus of tips.
"""
_GAIN, _RATIO = 0.01, 2.0
LANGUAGES = ("en", "es", "und")


@dataclass(frozen=True, slots=True)
class Example:
    """A tip as the layer sees it; `open` says that it is one to score, and that the rules wake nobody anyway."""

    words: tuple[str, ...]
    language: str
    theme: str
    severity: Severity
    open: bool

    @property
    def grave(self) -> bool:
        """Whether a person must be woken."""
        return self.severity.life_safety


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


def examples(tips: Sequence[corpus.Tip]) -> list[Example]:
    """Prepare tips, with what the rules alone make of them."""
    with statistics_off():
        judged = judge(tips)
    return [_example(one) for one in judged]


def _example(judged: Judged) -> Example:
    pack = lexicon.load()
    matches = pack.matcher.match(words(judged.tip.text, pack.vocabulary))
    return Example(
        tuple(word.text for word in matches.words),
        guess(judged.tip.text),
        judged.tip.theme,
        judged.tip.severity,
        not judged.pages and statistics.applies(matches),
    )


def fit(known: Sequence[Example]) -> statistics.Model:
    """Fit weights, calibration and threshold on these alone."""
    scores = np.zeros(len(known))
    for train, held in _folds(known, _INNER):
        model = _weigh([known[index] for index in train])
        scores[held] = [model.score(known[index].words) for index in held]
    calibration = _calibrate(known, scores)
    bare = _weigh(known)
    model = statistics.Model(lexicon.VERSION, 1.0, bare.bias, calibration, bare.weights)
    chances = [_chance(calibration[one.language], score) for one, score in zip(known, scores, strict=True)]
    return statistics.Model(model.version, _threshold(known, chances), model.bias, calibration, model.weights)


def _folds(known: Sequence[Example], folds: int) -> list[tuple[Any, Any]]:
    themes = [one.theme for one in known]
    return list(GroupKFold(min(folds, len(set(themes)))).split(themes, themes, themes))


def _weigh(known: Sequence[Example]) -> statistics.Model:
    counter = CountVectorizer(analyzer=statistics.grams, binary=True, min_df=_LEAST)
    seen = normalize(counter.fit_transform([one.words for one in known]))
    fitted = LogisticRegression(C=1.0, max_iter=2000).fit(
        seen, [one.grave for one in known], sample_weight=[_IMPORTANCE[one.severity.value] for one in known]
    )
    weights = {
        str(piece): round(float(weight), 3)
        for piece, weight in zip(counter.get_feature_names_out(), fitted.coef_[0], strict=True)
    }
    return statistics.Model("", 1.0, round(float(fitted.intercept_[0]), 3), {}, weights)


def _calibrate(known: Sequence[Example], scores: Any) -> dict[str, tuple[float, float]]:
    """Fit slope and offset for each language; a penalty draws those with few examples towards all the others'."""
    extra = [[one.language == language for language in LANGUAGES] for one in known]
    flags = np.array(extra, dtype=float)
    seen = np.column_stack([scores, flags, flags * scores[:, None]])
    fitted = LogisticRegression(C=1.0, max_iter=2000).fit(seen, [one.grave for one in known])
    slope, rest, offset = fitted.coef_[0][0], fitted.coef_[0][1:], fitted.intercept_[0]
    return {
        language: (round(float(slope + rest[3 + index]), 3), round(float(offset + rest[index]), 3))
        for index, language in enumerate(LANGUAGES)
    }


def _chance(calibration: tuple[float, float], score: float) -> float:
    return float(1 / (1 + np.exp(-calibration[0] * score - calibration[1])))


def _threshold(known: Sequence[Example], chances: Sequence[float]) -> float:
    """Return the lowest threshold that stays within both budgets of added pages, and asks on a good chance only."""
    limits = [_LEAST_CHANCE]
    for budget, kind in ((_FALSE_PAGES, (Severity.NONE,)), (_NEEDLESS_PAGES, (Severity.LOW, Severity.MODERATE))):
        of = sum(one.severity in kind for one in known)
        pairs = zip(known, chances, strict=True)
        added = sorted((chance for one, chance in pairs if one.severity in kind and one.open), reverse=True)
        place = int(budget * of)
        limits.append(added[place] if place < len(added) else 0.0)
    return round(max(limits) + 0.00005, 4)


def left_out(known: Sequence[Example]) -> tuple[Bought, list[float]]:
    """Judge each theme by what was fitted without it; return what is bought, and each chance."""
    chances, asked = [0.0] * len(known), [False] * len(known)
    for train, held in _folds(known, _OUTER):
        model = fit([known[index] for index in train])
        for index in held:
            chances[index] = model.chance(known[index].words, known[index].language)
            asked[index] = known[index].open and chances[index] >= model.threshold
    added = [one for one, yes in zip(known, asked, strict=True) if yes]
    return _bought(known, added), chances


def _bought(known: Sequence[Example], added: Sequence[Example]) -> Bought:
    def count(ones: Sequence[Example]) -> tuple[int, int, int]:
        grave = sum(one.grave for one in ones)
        harmless = sum(one.severity is Severity.NONE for one in ones)
        return grave, harmless, len(ones) - grave - harmless

    (gained, false, needless), (grave, harmless, minor) = count(added), count(known)
    return Bought(gained, grave, false, harmless, needless, minor)


def bins(known: Sequence[Example], chances: Sequence[float], language: str | None = None) -> list[dict[str, float]]:
    """Return how often tips of about the same chance were grave, by tenths: what a calibration plot shows."""
    pairs = [(c, one.grave) for one, c in zip(known, chances, strict=True) if language in (None, one.language)]
    found = []
    for tenth in range(10):
        inside = [(chance, grave) for chance, grave in pairs if tenth <= chance * 10 < tenth + 1]
        if inside:
            mean = sum(chance for chance, _ in inside) / len(inside)
            found.append({"said": round(mean, 3), "grave": sum(grave for _, grave in inside), "of": len(inside)})
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, judge by leaving themes out, keep what was found; ship the weights or remove them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ship", action="store_true", help="whatever it buys here, beside rules that have seen it all")
    by_hand = parser.parse_args(arguments).ship
    known = examples(corpus.read("develop"))
    bought, chances = left_out(known)
    model = fit(known)
    found = {
        "rules": lexicon.VERSION,
        "tips": len(known),
        "themes": len({one.theme for one in known}),
        "shipped": bought.buys or by_hand,
        "by_hand": by_hand and not bought.buys,
        "threshold": model.threshold,
        "pieces": len(model.weights),
        "bought": asdict(bought),
        "calibration": {name: bins(known, chances, None if name == "all" else name) for name in ("all", *LANGUAGES)},
    }
    FOUND.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    CARD.write_text(card.write(found), "utf-8")
    if found["shipped"]:
        WEIGHTS.write_text(json.dumps(asdict(model), ensure_ascii=True, separators=(",", ":")) + "\n", "utf-8")
    else:
        WEIGHTS.unlink(missing_ok=True)
    print(json.dumps(found["bought"]), "shipped" if found["shipped"] else "not shipped: it buys too little")


if __name__ == "__main__":
    main()
