"""Meaning: what a small network, tuned to our own tips, says of a message: how grave, and what it is about.

It reads the text itself, not the normaliser's words: marks, emoji and accents tell. `make encoder` writes both files;
`CARD.md` says how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage.model import Category, Severity

ENCODER = Path(__file__).with_name("encoder.onnx")
PIECES = Path(__file__).with_name("pieces.model")
LEVELS = (Severity.LOW, Severity.MODERATE, Severity.HIGH, Severity.CRITICAL)
"""What is asked of each message: whether it is at least this grave."""
HIGH = LEVELS.index(Severity.HIGH)
CATEGORIES = tuple(Category)
"""What it may be about, in the order in which the network says it."""
LONGEST, _WINDOWS = 128, 8
"""A longer message, counted in pieces, is read in windows of so many that overlap, and counts as its gravest one."""
_READ = 20_000
"""Characters of a message that are read at most."""
Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Said:
    """What the network says of a message: sums for `LEVELS`, and for every one of `CATEGORIES`."""

    levels: Numbers
    categories: Numbers
    whole: bool = True
    """Whether it has read to the end."""


def read(text: str) -> Said:
    """Say what one message means. Any Unicode will do, lone surrogates too; of a very long one the beginning."""
    cutter, session = _loaded()
    pieces = cutter.encode(text[:_READ].encode("utf-8", "replace").decode("utf-8"))
    windows = windows_of(len(pieces))
    said = [_said(cutter, session, [pieces[at] for at in window]) for window in windows]
    gravest = max(said, key=lambda sums: float(sums[HIGH]))
    whole = len(text) <= _READ and windows[-1].stop >= len(pieces)
    return Said(gravest[: len(LEVELS)], gravest[len(LEVELS) :], whole)


def _said(cutter: Any, session: Any, pieces: Sequence[int]) -> Numbers:
    """Return the mean of what is said of each piece, the marks of start and end among them."""
    given = np.array([cutter.bos_id(), *pieces, cutter.eos_id()], np.int64)
    return np.asarray(session.run(["said"], {"pieces": given})[0].mean(axis=0), np.float32)


def windows_of(count: int) -> Sequence[range]:
    """Cut so many pieces into windows that overlap by half, each given by its places among all."""
    most = LONGEST - 2
    step = most // 2
    starts = range(0, max(count - step, 1), step)
    return [range(start, min(start + most, count)) for start in starts][:_WINDOWS]


@cache
def _loaded() -> tuple[Any, Any]:
    import onnxruntime  # noqa: PLC0415 - whoever judges nothing does not load all this
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # One text is too small to share.
    options.enable_cpu_mem_arena = False  # What one text took is given back: an idle worker stays small.
    session = onnxruntime.InferenceSession(str(ENCODER), options, providers=["CPUExecutionProvider"])
    return SentencePieceProcessor(model_file=str(PIECES)), session
