r"""The cleaner: a process that reads one file from its input and writes the clean copy to its output, and is no more.

    python -I -m gateway.core.media.cleaner MEMORY_BYTES CPU_SECONDS

It is started with an empty environment and no other open file, loads the one library that it needs, shuts itself in
(`confine`), and only then looks at more of the file than its first bytes. It answers with a line of JSON and the parts:

    {"kind": "jpeg", "parts": [48211], "confined": true}\n…        or        {"fault": "damaged", "confined": true}\n
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, NoReturn

from gateway.core.media import confine, kinds
from gateway.core.media.faults import DAMAGED, TOO_HEAVY, UNKNOWN, TooHeavy
from gateway.core.media.kinds import Kind

Clean = Callable[[bytes, Kind], tuple[str, list[bytes]]]
_BY_FAMILY = {"picture": "pictures", "film": "films", "sound": "sounds", "paper": "papers"}


def main(memory_bytes: int, cpu_seconds: int) -> NoReturn:
    """Clean what comes in, and end."""
    confine.limit(memory_bytes, cpu_seconds)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    head = source.read(kinds.HEAD)
    kind = kinds.recognise(head)
    clean: Clean | None = None
    if kind is not None:
        clean = import_module(f"gateway.core.media.{_BY_FAMILY[kind.family]}").clean
    confined = confine.shut()
    answer, parts = _answer(clean, kind, head, source)
    target.write(json.dumps({**answer, "confined": confined}).encode() + b"\n")
    for part in parts:
        target.write(part)
    target.flush()
    os._exit(0)  # Interpreters tidy up with calls that are not allowed any more.


def _answer(
    clean: Clean | None, kind: Kind | None, head: bytes, source: BinaryIO
) -> tuple[dict[str, object], list[bytes]]:
    if clean is None or kind is None:
        return {"fault": UNKNOWN}, []
    try:
        made, parts = clean(head + source.read(kind.most_bytes), kind)
    except (TooHeavy, MemoryError):
        return {"fault": TOO_HEAVY}, []
    except Exception:  # noqa: BLE001 - whatever a library makes of a stranger's file: it does not open
        return {"fault": DAMAGED}, []
    return {"kind": made, "parts": [len(part) for part in parts]}, parts


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
