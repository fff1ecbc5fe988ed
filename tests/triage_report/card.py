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
        "It is shipped: `weights.npz`." if found["shipped"] else "It is **not shipped**: it buys too little, see below."
    )
    added = {name: f"{100 * share:+.1f}" for name, share in points.items()}
    shape = Path(__file__).with_name("card.md").read_text("utf-8")
    return shape.format(
        state=state,
        raised_table=_table(found["raised"]),
        turns=", then ".join(f"{one['taught']} texts read {one['epochs']} times" for one in found["encoder"]["turns"]),
        category_points=_percent(found["category_right"]),
        **{name: value for name, value in found.items() if name not in {"bought", "raised"}},
        **bought,
        **added,
    )


def _table(raised: Mapping[str, Mapping[str, tuple[int, int]]]) -> str:
    ratings = list(next(iter(raised.values())))
    lines = ["| to | " + " | ".join(ratings) + " |", "|---" * (len(ratings) + 1) + "|"]
    for level, of in raised.items():
        lines.append(f"| {level} | " + " | ".join(_percent(hits / all_) for hits, all_ in of.values()) + " |")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
