"""Anchoring: signed heads of the event log are put where whoever holds the database cannot take them back.

The file only ever grows; point `TIPLINE_ANCHOR_FILE` at another machine's disk, or make it append-only. The webhook
gets the newest head alone, since each head holds all before it. Both follow the database, so a kill loses no head.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from exports import cloud_events
from exports.snapshot import EventSnapshot
from gateway.core import log_seal
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, Unavailable
from gateway.core.events import TYPE_PREFIX
from gateway.core.log_heads import Head, PublicKeys, Signed, canonical, from_json, opened
from gateway.core.logs import log
from gateway.core.times import Clock

_WINDOW_BYTES = 64 * 1024
_LINES_AT_ONCE = 1000
_POST_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 300


@dataclass(frozen=True)
class AnchorFile:
    """JSON lines, one signed head each, oldest first. A torn or foreign line is passed over, never rewritten."""

    path: Path
    keys: PublicKeys

    def newest(self) -> Head | None:
        """Find the last head in the file that our key signed; nothing when there is none, or no such file.

        Raises: Unavailable when the file is there and cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                size = window = file.seek(0, os.SEEK_END)
                window = min(_WINDOW_BYTES, size)
                while True:
                    file.seek(size - window)
                    found = self._last_in(file.read(window))
                    if found is not None or window == size:
                        return found
                    window = min(window * 16, size)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("The anchor file cannot be read.") from error

    def catch_up(self, database: Database) -> int:
        """Append every head that the database has above the file's last, and count them.

        Raises: Unavailable when the file cannot be written: then the next run tries again.
        """
        last, written = self.newest(), 0
        while True:
            with database.read() as session:
                found = log_seal.signed_after(session, last.number if last else 0)
            heads = [signed for _, signed in found if self._is_ours(signed)]
            if not heads:
                return written
            self._append(b"".join(canonical(signed.to_json()) + b"\n" for signed in heads))
            written, last = written + len(heads), opened(heads[-1], self.keys)

    def adopt(self, lines: Iterable[bytes]) -> int:
        """Append signed heads of another copy of this file, above this file's last, and count them.

        Raises: Unavailable when the file cannot be written.
        """
        last, waiting, written = self.newest(), list[bytes](), 0
        for line in lines:
            try:
                head = from_json(line, self.keys)
            except KeyRefused:
                continue
            if last is None or head.number > last.number:
                waiting.append(line.rstrip(b"\n") + b"\n")
                last, written = head, written + 1
            if len(waiting) == _LINES_AT_ONCE:
                self._append(b"".join(waiting))
                waiting.clear()
        if waiting:
            self._append(b"".join(waiting))
        return written

    def _is_ours(self, signed: Signed) -> bool:
        try:
            opened(signed, self.keys)
        except KeyRefused:
            return False
        return True

    def _append(self, lines: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                if file.tell() and self._ends_torn():
                    lines = b"\n" + lines
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Unavailable("The anchor file cannot be written.") from error

    def _ends_torn(self) -> bool:
        """A kill or a full disk can leave half a line; the next one must not be written onto its end."""
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    def _last_in(self, content: bytes) -> Head | None:
        for line in reversed(content.split(b"\n")):
            try:
                return from_json(line, self.keys)
            except KeyRefused:
                continue
        return None


Post = Callable[[str, bytes], int]


def post(url: str, body: bytes) -> int:
    """Post a CloudEvent, and tell the status. Raises: Unavailable when there is no answer."""
    try:
        with httpx.Client(trust_env=False, timeout=_POST_SECONDS) as client:
            return client.post(url, content=body, headers={"Content-Type": cloud_events.CONTENT_TYPE}).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable("The anchor's webhook does not answer.") from error


@dataclass
class AnchorHook:
    """Posts the newest head to a URL until it is taken with a 2xx, more and more slowly.

    After a restart the newest head is posted once more: the CloudEvent's id is the head's hash, so it can be told.
    """

    url: str
    origin: str
    database: Database
    keys: PublicKeys
    clock: Clock
    post: Post = post
    _posted: int = 0
    _failures: int = 0
    _not_before: datetime | None = None

    def step(self) -> bool:
        """Post the newest head if it is new and time for it; true when it was taken. Raises: KeyRefused."""
        now = self.clock()
        if self._not_before is not None and now < self._not_before:
            return False
        with self.database.read() as session:
            found = log_seal.signed_after(session, None)
        if not found or found[0][0] == self._posted:
            return False
        head = opened(found[0][1], self.keys)
        try:
            status = self.post(self.url, _event(found[0][1], head, self.origin))
        except Unavailable:
            status = 0
        if not httpx.codes.is_success(status):
            self._failures += 1
            pause = min(2**self._failures, _LONGEST_PAUSE_SECONDS)
            self._not_before = now + timedelta(seconds=pause)
            log().warning("a head of the event log was not taken", batch=head.number, status=status, again_in=pause)
            return False
        self._posted, self._failures, self._not_before = head.number, 0, None
        return True


def _event(signed: Signed, head: Head, origin: str) -> bytes:
    snapshot = EventSnapshot(
        id=head.hash[:32], sequence=head.number, type=f"{TYPE_PREFIX}log.sealed", subject=f"log/{head.number}",
        actor="process:clock", at=datetime.fromisoformat(head.at), district_id=None, data=signed.to_json(),
    )  # fmt: skip
    return cloud_events.render(snapshot, origin)
