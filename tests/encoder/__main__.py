"""`make encoder`: tune the public encoder to our tips and ship it; an hour on two good processors."""

from __future__ import annotations

import argparse
import json

import numpy as np
from sentencepiece import SentencePieceProcessor

from tests.encoder import base, shipping, tips, training
from triage.statistics import meaning

_FROZEN, _EPOCHS = 4, 4
_EXAMPLES = 300
"""So many tips show how far out the network's states are."""


def main() -> None:
    """Tune, write both files, and how good what was written is: measured as the product reads it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--frozen", type=int, default=_FROZEN, help="layers that stay as they are, from below")
    options.add_argument("--epochs", type=int, default=_EPOCHS, help="how often each tip is read")
    chosen = options.parse_args()
    public = base.read()
    taught, held = tips.lessons()
    made, rows = shipping.tokenizer(public, [one.text for one in taught])
    print(f"{len(taught)} tips to learn from, {len(held)} held, {len(rows)} pieces", flush=True)
    pieces = SentencePieceProcessor(model_proto=made)

    def encode(text: str) -> list[int]:
        """Cut a text as `meaning` cuts its first window."""
        inside = pieces.encode(text)[: meaning.LONGEST - 2]
        return [rows[place] for place in [pieces.bos_id(), *inside, pieces.eos_id()]]

    kept, tuned = training.tune(public, encode, taught, held, chosen.frozen, chosen.epochs)
    meaning.PIECES.write_bytes(made)
    places = {row: place for place, row in enumerate(rows)}
    examples = [[places[row] for row in encode(one.text)] for one in taught[:: max(1, len(taught) // _EXAMPLES)]]
    meaning.ENCODER.write_bytes(shipping.network(public, rows, kept, tuned, examples))
    found = np.array([[*said.levels, *said.categories] for said in (meaning.read(one.text) for one in held)])
    right = found[:, len(meaning.LEVELS) :].argmax(axis=1) == [one.category for one in held]
    result = {
        "taught": len(taught),
        "held": len(held),
        "pieces": len(rows),
        "tuned_layers": len(tuned["layers"]),
        "epochs": chosen.epochs,
        "recall_at_false": dict(zip(("2 %", "5 %", "10 %"), training.recall(found, held), strict=True)),
        "category_right": round(float(right.mean()), 4),
    }
    meaning.ENCODER.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
