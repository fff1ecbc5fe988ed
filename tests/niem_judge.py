"""Have the checker of NIEM's own model judge 300 exports of each flavour: `python -m tests.niem_judge CHECKER`.

The checker knows NIEM 6.0; the other flavour has the same names under other namespaces, so it is judged under those of
6.0. That the names stand in NIEM 5.2 with the same types is held by `tests/contract/test_niem.py`; that they stand
where 5.2 has them is not checked: of its model we have names and types alone, and containment is judged by 6.0's.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from random import Random
from typing import Any

from exports import niem
from exports.niem import terms
from tests.support import exported

COUNT = 300


def main(path: Path) -> int:
    """Judge them; the answer is 1 when anything was found."""
    check = load(path).check
    found = 0
    for number in range(COUNT):
        case = exported.case(Random(number))
        for flavour in niem.FLAVOURS:
            document = json.loads(niem.render(case, flavour))
            assert document["@context"] == niem.CONTEXTS[flavour]
            document["@context"] = niem.CONTEXTS["6.0"]
            for finding in check(document, [terms.NAMESPACE]):
                found += 1
                print(f"{number} {flavour}: {finding}")
    awake = check({"@context": dict(niem.CONTEXTS["6.0"]), "nc:Case": {"nc:IncidentLocation": 1}}, [])
    print(f"{COUNT} exports, {len(niem.FLAVOURS)} flavours, {found} findings." if awake else "The checker sleeps.")
    return 1 if found or not awake else 0


def load(path: Path) -> Any:
    """Load the checker."""
    spec = importlib.util.spec_from_file_location("niem_json_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
