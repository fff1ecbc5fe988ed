"""A disk that can be filled: a small tmpfs that this process alone sees, where it is root and may mount."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_BALLAST = "ballast"
SIZE_MEGABYTES = 700


@contextmanager
def small(folder: Path) -> Iterator[bool]:
    """Make `folder` a small disk of its own for this process and those it starts; false where that cannot be.

    The mount is in a name space of this process: no other sees it, and it is gone when the last of us ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mounted = _mount(folder)
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: Path) -> None:
    """Leave not one block free."""
    with (folder / _BALLAST).open("ab") as file:
        for size in (1 << 24, 1 << 20, 1 << 16, 1 << 12):
            try:
                while True:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
            except OSError:
                continue


def free(folder: Path) -> None:
    """Give the blocks back."""
    (folder / _BALLAST).unlink(missing_ok=True)


def _mount(folder: Path) -> bool:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return False
    options = f"size={SIZE_MEGABYTES}m,mode=0755"
    for command in (["mount", "--make-rprivate", "/"], ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]):
        if subprocess.run(command, check=False, capture_output=True).returncode:
            return False
    return True
