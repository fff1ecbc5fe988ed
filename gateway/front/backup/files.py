"""The file of a backup: it is whole or it is not there, and old ones go by name alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gateway.core import key_files
from gateway.core.errors import BadInput, Unavailable

_NAME = re.compile(r"tipline-\d{8}T\d{6}Z\.backup", re.ASCII)
_PART = ".part"


def target(out: Path, as_of: datetime) -> Path:
    """Name the file: `out` itself, or a new one in it when it is a folder. Raises: BadInput when it is there."""
    path = out / _name(as_of) if out.is_dir() else out
    if path.exists():
        raise BadInput(f"{path} is there already; no backup is ever overwritten.")
    return path


@contextmanager
def fresh(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes its name only once all of it is on the disk. Raises: Unavailable when it cannot."""
    part = path.with_name(path.name + _PART)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        key_files.sync(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unavailable(f"The backup could not be written to {path}: {error.strerror}. There is none.") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def prune(folder: Path, keep: int, made_at: datetime) -> list[Path]:
    """Delete all but the newest backups in a folder, and what a kill left of one; nothing that has another name.

    The one just made is the newest: names of a later time are a clock's mistake, and count as older than all others.
    Raises: BadInput when none would be kept.
    """
    if keep < 1:
        raise BadInput("At least one backup must be kept.")
    names = sorted(path for path in folder.iterdir() if path.is_file())
    made = _name(made_at)
    whole = [path for path in names if _NAME.fullmatch(path.name)]
    whole.sort(key=lambda path: path.name <= made)
    left = [path for path in names if path.suffix == _PART and _NAME.fullmatch(path.stem) and path.stem < made]
    gone = [*whole[:-keep], *left]
    for path in gone:
        path.unlink()
    return gone


def _name(as_of: datetime) -> str:
    return f"tipline-{as_of:%Y%m%dT%H%M%S}Z.backup"
