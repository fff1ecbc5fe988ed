"""A folder of this machine, sharded by the first two digits of a name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from gateway.core.errors import NoRoom, NotFound, Unavailable
from gateway.core.media.storing import Read, Writing

_PART = ".part"


class Folder:
    """Files that are their owner's alone (0600); below `keep_free_bytes` it takes no more.

    A folder with the setgid bit is shared by its group, for processes that have users of their own.
    """

    def __init__(self, root: Path, keep_free_bytes: int) -> None:
        self._root, self._keep_free = root, keep_free_bytes

    def check_room(self) -> None:
        """Look how much of the disk is free."""
        with _translated():
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.free_bytes() < self._keep_free:
            raise NoRoom

    def free_bytes(self) -> int:
        """Look at the disk that the folder is on, or will be."""
        with _translated():
            place = next(path for path in (self._root, *self._root.parents) if path.exists())
            found = os.statvfs(place)
        return found.f_bavail * found.f_frsize

    def create(self, name: str) -> Writing:
        """Begin a file beside its place, so that a name stands for a whole file."""
        with _translated():
            shared = self._root.exists() and bool(self._root.stat().st_mode & stat.S_ISGID)
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o770 if shared else 0o700)
            return _Writing(path, 0o640 if shared else 0o600)

    @contextmanager
    def open(self, name: str) -> Iterator[Read]:
        """Open a file."""
        with _translated():
            file = self._path(name).open("rb")
        with file:
            yield file.read

    def delete(self, name: str) -> None:
        """Delete a file, and what was begun of it."""
        path = self._path(name)
        with _translated():
            path.unlink(missing_ok=True)
            path.with_name(path.name + _PART).unlink(missing_ok=True)

    def names(self, before: datetime) -> Iterator[str]:
        """List by the time that the disk notes."""
        for path in self._root.glob("??/*"):
            with suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                    yield path.name.removesuffix(_PART)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name


class _Writing:
    """A file under another name until it is whole."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path, self._part = path, path.with_name(path.name + _PART)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC  # What a kill left of it is written anew.
        self._file: BinaryIO = os.fdopen(os.open(self._part, flags, mode), "wb")

    def put(self, content: bytes) -> None:
        """Append."""
        with _translated():
            self._file.write(content)

    def commit(self) -> None:
        """Write through to the disk, the file first and then its name."""
        with _translated():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.rename(self._path)
            for folder in (self._path.parent, self._path.parent.parent):
                _sync(folder)

    def abort(self) -> None:
        """Take it back."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a disk says into our own errors."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoRoom from error
        raise Unavailable("The store of attachments does not answer.") from error
