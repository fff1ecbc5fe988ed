"""The model card of the statistical layer, written anew with each fit so that its figures are those of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(found: Mapping[str, Any]) -> str:
    """Write the card from what `learn.main` found."""
    bought = found["bought"]
    points = {
        "gained_points": bought["gained"] / bought["grave"],
        "false_points": bought["false_pages"] / bought["harmless"],
        "needless_points": bought["needless_pages"] / bought["minor"],
    }
    state = (
        "It is shipped: `weights.json`."
        if found["shipped"]
        else "It is **not shipped**: it buys too little, see below."
    )
    if found["by_hand"]:
        state = (
            "It is shipped by decision (0024): beside rules that have seen these tips it buys too little, see below."
        )
    added = {name: f"{100 * share:+.1f}" for name, share in points.items()}
    shape = Path(__file__).with_name("card.md").read_text("utf-8")
    return shape.format(state=state, **found, **bought, **added)
