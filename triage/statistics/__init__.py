"""Statistics: how much a message resembles tips that were grave. It may have a person asked; it lowers nothing.

`make train` fits `weights.json` from the develop half of the corpus and writes it only where it buys something, and
`CARD.md`, which says how and what came of it. Without that file this layer is not there. A score is a sum over short
pieces of words; it counts only where a message tells of a person at some length and nothing in it is a cue of calm.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import exp, sqrt
from typing import Any

from triage.evidence import Verdict
from triage.model import Indicator
from triage.patterns import Matches

REASON = "resembles_danger"
"""Why the engine asks: no rule says so, but such words stand in tips that were grave."""
INDICATOR = "words_of_grave_tips"
_SHORTEST, _LONGEST = 3, 4
_SHOWN = 3
_FEWEST_WORDS, _MOST_WORDS = 16, 2000
_TOLD = "told"
_CALM = ("ad", "drill", "lesson", "sport", "game", "fiction", "idiom", "parent_idiom", "laugh", "thanks")


@dataclass(frozen=True, slots=True)
class Model:
    """What was fitted: a weight for each piece, and for each language slope and offset that make the sum a chance.

    A message whose chance of being grave is `threshold` or more has a person asked.
    """

    version: str
    threshold: float
    bias: float
    calibration: Mapping[str, tuple[float, float]]
    weights: Mapping[str, float]

    def score(self, words: Iterable[str]) -> float:
        """Return the uncalibrated sum over the known pieces of all words, the same however long the message is."""
        known = [self.weights[piece] for piece in grams(words) if piece in self.weights]
        return self.bias + sum(known) / sqrt(len(known)) if known else self.bias

    def chance(self, words: Iterable[str], language: str) -> float:
        """Return the chance from 0 to 1 that a person must be woken, as far as these words tell."""
        slope, offset = self.calibration.get(language, self.calibration["und"])
        return 1 / (1 + exp(-slope * self.score(words) - offset))

    def weight(self, word: str) -> float:
        """Return what one word adds by itself."""
        return sum(self.weights.get(piece, 0.0) for piece in grams([word]))

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Model":
        """Read the content of `weights.json`."""
        calibration = {language: (slope, offset) for language, (slope, offset) in found["calibration"].items()}
        return cls(found["version"], found["threshold"], found["bias"], calibration, found["weights"])


def grams(words: Iterable[str]) -> set[str]:
    """Return the pieces of words, three or four characters long, beginnings and ends marked by a space."""
    return {
        padded[start : start + size]
        for padded in (f" {word} " for word in words)
        for size in range(_SHORTEST, _LONGEST + 1)
        for start in range(len(padded) - size + 1)
    }


@cache
def load() -> Model | None:
    """Return the fitted weights, read once; None where none are shipped."""
    path = files(__name__).joinpath("weights.json")
    return Model.parse(json.loads(path.read_text("utf-8"))) if path.is_file() else None


def applies(matches: Matches) -> bool:
    """Tell whether a message is one to score: of a person, in more words than a chat has, with no cue of calm."""
    return len(matches.words) >= _FEWEST_WORDS and matches.has(_TOLD) and not matches.has(*_CALM)


def heed(verdict: Verdict, matches: Matches) -> Verdict:
    """Return the verdict, unsure where it was sure that nobody is needed and the words resemble grave ones."""
    model = load()
    if model is None or verdict.reason is not None or verdict.severity.life_safety or not applies(matches):
        return verdict
    words = matches.words[:_MOST_WORDS]
    if model.chance((word.text for word in words), verdict.language) < model.threshold:
        return verdict
    telling = sorted(words, key=lambda word: (-model.weight(word.text), word.start))[:_SHOWN]
    shown = tuple(Indicator(INDICATOR, word.start, word.end) for word in telling)
    return replace(verdict, reason=REASON, indicators=verdict.indicators + shown)
