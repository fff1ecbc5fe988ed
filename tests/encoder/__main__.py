"""`make encoder`: tune the public encoder to our tips and ship it; some hours.

What it tuned stands in `var/encoder.npz` then, and beside it how. With more tips,
`make encoder ARGS="--onto var/encoder.npz --epochs 1"` goes on from there: half an hour.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sentencepiece import SentencePieceProcessor

from tests.encoder import base, shipping, tips, training
from triage.statistics import meaning

_FROZEN, _EPOCHS = 4, 4
_KEPT = Path("var/encoder.npz")
_EXAMPLES = 300
"""So many tips show how far out the network's states are."""


def main() -> None:
    """Tune, write both files, and how good what was written is: measured as the product reads it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--frozen", type=int, default=_FROZEN, help="layers that stay as they are, from below")
    options.add_argument("--epochs", type=int, default=_EPOCHS, help="how often each tip is read")
    options.add_argument("--onto", type=Path, help="what an earlier run kept: go on from there")
    chosen = options.parse_args()
    turns = json.loads(chosen.onto.with_suffix(".json").read_text("utf-8"))["turns"] if chosen.onto else []
    public = base.read()
    taught, held = tips.lessons()
    made, rows = shipping.tokenizer(public, [one.text for one in taught])
    print(f"{len(taught)} tips to learn from, {len(held)} held, {len(rows)} pieces", flush=True)
    pieces = SentencePieceProcessor(model_proto=made)

    def encode(text: str) -> list[int]:
        """Cut a text as `meaning` cuts its first window."""
        inside = pieces.encode(text)[: meaning.LONGEST - 2]
        return [rows[place] for place in [pieces.bos_id(), *inside, pieces.eos_id()]]

    kept, tuned = training.tune(public, encode, taught, held, chosen.frozen, chosen.epochs, chosen.onto)
    _KEPT.parent.mkdir(exist_ok=True)
    training.keep(kept, tuned, _KEPT)
    meaning.PIECES.write_bytes(made)
    places = {row: place for place, row in enumerate(rows)}
    examples = [[places[row] for row in encode(one.text)] for one in taught[:: max(1, len(taught) // _EXAMPLES)]]
    meaning.ENCODER.write_bytes(shipping.network(public, rows, kept, tuned, examples))
    found = np.array([[*said.levels, *said.categories] for said in (meaning.read(one.text) for one in held)])
    right = found[:, len(meaning.LEVELS) :].argmax(axis=1) == [one.category for one in held]
    result = {
        "turns": [*turns, {"taught": len(taught), "epochs": chosen.epochs}],
        "held": len(held),
        "pieces": len(rows),
        "tuned_layers": len(tuned["layers"]),
        "recall_at_false": dict(zip(("2 %", "5 %", "10 %"), training.recall(found, held), strict=True)),
        "category_right": round(float(right.mean()), 4),
    }
    for path in (_KEPT, meaning.ENCODER):
        path.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
