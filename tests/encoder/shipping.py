"""Write what `triage.statistics.meaning` reads: the network as ONNX in eight bits a weight, and the pieces of words.

Only pieces that English and Spanish words are made of are kept, and signs: a seventh of the public encoder's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]  # made when imported
from wordfreq import top_n_list

from tests.encoder.base import Base, Numbers
from triage.statistics.meaning import LONGEST

_WORDS = 60_000
_SHORT = 3
"""Pieces of at most so many signs are kept whatever they are, if they are of no other script."""
_EVEN = 0.7
"""How much of what is far out in some columns of the states moves into the weights, so that eight bits lose half as
much: SmoothQuant, arXiv:2211.10438."""
_SPACE = "▁"
_LETTERED = re.compile(r"\w+")


def tokenizer(base: Base, texts: Iterable[str]) -> tuple[bytes, list[int]]:
    """Return the file of what cuts texts into pieces, and the row of each of them in `base.table`."""
    whole = SentencePieceProcessor(model_proto=_unigram(base, list(range(len(base.pieces)))))
    words = {word for language in ("en", "es") for word in top_n_list(language, _WORDS)}
    words |= {word for text in texts for word in _LETTERED.findall(text.lower())}
    words |= {_plain(word) for word in words}
    kept = {base.unknown, base.start, base.end}
    for found in whole.encode(sorted(words)):
        kept.update(found)
    kept.update(place for place, piece in enumerate(base.pieces) if _is_short(piece.removeprefix(_SPACE)))
    rows = sorted(kept)
    return _unigram(base, rows), rows


def _plain(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign))


def _is_short(piece: str) -> bool:
    return len(piece) <= _SHORT and not any(sign.isalpha() and not sign.isascii() for sign in piece)


def _unigram(base: Base, rows: list[int]) -> bytes:
    """Write these pieces as a model of SentencePiece, which makes all letters small and equal signs one."""
    made = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["what it knows does not matter"] * 9), model_writer=made, model_type="unigram",
        normalization_rule_name="nmt_nfkc_cf", vocab_size=30, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    model = ModelProto.FromString(made.getvalue())
    del model.pieces[:]
    for row in rows:
        model.pieces.add(piece=base.pieces[row], score=float(base.scores[row]), type=_kind(base, row))
    model.trainer_spec.unk_id, model.trainer_spec.pad_id = rows.index(base.unknown), -1
    model.trainer_spec.bos_id, model.trainer_spec.eos_id = rows.index(base.start), rows.index(base.end)
    model.trainer_spec.vocab_size = len(rows)
    return bytes(model.SerializeToString())


def _kind(base: Base, row: int) -> Any:
    if row == base.unknown:
        return ModelProto.SentencePiece.UNKNOWN
    return ModelProto.SentencePiece.CONTROL if row in {base.start, base.end} else ModelProto.SentencePiece.NORMAL


def network(base: Base, rows: list[int], kept: Any, tuned: Any, examples: Sequence[list[int]]) -> bytes:
    """Return the network as ONNX: `pieces` (T numbers) in, `said` (T x output) out, whose mean is what is said.

    On the `examples`, texts cut into places among `rows`, it is seen how far out the states are.
    """
    whole = _whole(base, rows, kept, tuned, {})
    return _in_eight_bits(_whole(base, rows, kept, tuned, _evened(whole, examples)).model())


def _whole(base: Base, rows: list[int], kept: Any, tuned: Any, even: Mapping[str, Numbers]) -> _Graph:
    graph = _Graph(even)
    table = base.table[rows]
    steps = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-6) / 127
    rounded = graph.op("Gather", graph.constant("table", np.round(table / steps).astype(np.int8)), "pieces")
    embedded = graph.op(
        "Mul",
        graph.op("Cast", rounded, to=TensorProto.FLOAT),
        graph.op("Gather", graph.constant("steps", steps.astype(np.float32)), "pieces"),
    )
    zero = graph.constant("zero", np.array([0], np.int64))
    places = graph.constant("places", base.places[:LONGEST])
    embedded = graph.op("Add", embedded, graph.op("Slice", places, zero, graph.op("Shape", "pieces"), zero))
    found = graph.norm(embedded, "norm", kept["norm"])
    for number, layer in enumerate([*kept["layers"], *tuned["layers"]]):
        found = graph.layer(found, number, {name: np.asarray(value) for name, value in layer.items()}, base.heads)
    weight = np.asarray(tuned["last"]["weight"]) / np.asarray(kept["spread"])[:, None]
    bias = np.asarray(tuned["last"]["bias"]) - np.asarray(kept["mean"]) @ weight
    graph.dense("last", found, weight, bias, out="said")
    return graph


def _evened(graph: _Graph, examples: Sequence[list[int]]) -> Mapping[str, Numbers]:
    """Return for each sum the shares by which its inputs are to be divided, and its weights multiplied."""
    shown = list(graph.given.values())
    session = onnxruntime.InferenceSession(graph.model(shown).SerializeToString(), providers=["CPUExecutionProvider"])
    farthest = {name: np.full(graph.weights[name].shape[0], 1e-5, np.float32) for name in graph.given}
    for pieces in examples:
        for name, states in zip(graph.given, session.run(shown, {"pieces": np.array(pieces, np.int64)}), strict=True):
            farthest[name] = np.maximum(farthest[name], np.abs(states).max(axis=0))
    shares = {
        name: far**_EVEN / (np.abs(graph.weights[name]).max(axis=1) + 1e-6) ** (1 - _EVEN)
        for name, far in farthest.items()
    }
    return {name: share / np.exp(np.log(share).mean()) for name, share in shares.items()}


class _Graph:
    """An ONNX graph as it is put together."""

    def __init__(self, even: Mapping[str, Numbers]) -> None:
        self.weights: dict[str, Numbers] = {}
        self.given: dict[str, str] = {}
        """What each sum is given: the name of its states."""
        self._even = even
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        value = np.asarray(value)
        kind = np.float32 if value.dtype.kind == "f" else value.dtype
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value.astype(kind)), name))
        return name

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        return self.ops(kind, inputs, [out or f"{kind}_{len(self._nodes)}"], **attributes)[0]

    def ops(self, kind: str, inputs: Iterable[str], outputs: list[str], **attributes: Any) -> list[str]:
        name = f"node_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs

    def norm(self, found: str, name: str, layer: Any, prefix: str = "") -> str:
        weight = self.constant(f"{prefix}{name}_weight", layer[f"{name}_weight"])
        bias = self.constant(f"{prefix}{name}_bias", layer[f"{name}_bias"])
        return self.op("LayerNormalization", found, weight, bias, axis=-1, epsilon=1e-12)

    def dense(self, name: str, given: str, weight: Numbers, bias: Numbers, out: str | None = None) -> str:
        """Add a sum over the states `given`, which are evened out before where it is known how."""
        self.weights[name], self.given[name] = weight, given
        if name in self._even:
            given = self.op("Mul", given, self.constant(f"{name}_even", 1 / self._even[name]))
            weight = weight * self._even[name][:, None]
        summed = self.op("MatMul", given, self.constant(f"{name}_weight", weight))
        return self.op("Add", summed, self.constant(f"{name}_bias", bias), out=out)

    def layer(self, found: str, number: int, layer: dict[str, Numbers], heads: int) -> str:
        width = layer["mixed_weight"].shape[0]
        scale = (width // heads) ** -0.5
        prefix = f"layer{number}_"
        for part in ("weight", "bias"):
            each = [layer[f"query_{part}"] * scale, layer[f"key_{part}"], layer[f"value_{part}"]]
            layer[f"all_{part}"] = np.concatenate(each, axis=-1)

        def dense(name: str, given: str) -> str:
            return self.dense(f"{prefix}{name}", given, layer[f"{name}_weight"], layer[f"{name}_bias"])

        names = [f"{prefix}{name}" for name in ("query", "key", "value")]
        query, key, value = self.ops("Split", [dense("all", found)], names, axis=1, num_outputs=3)
        shape = self.constant(f"{prefix}shape", np.array([-1, heads, width // heads], np.int64))
        query, key, value = (
            self.op("Transpose", self.op("Reshape", one, shape), perm=order)
            for one, order in ((query, [1, 0, 2]), (key, [1, 2, 0]), (value, [1, 0, 2]))
        )
        mixed = self.op("MatMul", self.op("Softmax", self.op("MatMul", query, key), axis=-1), value)
        flat = self.constant(f"{prefix}flat", np.array([-1, width], np.int64))
        mixed = self.op("Reshape", self.op("Transpose", mixed, perm=[1, 0, 2]), flat)
        found = self.norm(self.op("Add", found, dense("mixed", mixed)), "norm_mixed", layer, prefix)
        narrow = dense("narrow", self.op("Gelu", dense("wide", found)))
        return self.norm(self.op("Add", found, narrow), "norm", layer, prefix)

    def model(self, shown: Iterable[str] = ()) -> Any:
        """Return all of it, with `said` and the states to be `shown` as what it gives."""
        given = [helper.make_tensor_value_info("pieces", TensorProto.INT64, ["T"])]
        names = dict.fromkeys(["said", *shown])
        said = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
        graph = helper.make_graph(self._nodes, "encoder", given, said, self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def _in_eight_bits(model: Any) -> bytes:
    with TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(model, whole)
        # In seven bits of eight: processors without VNNI would overflow on the last one, and say something else.
        quantize_dynamic(
            whole,
            small,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        return small.read_bytes()
