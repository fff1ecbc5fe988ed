"""The folder: each alert as a file of its own, for whatever picks files up. Whole or not there, and safe to repeat."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gateway.core.messages import SendError
from responders.escalation.delivering import Item


@dataclass(frozen=True)
class Folder:
    """`root/<district>/<identifier>.xml`; the operator names the root, never the database."""

    root: Path

    def send(self, item: Item) -> str:
        """Write the file through to the disk. Raises: SendError."""
        path = self.root / item.district / f"{item.identifier}.xml"
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(item.document)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            handle = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise SendError(f"disk-{error.errno}", retryable=True) from None
        return "written"
