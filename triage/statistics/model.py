"""The fitted weights: how grave a message is by what the network says, pieces of its words tell, and rules saw."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.resources import files
from io import BytesIO
from itertools import pairwise, takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.model import Category, Severity
from triage.statistics import meaning
from triage.statistics.meaning import CATEGORIES, HIGH, LEVELS, Numbers

LANGUAGES = ("en", "es", "und")
_SHORTEST, _LONGEST = 3, 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What the layer makes of a message. `chances` are those of `LEVELS`; `asks` tells that a person should look."""

    severity: Severity
    asks: bool
    category: Category
    sure: float
    """The chance that `category` is what it is about."""
    chances: tuple[float, ...]
    whole: bool = True
    """Whether the message was read to its end."""

    @property
    def grave(self) -> float:
        """Return the chance that somebody must be woken."""
        return self.chances[HIGH]


@dataclass(frozen=True)
class Model:
    """What was fitted, a column for each of `LEVELS`: weights of what is said and of signs; slopes and offsets.

    A message is raised step by step, as long as the chance of each level reaches its `raises`; from `asks` up a person
    looks.
    """

    version: str
    piece_names: NDArray[np.str_]
    piece_weights: Numbers
    """Piece x (how much it tells of a high message, how much of an ordinary text among friends)."""
    told_bias: Numbers
    said_weights: Numbers
    """For what the network says, then for what the pieces tell."""
    sign_names: NDArray[np.str_]
    sign_weights: Numbers
    bias: Numbers
    word_names: NDArray[np.str_]
    word_weights: Numbers
    """How much a word alone tells of a high message: for showing where a person should look, and nothing else."""
    calibration: Numbers
    """Language x level x (slope, offset)."""
    raises: Numbers
    asks: float
    backs: float
    """What an unproven rule needs to wake anybody."""
    names: float
    """What the chance of a category must be, so that it goes before what the rules name."""
    unproven: tuple[str, ...]
    """Rules (`family/indicator`) that were wrong too often on tips which their authors had not seen."""

    @cached_property
    def _signs(self) -> Mapping[str, int]:
        return {str(name): place for place, name in enumerate(self.sign_names)}

    @cached_property
    def _pieces(self) -> Mapping[str, int]:
        return {str(name): place for place, name in enumerate(self.piece_names)}

    @cached_property
    def _words(self) -> Mapping[str, float]:
        return {str(name): float(weight) for name, weight in zip(self.word_names, self.word_weights, strict=True)}

    def read(self, text: str, words: Sequence[str], signs: Collection[str], language: str) -> Reading:
        """Weigh what the network says of a message beside its words, as the normaliser gives them, and signs."""
        said = meaning.read(text)
        chances = self.chances(self.scores(np.concatenate([said.levels, self.told(words)]), signs), language)
        about = _shares(said.categories)
        first = int(about.argmax())
        steps = zip(LEVELS, chances, self.raises, strict=True)
        severity = max(
            (level for level, _, _ in takewhile(lambda step: step[1] >= step[2], steps)), default=Severity.NONE
        )
        asks = severity.life_safety or chances[HIGH] >= self.asks
        return Reading(severity, asks, CATEGORIES[first], float(about[first]), chances, said.whole)

    def told(self, words: Iterable[str]) -> Numbers:
        """Return what the pieces of words tell: how high, how ordinary; the same however long the message is."""
        known = [self._pieces[piece] for piece in pieces(words) if piece in self._pieces]
        told = self.piece_weights[known].sum(axis=0) / np.sqrt(len(known)) if known else 0.0
        return np.asarray(told + self.told_bias, dtype=np.float32)

    def scores(self, said: Numbers, signs: Collection[str]) -> Numbers:
        """Return the uncalibrated sums for `LEVELS`; summed in one order, so that every process finds the same."""
        rows = sorted(self._signs[sign] for sign in signs if sign in self._signs)
        seen = self.sign_weights[rows].sum(axis=0)
        return np.asarray(said @ self.said_weights + seen + self.bias, dtype=np.float32)

    def chances(self, scores: Numbers, language: str) -> tuple[float, ...]:
        """Return the chances, from 0 to 1, that a message with these scores is at least as grave as each level."""
        place = LANGUAGES.index(language if language in LANGUAGES else "und")
        slope, offset = self.calibration[place, :, 0], self.calibration[place, :, 1]
        return tuple(float(chance) for chance in 1 / (1 + np.exp(-slope * scores - offset)))

    def weight(self, word: str) -> float:
        """Return how much one word, as the normaliser gives it, tells of a high message."""
        return self._words.get(word, 0.0)

    def to_bytes(self) -> bytes:
        """Return the file's content; the same model gives the same bytes."""
        out = BytesIO()
        stored = {field.name: _stored(getattr(self, field.name)) for field in fields(self)}
        np.savez_compressed(out, allow_pickle=False, **stored)
        return out.getvalue()

    @classmethod
    def parse(cls, content: bytes) -> Model:
        """Read what `to_bytes` wrote."""
        with np.load(BytesIO(content), allow_pickle=False) as found:
            parts: dict[str, Any] = {name: found[name] for name in found.files}
        parts.update({name: float(parts[name]) for name in ("asks", "backs", "names")}, version=str(parts["version"]))
        parts["unproven"] = tuple(str(name) for name in parts["unproven"])
        return cls(**parts)


def pieces(words: Iterable[str]) -> list[str]:
    """Return the pieces of words, three or four characters long, their ends marked, and each two words that meet.

    Each stands there once, in one order, so that their sum is the same in every process.
    """
    listed = list(words)
    found = {
        padded[start : start + size]
        for padded in (f" {word} " for word in listed)
        for size in range(_SHORTEST, _LONGEST + 1)
        for start in range(len(padded) - size + 1)
    }
    return sorted(found | {f"{first}_{second}" for first, second in pairwise(listed)})


@cache
def load() -> Model | None:
    """Return the shipped model, read once and its network made ready; None where none is shipped."""
    path = files(__package__).joinpath("weights.npz")
    if not path.is_file():
        return None
    found = Model.parse(path.read_bytes())
    meaning.read("ready")
    return found


def _shares(sums: Numbers) -> Numbers:
    """Turn sums into chances that make one together."""
    grown = np.exp(sums - sums.max())
    return np.asarray(grown / grown.sum(), dtype=np.float32)


def _stored(value: Any) -> NDArray[Any]:
    if isinstance(value, tuple):
        return np.array([str(one) for one in value], dtype=np.str_)
    return np.asarray(value)
