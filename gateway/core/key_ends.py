"""The end of a month's content keys: one process's files of them are destroyed, and a mark says that it was meant.

Each process destroys its own copy. What seals goes before what opens, so that nothing is ever sealed to a key that is
gone; cut off after any step, the same call brings it to its end.

    content/<district>/<YYYY-MM>.gone   JSON {"kids": [hex], "at": time}, in the place of the month's .pub, .key, old-*
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gateway.core import key_files
from gateway.core.key_losses import read_id
from gateway.core.keys import GONE, OLD
from gateway.core.times import iso

_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_CONTENT = "content"
_END = ".end"


def months(folder: Path) -> list[tuple[str, str]]:
    """List the months, as (district slug, `YYYY-MM`), of which a process's folder holds any private key."""
    content = folder / _CONTENT
    private = [*content.glob("*/*.key"), *(path.parent for path in content.glob(f"*/*/{OLD}*.key"))]
    found = {(path.parent.name, path.name.removesuffix(".key")) for path in private}
    return sorted(one for one in found if _MONTH.fullmatch(one[1]))


def kids(folder: Path, district: str, month: str) -> list[bytes]:
    """Name every private key of a month in a process's folder, replaced ones too. Raises: KeyRefused when damaged."""
    return sorted({read_id(path, path.relative_to(folder)) for path in _private(folder, district, month)})


def destroyed(folder: Path) -> list[bytes]:
    """Name every private key that was destroyed in a process's folder."""
    marks = sorted((folder / _CONTENT).glob(f"*/*{GONE}"))
    return [bytes.fromhex(kid) for mark in marks for kid in json.loads(mark.read_bytes())["kids"]]


def is_there(folder: Path, district: str, month: str) -> bool:
    """Tell whether any file of a month's keys is in a process's folder."""
    files = (_public(folder, district, month), *_private(folder, district, month), *_ends(folder, district, month))
    return any(path.exists() for path in files)


def destroy(folder: Path, district: str, month: str, now: datetime) -> bool:
    """Destroy every key file of a month in one process's folder; true when there was one.

    Files are overwritten before they are unlinked. On disks that write elsewhere than they are told (SSDs, journals,
    snapshots) that promises nothing: encrypt such a disk.
    """
    if not is_there(folder, district, month):
        return False
    base = _base(folder, district, month)
    gone = base.with_name(month + GONE)
    if not gone.exists():
        noted = {"kids": [kid.hex() for kid in kids(folder, district, month)], "at": iso(now)}
        key_files.put(gone, json.dumps(noted).encode())
    _public(folder, district, month).unlink(missing_ok=True)
    for number, path in enumerate(_private(folder, district, month)):
        path.rename(base.with_name(f"{month}-{number}{_END}"))  # A key that is half overwritten stops nobody's start.
    for path in _ends(folder, district, month):
        _overwrite(path)
        path.unlink()
    with suppress(OSError):
        base.rmdir()
    key_files.sync(gone.parent)
    key_files.tell(folder.parent, [folder.name])
    return True


def _base(folder: Path, district: str, month: str) -> Path:
    return folder / _CONTENT / district / month


def _public(folder: Path, district: str, month: str) -> Path:
    return _base(folder, district, month).with_name(f"{month}.pub")


def _private(folder: Path, district: str, month: str) -> list[Path]:
    """List what opens, replaced keys first: a rotation that is cut off leaves one key under both names."""
    base = _base(folder, district, month)
    return [path for path in (*sorted(base.glob(f"{OLD}*.key")), base.with_name(f"{month}.key")) if path.exists()]


def _ends(folder: Path, district: str, month: str) -> list[Path]:
    return sorted((folder / _CONTENT / district).glob(f"{month}-*{_END}"))


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())
