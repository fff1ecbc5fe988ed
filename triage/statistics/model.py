"""The fitted weights: how grave a message is by what it means and by the pieces of its words, and what it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.model import Category, Severity
from triage.statistics import meaning

LEVELS = (Severity.LOW, Severity.MODERATE, Severity.HIGH, Severity.CRITICAL)
"""What is asked of each message: the chance that it is at least this grave."""
LANGUAGES = ("en", "es", "und")
_HIGH = LEVELS.index(Severity.HIGH)
_SHORTEST, _LONGEST = 3, 4
LONGEST, _WINDOWS = 120, 8
"""A longer message is read in windows of so many words, and counts as its gravest one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the layer makes of a message. `chances` are those of `LEVELS`; `asks` tells that a person should look."""

    severity: Severity
    asks: bool
    category: Category
    chances: tuple[float, ...]

    @property
    def grave(self) -> float:
        """Return the chance that somebody must be woken."""
        return self.chances[_HIGH]


@dataclass(frozen=True)
class Model:
    """What was fitted, a column for each of `LEVELS`: weights of meaning, pieces and signs; slopes and offsets.

    A message is raised to the gravest level whose chance reaches its `raises`; from `asks` up a person looks.
    """

    version: str
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    meaning_weights: NDArray[np.float32]
    piece_names: NDArray[np.str_]
    piece_weights: NDArray[np.float32]
    sign_names: NDArray[np.str_]
    sign_weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: NDArray[np.float32]
    """Language x level x (slope, offset)."""
    raises: NDArray[np.float32]
    asks: float
    backs: float
    """What an unproven rule needs to wake anybody."""
    unproven: tuple[str, ...]
    """Rules (`family/indicator`) that were wrong too often on tips which their authors had not seen."""
    categories: tuple[Category, ...]
    category_weights: NDArray[np.float32]
    category_bias: NDArray[np.float32]

    @cached_property
    def _pieces(self) -> Mapping[str, int]:
        return {str(name): place for place, name in enumerate(self.piece_names)}

    @cached_property
    def _signs(self) -> Mapping[str, int]:
        return {str(name): place for place, name in enumerate(self.sign_names)}

    def read(self, words: Sequence[str], signs: Collection[str], language: str) -> Reading:
        """Read the words of a message, as the normaliser gives them, beside what the rules saw in it."""
        windows = windows_of(words)
        standard = (meaning.vectors([" ".join(window) for window in windows]) - self.mean) / self.scale
        scores = np.array([self.scores(one, window, signs) for one, window in zip(standard, windows, strict=True)])
        gravest = int(scores[:, _HIGH].argmax())
        chances = self.chances(scores[gravest], language)
        reached = [level for level, chance, least in zip(LEVELS, chances, self.raises, strict=True) if chance >= least]
        about = self.categories[int((standard[gravest] @ self.category_weights + self.category_bias).argmax())]
        severity = max(reached, default=Severity.NONE)
        return Reading(severity, severity.life_safety or chances[_HIGH] >= self.asks, about, chances)

    def scores(
        self, standard: NDArray[np.float32], words: Iterable[str], signs: Collection[str]
    ) -> NDArray[np.float32]:
        """Return the uncalibrated sums for `LEVELS`; those over pieces are the same however long the message is."""
        known = [self._pieces[piece] for piece in pieces(words) if piece in self._pieces]
        told = self.piece_weights[known].sum(axis=0) / np.sqrt(len(known)) if known else 0.0
        seen = self.sign_weights[[self._signs[sign] for sign in signs if sign in self._signs]].sum(axis=0)
        return np.asarray(standard @ self.meaning_weights + told + seen + self.bias, dtype=np.float32)

    def chances(self, scores: NDArray[np.float32], language: str) -> tuple[float, ...]:
        """Return the chances, from 0 to 1, that a message with these scores is at least as grave as each level."""
        place = LANGUAGES.index(language if language in LANGUAGES else "und")
        slope, offset = self.calibration[place, :, 0], self.calibration[place, :, 1]
        return tuple(float(chance) for chance in 1 / (1 + np.exp(-slope * scores - offset)))

    def weight(self, word: str) -> float:
        """Return what the pieces of one word add to how grave a message is."""
        known = [self._pieces[piece] for piece in pieces([word]) if piece in self._pieces]
        return float(self.piece_weights[known, _HIGH].sum()) if known else 0.0

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
        parts.update(version=str(parts["version"]), asks=float(parts["asks"]), backs=float(parts["backs"]))
        parts["unproven"] = tuple(str(name) for name in parts["unproven"])
        parts["categories"] = tuple(Category(str(code)) for code in parts["categories"])
        return cls(**parts)


def pieces(words: Iterable[str]) -> set[str]:
    """Return the pieces of words, three or four characters long, their ends marked, and each two words that meet."""
    listed = list(words)
    found = {
        padded[start : start + size]
        for padded in (f" {word} " for word in listed)
        for size in range(_SHORTEST, _LONGEST + 1)
        for start in range(len(padded) - size + 1)
    }
    return found | {f"{first}_{second}" for first, second in pairwise(listed)}


def windows_of(words: Sequence[str]) -> list[Sequence[str]]:
    """Cut a long message into windows that overlap by half; a short one is its own."""
    step = LONGEST // 2
    last = max(len(words) - step, 1)
    return [words[start : start + LONGEST] for start in range(0, last, step)][:_WINDOWS]


@cache
def load() -> Model | None:
    """Return the shipped model, read once and its encoder made ready; None where none is shipped."""
    path = files(__package__).joinpath("weights.npz")
    if not path.is_file():
        return None
    found = Model.parse(path.read_bytes())
    meaning.vectors(["ready"])
    return found


def _stored(value: Any) -> NDArray[Any]:
    if isinstance(value, tuple):
        return np.array([str(one) for one in value], dtype=np.str_)
    return np.asarray(value)
