"""Keys beyond those of one process: is one lost, is there an escrow, is a rotation waiting for its end?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.core import escrow, key_files, key_losses
from gateway.core.errors import KeyRefused
from gateway.front.doctor.finding import Finding, Level


def safekeeping(root: Path) -> Iterator[Finding]:
    """Look whether every private key is there, would be there after a loss, and is no longer there than it should."""
    looks: dict[str, Callable[[Path], tuple[Level, str]]] = {
        "key pairs": _pairs,
        "key escrow": _escrow,
        "key rotation": _rotation,
    }
    for what, look in looks.items():
        try:
            yield Finding(what, *look(root))
        except KeyRefused as error:
            yield Finding(what, "fault", error.public)


def _pairs(root: Path) -> tuple[Level, str]:
    if gone := key_losses.lost(root):
        return "fault", key_losses.described(gone)
    return "ok", "Whatever is sealed to can be opened by somebody."


def _escrow(root: Path) -> tuple[Level, str]:
    """Tell whether a lost disk would be lost tips."""
    lacking = escrow.uncovered(root)
    if lacking is None:
        return "warning", "There is none: lost keys are lost tips. Run `tipline keys escrow`."
    if lacking:
        return "warning", f"It lacks {lacking} private keys that are in use now. Run `tipline keys escrow` again."
    return "ok", "It holds every private key."


def _rotation(root: Path) -> tuple[Level, str]:
    """Tell whether a rotation was cut off, or its replaced keys are still there."""
    for kind in key_files.KINDS:
        used = key_files.in_use(root, kind)
        old = [key for key in key_files.old_keys(root, kind) if key.kid not in used]
        if old:
            words = f"{len(old)} replaced {kind} keys are still there. Run `tipline keys rotate {kind} --finish`."
            return "warning", words
    return "ok", "No replaced key is left."
