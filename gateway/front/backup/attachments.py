"""The files of attachments in a backup: they are sealed already, and go in and come back as they lie on the store.

    a file      {"file": name}, then its pieces, {"bytes": n} with n bytes behind it, and at last {"sha256": digest};
                {"sha256": null} when it could not be read to its end

They are read after the moment of the rows, which must not stay open for so long. What waits to be cleaned comes first:
it may go meanwhile. A file that went because it was cleaned or erased is no fault; one that a row still names is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from gateway.core.database import Database
from gateway.core.errors import BadInput, NoRoom, NotFound, Unavailable
from gateway.core.media.records import SEALED, Attachment
from gateway.core.media.storing import Read, Store
from gateway.front.backup import rows

_PIECE = 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FOREIGN = "This backup holds a file of an attachment that is none."


class CutOff(Exception):
    """A file could not be read to its end when the backup was made."""


@dataclass
class Files:
    """What became of the files that rows name: how many are held, their bytes, and the names of those that are not."""

    held: int = 0
    size: int = 0
    gone: list[str] = field(default_factory=list)
    """Cleaned or erased since the moment of the rows."""
    missing: list[str] = field(default_factory=list)
    """Named by a row, and not on the store, or not to their end."""

    def to_json(self) -> dict[str, int]:
        """Render it for the manifest."""
        return {"held": self.held, "bytes": self.size, "gone": len(self.gone), "missing": len(self.missing)}


def named(connection: Connection) -> list[str]:
    """List the files that rows name at this moment, those first that wait to be cleaned."""
    query = select(Attachment.original, Attachment.clean).order_by(Attachment.state != SEALED)
    return [name for row in connection.execute(query) for name in row if name is not None]


def read(store: Store, names: list[str], files: Files) -> Iterator[bytes]:
    """Read files one after the other, a piece at a time. Raises: Unavailable when the store is away."""
    for name in names:
        try:
            with store.open(name) as take:
                yield rows.line({"file": name})
                yield from _read(take, name, files)
        except NotFound:
            files.missing.append(name)
        except Unavailable as error:
            words = "The store of attachments does not answer, or does not let this user read. There is no backup; "
            raise Unavailable(f"{words}--without-files makes one that lacks them.") from error


def _read(take: Read, name: str, files: Files) -> Iterator[bytes]:
    digest, size, said = hashlib.sha256(), 0, None
    try:
        while piece := take(_PIECE):
            digest.update(piece)
            size += len(piece)
            yield rows.line({"bytes": len(piece)}) + piece
        said = digest.hexdigest()
        files.held, files.size = files.held + 1, files.size + size
    except OSError:  # A bad sector must not cost the words of everybody else.
        files.missing.append(name)
    yield rows.line({"sha256": said})


def explain(database: Database, files: Files) -> None:
    """Tell files that were cleaned or erased meanwhile from those that are lost."""
    if files.missing:
        with database.read() as session:
            kept = set(named(session.connection()))
        files.gone = [name for name in files.missing if name not in kept]
        files.missing = [name for name in files.missing if name in kept]


def name_of(found: dict[str, Any]) -> str:
    """Read a file's name. Raises: BadInput for what would be a path."""
    name = str(found["file"])
    if not _NAME.fullmatch(name):
        raise BadInput(_FOREIGN)
    return name


def content(
    line: Callable[[], dict[str, Any]], take: Callable[[int], Iterator[bytes]], files: Files
) -> Iterator[bytes]:
    """Give a file's bytes, proved at their end. Raises: BadInput when they are not what was read, CutOff."""
    digest, size = hashlib.sha256(), 0
    while "bytes" in (found := line()):
        for piece in take(int(found["bytes"])):
            digest.update(piece)
            size += len(piece)
            yield piece
    if "sha256" not in found:
        raise BadInput(_FOREIGN)
    if found["sha256"] is None:
        raise CutOff
    if found["sha256"] != digest.hexdigest():
        raise BadInput("A file of an attachment is not what the backup says it is.")
    files.held, files.size = files.held + 1, files.size + size


def write(store: Store, name: str, pieces: Iterator[bytes]) -> None:
    """Put a file back, whatever lies there under its name, and read it again. Raises: BadInput, Unavailable, CutOff."""
    digest = hashlib.sha256()
    try:
        writing = store.create(name)
        try:
            for piece in pieces:
                digest.update(piece)
                writing.put(piece)
            writing.commit()
        except BaseException:
            writing.abort()
            raise
    except NoRoom as error:
        raise Unavailable("There is no room for the files of attachments. Nothing was kept.") from error
    again = hashlib.sha256()
    with store.open(name) as take:
        while piece := take(_PIECE):
            again.update(piece)
    if again.digest() != digest.digest():
        raise BadInput("A file of an attachment came out other than it went in. Nothing was kept.")
