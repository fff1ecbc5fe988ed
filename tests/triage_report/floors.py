"""What CI holds on the develop half: floors that the tool writes and that only tighten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.triage_report.metrics import TARGETS, Rate

FILE = Path(__file__).with_name("floors.json")
HELD = ("recall", "sure_recall", "critical", "false_pages", "needless_pages", "pairs")
_SLACK = 1e-9


def read(path: Path = FILE) -> dict[str, float]:
    """Return the floors as shares; empty where none were written yet."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def broken(figures: Mapping[str, Rate], floors: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return the figures that are worse than their floor, as (found, floor)."""
    return {
        name: (figures[name].share, floor) for name, floor in floors.items() if _worse(name, figures[name].share, floor)
    }


def tighten(figures: Mapping[str, Rate], path: Path = FILE) -> dict[str, float]:
    """Write the better of each floor and figure, and return them."""
    before = read(path)
    after = {
        name: before[name]
        if name in before and _worse(name, figures[name].share, before[name])
        else figures[name].share
        for name in HELD
    }
    path.write_text(json.dumps(after, indent=1) + "\n", "utf-8")
    return after


def _worse(name: str, share: float, floor: float) -> bool:
    return share > floor + _SLACK if TARGETS[name].most else share < floor - _SLACK
