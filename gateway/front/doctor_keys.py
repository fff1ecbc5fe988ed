"""What the doctor says of keys beyond those of one process: is there an escrow, is a rotation waiting for its end?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gateway.core import escrow, key_files
from gateway.core.errors import KeyRefused

Level = Literal["ok", "warning", "fault"]


def of_escrow(root: Path) -> tuple[Level, str]:
    """Tell whether a lost disk would be lost tips."""
    try:
        lacking = escrow.uncovered(root)
    except KeyRefused as error:
        return "fault", error.public
    if lacking is None:
        return "warning", "There is none: lost keys are lost tips. Run `tipline keys escrow`."
    if lacking:
        return "warning", f"It lacks {lacking} private keys that are in use now. Run `tipline keys escrow` again."
    return "ok", "It holds every private key."


def of_rotation(root: Path) -> tuple[Level, str]:
    """Tell whether a rotation was cut off, or its replaced keys are still there."""
    for kind in key_files.KINDS:
        try:
            used = key_files.in_use(root, kind)
        except KeyRefused as error:
            return "fault", error.public
        old = [key for key in key_files.old_keys(root, kind) if key.kid not in used]
        if old:
            words = f"{len(old)} replaced {kind} keys are still there. Run `tipline keys rotate {kind} --finish`."
            return "warning", words
    return "ok", "No replaced key is left."
