"""Tips marked by dialect: the same said as a speaker of another variety writes it, by the list in `dialects.yaml`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from tests.triage_report.corpus import Tip

_LANGUAGE = {"aae": ("en",), "spanglish_en": ("en",), "spanglish_es": ("es",)}
DIALECTS = tuple(_LANGUAGE)


@cache
def marks(dialect: str) -> dict[str, str]:
    """Return the substitutions of a dialect, what is written and how it is marked."""
    found = yaml.safe_load(Path(__file__).with_name("dialects.yaml").read_text("utf-8"))[dialect]
    return {str(written): str(marked) for written, marked in found.items()}


@cache
def _pattern(dialect: str) -> re.Pattern[str]:
    longest_first = sorted(marks(dialect), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)


def mark(tip: Tip, dialect: str) -> Tip | None:
    """Return the tip with its marks; None where it is in another language or has no word to mark."""
    if tip.lang not in _LANGUAGE[dialect]:
        return None
    text = _pattern(dialect).sub(lambda found: marks(dialect)[found.group().lower()], tip.text)
    return replace(tip, text=text) if text != tip.text else None
