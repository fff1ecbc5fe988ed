"""Fit what the first look at a message goes by (`make train`): the order of a long queue, and nothing else.

It learns from the training tips that the encoder learns from; the held ones say from where on a message is urgent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from tests.triage_report import corpus
from triage import first_look
from triage.first_look import Told
from triage.model import Severity

_LEAST, _STRENGTH, _SLIGHT = 3, 1.0, 0.02
"""A sign counts in so many tips at least; scikit-learn's C; what tells less is left out."""
_URGENT, _UNCLEAR = 0.975, 0.9987
"""The shares of held critical tips that come first, and that come before what is calm."""
_Tips = list[tuple[str, bool]]


def tips() -> tuple[_Tips, _Tips]:
    """Return what it learns from and the held tips: words, and whether they are critical."""
    taught: _Tips = []
    held: _Tips = []
    for name, rows in corpus.training().items():
        for place, row in enumerate(rows):
            found = (row["text"], Severity(row["severity"]) is Severity.CRITICAL)
            (held if corpus.is_held(name, place) else taught).append(found)
    return taught, held


def fit(taught: Sequence[tuple[str, bool]], held: Sequence[tuple[str, bool]]) -> Told:
    """Fit a sum over signs."""
    counter = CountVectorizer(analyzer=first_look.signs, binary=True, min_df=_LEAST)
    counted = counter.fit_transform([text for text, _ in taught])
    fitted = LogisticRegression(C=_STRENGTH, max_iter=1000, class_weight="balanced")
    fitted.fit(counted, [critical for _, critical in taught])
    named = zip(counter.get_feature_names_out(), fitted.coef_[0], strict=True)
    told = {str(sign): round(float(weight), 2) for sign, weight in named if abs(weight) >= _SLIGHT}
    sums = [sum(told.get(sign, 0.0) for sign in first_look.signs(text)) for text, critical in held if critical]
    urgent, unclear = (round(float(np.quantile(sums, 1 - share)), 2) for share in (_URGENT, _UNCLEAR))
    return Told(told, urgent, unclear)


def write() -> None:
    """Fit, and keep it where the first look finds it."""
    told = fit(*tips())
    content = {"urgent": told.urgent, "unclear": told.unclear, "signs": told.signs}
    first_look.FILE.write_text(json.dumps(content, indent=0, ensure_ascii=False) + "\n", "utf-8")
