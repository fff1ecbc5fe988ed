"""Tune the upper layers, so that what is said of a tip is how grave it is and what about."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.linear_model import LogisticRegression

from tests.encoder import network
from tests.encoder.base import Base, Numbers
from tests.encoder.network import Tree
from tests.encoder.tips import Lesson, rewritten
from triage.statistics.meaning import CATEGORIES, HIGH, LEVELS

_BATCH, _MANY = 32, 128
_LENGTHS = (16, 24, 32, 48, 64, 128)
"""Batches are filled up to one of these, so that few shapes are compiled."""
_NEAR = 16
"""Batches in which texts of like length stand together are cut out of so many."""
_DROP = 0.1
_RATE, _LAST_RATE, _WARM, _DECAY = 8e-5, 3e-4, 0.08, 0.01
_ONTO = 0.4
"""What the rate counts where a tuned network is tuned on."""
_LEVELS = np.array([0.5, 0.7, 1.5, 0.8], np.float32)
_CATEGORY = 0.15
"""What the levels, and the category beside them, count in what is made small."""
Encode = Callable[[str], list[int]]


def tune(
    base: Base,
    encode: Encode,
    taught: Sequence[Lesson],
    held: Sequence[Lesson],
    frozen: int,
    epochs: int,
    onto: Path | None = None,
) -> Any:
    """Return the kept and the tuned parameters. It prints how it goes.

    `encode` turns a text into the places of its pieces in `base.table`, at most 128. `onto` names what `keep` wrote: it
    goes on from there, in smaller steps.
    """
    kept, tuned = network.parameters(base, frozen, len(LEVELS) + len(CATEGORIES))
    kept["mean"], kept["spread"] = jnp.zeros(base.width), jnp.ones(base.width)
    heads = base.heads
    read = jax.jit(lambda kept, tuned, x, present: network.states(kept, tuned, x, present, heads))
    if onto is None:
        _start(base, encode, taught, kept, tuned, read)
    else:
        kept["mean"], kept["spread"], tuned = _kept(onto, tuned)
    steps = epochs * (len(taught) // _BATCH + 1)
    rate = optax.warmup_cosine_decay_schedule(0.0, 1.0, int(steps * _WARM) + 1, steps, 0.02)
    ways = {
        name: optax.adamw(lambda step, most=most: rate(step) * most * (_ONTO if onto else 1), weight_decay=_DECAY)
        for name, most in (("layers", _RATE), ("last", _LAST_RATE))
    }
    way = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.multi_transform(ways, {"layers": "layers", "last": "last"}),
    )
    state = way.init(tuned)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(tuned: Tree, state: Any, kept: Tree, batch: Any, key: Any) -> Any:
        loss, slope = jax.value_and_grad(_loss)(tuned, kept, batch, heads, key)
        change, state = way.update(slope, state, tuned)
        return optax.apply_updates(tuned, change), state, loss

    dice, key, begun, lost = Random(1), jax.random.key(1, impl="rbg"), time.monotonic(), []
    _tell("At first", recall(grave(base, encode, held, kept, tuned, read), held))
    for epoch in range(epochs):
        for number, batch in enumerate(_batches(base, encode, taught, _BATCH, dice)):
            tuned, state, loss = step(tuned, state, kept, batch, jax.random.fold_in(key, epoch * 100_000 + number))
            lost.append(float(loss))
            if number % 100 == 99:
                print(f"{time.monotonic() - begun:6.0f} s  step {number + 1}  {np.mean(lost[-100:]):.4f}", flush=True)
        _tell(f"Epoch {epoch + 1}", recall(grave(base, encode, held, kept, tuned, read), held))
    return kept, tuned


def _tell(when: str, recalls: Sequence[float]) -> None:
    print(f"{when}: recall at 2, 5 and 10 % of false pages on held tips {recalls}", flush=True)


def keep(kept: Tree, tuned: Tree, path: Path) -> None:
    """Write what was tuned, 57 MB, so that it can be tuned on when there are more tips."""
    np.savez(path, kept["mean"], kept["spread"], *jax.tree.leaves(tuned))


def _kept(path: Path, tuned: Tree) -> tuple[Any, Any, Tree]:
    with np.load(path) as found:
        mean, spread, *leaves = (jnp.asarray(found[f"arr_{place}"]) for place in range(len(found.files)))
    return mean, spread, jax.tree.unflatten(jax.tree.structure(tuned), leaves)


def grave(
    base: Base, encode: Encode, lessons: Sequence[Lesson], kept: Tree, tuned: Tree, read: Callable[..., Any]
) -> Numbers:
    """Return what is said of each text, text x output."""
    found = np.zeros((len(lessons), len(LEVELS) + len(CATEGORIES)), np.float32)
    for places, (x, present, *_) in _in_order(base, encode, lessons):
        mean = _standard(kept, read(kept, tuned, x, present), present)
        found[places] = np.asarray(_said(tuned, mean))[: len(places)]
    return found


def recall(found: Numbers, lessons: Sequence[Lesson]) -> list[float]:
    """Return the percentage of grave tips above the score that 2, 5 and 10 % of harmless ones reach."""
    high = np.array([one.grave[HIGH] for one in lessons])
    harmless = np.sort(found[[not one.grave[0] for one in lessons], HIGH])[::-1]
    return [
        round(100 * float((found[high, HIGH] > harmless[int(s * len(harmless))]).mean()), 1) for s in (0.02, 0.05, 0.1)
    ]


def _start(
    base: Base, encode: Encode, taught: Sequence[Lesson], kept: Tree, tuned: Tree, read: Callable[..., Any]
) -> None:
    """Fit the last sum alone at first, on states as they come: what is tuned then starts from something sensible."""
    seen = np.zeros((len(taught), base.width), np.float32)
    for places, (x, present, *_) in _in_order(base, encode, taught):
        seen[places] = np.asarray(_mean(read(kept, tuned, x, present), present))[: len(places)]
    mean, spread = seen.mean(0), seen.std(0) * 4
    seen = (seen - mean) / spread
    counts = [one.weight for one in taught]
    fits = [
        LogisticRegression(max_iter=400).fit(seen, [one.grave[column] for one in taught], sample_weight=counts)
        for column in range(len(LEVELS))
    ]
    about = LogisticRegression(max_iter=200).fit(seen, [one.category for one in taught])
    weight = np.zeros((base.width, len(LEVELS) + len(CATEGORIES)), np.float32)
    bias = np.full(len(LEVELS) + len(CATEGORIES), -10.0, np.float32)
    for column, fit in enumerate(fits):
        weight[:, column], bias[column] = fit.coef_[0], fit.intercept_[0]
    for row, category in enumerate(about.classes_):
        weight[:, len(LEVELS) + category], bias[len(LEVELS) + category] = about.coef_[row], about.intercept_[row]
    kept["mean"], kept["spread"] = jnp.asarray(mean), jnp.asarray(spread)
    tuned["last"] = {"weight": jnp.asarray(weight), "bias": jnp.asarray(bias)}


def _loss(tuned: Tree, kept: Tree, batch: Any, heads: int, key: Any) -> Any:
    x, present, levels, category, weight = batch
    first, last = jax.random.split(key)
    found = network.states(kept, tuned, x, present, heads, first, _DROP)
    said = _said(tuned, network.dropped(_standard(kept, found, present), last, _DROP))
    count = len(LEVELS)
    wrong = (optax.sigmoid_binary_cross_entropy(said[:, :count], levels) * _LEVELS).mean(1)
    wrong += _CATEGORY * optax.softmax_cross_entropy_with_integer_labels(said[:, count:], category)
    return (wrong * weight).sum() / weight.sum()


def _standard(kept: Tree, found: Any, present: Any) -> Any:
    return (_mean(found, present) - kept["mean"]) / kept["spread"]


def _said(tuned: Tree, mean: Any) -> Any:
    return mean @ tuned["last"]["weight"] + tuned["last"]["bias"]


def _mean(found: Any, present: Any) -> Any:
    return (found * present[..., None]).sum(1) / present.sum(1, keepdims=True)


def _batches(base: Base, encode: Encode, lessons: Sequence[Lesson], size: int, dice: Random) -> Iterator[Any]:
    """Yield every lesson once, written otherwise, in random order."""
    rows = [(encode(rewritten(one.text, dice)), one) for one in lessons]
    dice.shuffle(rows)
    found = []
    for start in range(0, len(rows), size * _NEAR):
        near = sorted(rows[start : start + size * _NEAR], key=lambda row: len(row[0]))
        found += [near[at : at + size] for at in range(0, len(near), size)]
    dice.shuffle(found)
    for batch in found:
        yield _pack(base, batch, size)


def _in_order(base: Base, encode: Encode, lessons: Sequence[Lesson]) -> Iterator[tuple[list[int], Any]]:
    rows = sorted(((encode(one.text), place, one) for place, one in enumerate(lessons)), key=lambda row: len(row[0]))
    for start in range(0, len(rows), _MANY):
        batch = rows[start : start + _MANY]
        yield [place for _, place, _ in batch], _pack(base, [(ids, one) for ids, _, one in batch], _MANY)


def _pack(base: Base, batch: Sequence[tuple[list[int], Lesson]], size: int) -> Any:
    longest = max(len(ids) for ids, _ in batch)
    length = next(one for one in _LENGTHS if one >= longest)
    x, present = np.zeros((size, length, base.width), np.float32), np.zeros((size, length), np.float32)
    present[:, 0] = 1
    levels, category = np.zeros((size, len(LEVELS)), np.float32), np.zeros(size, np.int32)
    weight = np.zeros(size, np.float32)
    for row, (ids, one) in enumerate(batch):
        x[row, : len(ids)] = base.table[ids] + base.places[: len(ids)]
        present[row, : len(ids)] = 1
        levels[row], category[row], weight[row] = one.grave, one.category, one.weight
    return x, present, levels, category, weight
