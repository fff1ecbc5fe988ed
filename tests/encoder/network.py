"""The encoder's arithmetic in JAX: a transformer whose lower layers stay as they are."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.encoder.base import Base

Tree = Any
"""A tree of JAX arrays."""
_EPSILON = 1e-12
_FAR = -1e9


def parameters(base: Base, frozen: int, outputs: int) -> tuple[Tree, Tree]:
    """Return what stays as it is (the lower layers) and what is tuned (the upper ones, and the last sum)."""
    layers = [{name: jnp.asarray(value) for name, value in layer.items()} for layer in base.layers]
    kept = {"norm": {name: jnp.asarray(value) for name, value in base.norm.items()}, "layers": layers[:frozen]}
    last = {"weight": jnp.zeros((base.width, outputs)), "bias": jnp.zeros(outputs)}
    return kept, {"layers": layers[frozen:], "last": last}


def states(kept: Tree, tuned: Tree, embedded: Any, present: Any, heads: int, key: Any = None, drop: float = 0) -> Any:
    """Return text x token x width. `embedded` has the same shape, `present` is 1 where a token is and 0 where none."""
    texts, length, width = embedded.shape
    far = jnp.where(present > 0, 0.0, _FAR)[:, None, None, :]
    found = _norm(kept["norm"], "norm", embedded.reshape(texts * length, width))
    for layer in kept["layers"]:
        found = _layer(layer, found, far, heads, None, 0)
    found = jax.lax.stop_gradient(found)
    for place, layer in enumerate(tuned["layers"]):
        found = _layer(layer, found, far, heads, None if key is None else jax.random.fold_in(key, place), drop)
    return found.reshape(texts, length, width)


def _layer(layer: Tree, found: Any, far: Any, heads: int, key: Any, drop: float) -> Any:
    texts, length = far.shape[0], far.shape[-1]
    width = found.shape[-1]

    def split(name: str) -> Any:
        return _sum(layer, name, found).reshape(texts, length, heads, width // heads).transpose(0, 2, 1, 3)

    near = _product("bhtd,bhsd->bhts", split("query"), split("key")) / np.sqrt(width // heads) + far
    mixed = _product("bhts,bhsd->bhtd", jax.nn.softmax(near, -1), split("value"))
    mixed = _sum(layer, "mixed", mixed.transpose(0, 2, 1, 3).reshape(texts * length, width))
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    found = _norm(layer, "norm_mixed", found + dropped(mixed, keys[0], drop))
    wide = jax.nn.gelu(_sum(layer, "wide", found), approximate=False)
    return _norm(layer, "norm", found + dropped(_sum(layer, "narrow", wide), keys[1], drop))


def _sum(layer: Tree, name: str, found: Any) -> Any:
    return _product("ti,io->to", found, layer[f"{name}_weight"]) + layer[f"{name}_bias"]


def _product(which: str, left: Any, right: Any) -> Any:
    """Multiply, and round the sums, in sixteen bits: processors with AMX do it five times as fast."""
    return jnp.einsum(which, left.astype(jnp.bfloat16), right.astype(jnp.bfloat16)).astype(jnp.float32)


def _norm(layer: Tree, name: str, found: Any) -> Any:
    mean = found.mean(-1, keepdims=True)
    spread = jnp.square(found - mean).mean(-1, keepdims=True)
    return (found - mean) * jax.lax.rsqrt(spread + _EPSILON) * layer[f"{name}_weight"] + layer[f"{name}_bias"]


def dropped(found: Any, key: Any, drop: float) -> Any:
    """Leave out a share of the numbers at random while it learns; of 256 parts, so that random bytes are enough."""
    if key is None or not drop:
        return found
    out = int(256 * drop)
    return jnp.where(jax.random.bits(key, found.shape, "uint8") >= out, found * 256 / (256 - out), 0)
