"""A made-up statistical layer: it gives every message the same scores, and the network says what a test lets it say."""

from dataclasses import replace

import numpy as np
import pytest

from tests.triage_report.ablations import statistics_off
from triage import engine, statistics
from triage.model import Assessment, Category, Context
from triage.statistics import meaning
from triage.statistics.meaning import CATEGORIES, LEVELS, Said
from triage.statistics.model import LANGUAGES, Model

HEARD = Said(np.zeros(len(LEVELS), np.float32), np.zeros(len(CATEGORIES), np.float32))


def made_up(*scores: float, raises: float = 0.9, asks: float = 0.7, **fields: object) -> Model:
    """Make a model that gives every message these scores for low, moderate, high, critical."""
    plain = Model(
        version="made-up",
        piece_names=np.array([" la", "lake", "two_boats"]),
        piece_weights=np.array([[0, 1], [2, 0], [3, 0]], np.float32),
        told_bias=np.array([-1, 0], np.float32),
        said_weights=np.zeros((len(LEVELS) + 2, len(LEVELS)), np.float32),
        sign_names=np.array(["=none"]),
        sign_weights=np.zeros((1, len(LEVELS)), np.float32),
        bias=np.array(scores, np.float32),
        word_names=np.array(["lake", "boats"]),
        word_weights=np.array([2.0, 3.0], np.float32),
        calibration=np.tile(np.array([1.0, 0.0], np.float32), (len(LANGUAGES), len(LEVELS), 1)),
        raises=np.full(len(LEVELS), raises, np.float32),
        asks=asks,
        backs=0.0,
        names=0.5,
        unproven=(),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # as dataclasses.replace takes them


def about(category: Category, sure: float = 9.0) -> Said:
    """Say nothing but what a message is about."""
    sums = np.zeros(len(CATEGORIES), np.float32)
    sums[CATEGORIES.index(category)] = sure
    return replace(HEARD, categories=sums)


def ship(patch: pytest.MonkeyPatch, shipped: Model, said: Said | None = None) -> None:
    """Let the engine use this model, and the network say this."""
    patch.setattr(statistics, "load", lambda: shipped)
    if said is not None:
        patch.setattr(meaning, "read", lambda _: said)


def rules_alone(text: str, context: Context = Context()) -> Assessment:  # noqa: B008 - a frozen value
    """Judge without the layer."""
    with statistics_off():
        return engine.assess(text, context)
