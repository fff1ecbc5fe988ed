"""Screening: a virus scanner (ClamAV's clamd) looks at a file in the clear before it is cleaned, where one is named.

It is asked by its own protocol over a socket of this machine. What it finds stays sealed. One that is away or silent
holds up no file for long, and never a tip: the file is cleaned all the same, and said to be unscreened.

Source: https://docs.clamav.net/manual/Usage/Scanning.html#clamd, and clamd(8): INSTREAM, VERSION
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote, urlsplit

_CONNECT_SECONDS, _LOOK_SECONDS = 3.0, 1.0
_ANSWER_BYTES, _PORT = 4096, 3310


class Verdict(Enum):
    """What came of asking."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"
    """It answered, but would not look at this one: too large for it, say."""
    AWAY = "away"


def _nothing() -> None:
    return None


@dataclass
class Scanner:
    """A clamd at `unix:///path` or `tcp://127.0.0.1:3310`; `alive` is called while it is waited for.

    It has `seconds` for a file in all. One that did not answer is left alone for `rest_seconds`, so that many files do
    not each wait for it.
    """

    url: str
    alive: Callable[[], object] = _nothing
    seconds: float = 90.0
    rest_seconds: float = 30.0
    monotonic: Callable[[], float] = time.monotonic
    _away_until: float = field(default=float("-inf"), repr=False)

    def screen(self, content: Iterable[bytes]) -> Verdict:
        """Have it look at a file. Raises: what `content` raises."""
        if self.monotonic() < self._away_until:
            return Verdict.AWAY
        verdict = _verdict(self._ask(b"zINSTREAM\0", content))
        if verdict is Verdict.AWAY:
            self._away_until = self.monotonic() + self.rest_seconds
        return verdict

    def version(self) -> str | None:
        """Tell what it says of itself, `ClamAV 1.4.3/27835/Sun Nov 29 09:26:00 2026`; nothing when it is away."""
        return self._ask(b"zVERSION\0", None) or None

    def _ask(self, command: bytes, content: Iterable[bytes] | None) -> str:
        """Say a command, and a file behind it; the answer is empty when there is none, or it was cut off."""
        try:
            with self._connected() as connection:
                talk = _Talk(connection, self.alive, self.monotonic, self.monotonic() + self.seconds)
                # It hangs up on what is too large for it; what it has said by then is read all the same.
                with suppress(BrokenPipeError, ConnectionResetError):
                    talk.say(command)
                    for chunk in content or ():
                        if chunk:
                            talk.say(len(chunk).to_bytes(4, "big") + chunk)
                    if content is not None:
                        talk.say(bytes(4))
                return talk.hear()
        except OSError:
            return ""

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        parsed = urlsplit(self.url)
        if parsed.scheme == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_CONNECT_SECONDS)
                connection.connect(unquote(parsed.path))
                yield connection
        else:
            with socket.create_connection(
                (parsed.hostname or "", parsed.port or _PORT), _CONNECT_SECONDS
            ) as connection:
                yield connection


@dataclass
class _Talk:
    """One conversation, until its end or a deadline."""

    connection: socket.socket
    alive: Callable[[], object]
    monotonic: Callable[[], float]
    deadline: float

    def say(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            with self._patience():
                rest = rest[self.connection.send(rest) :]

    def hear(self) -> str:
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _ANSWER_BYTES:
            with self._patience():
                heard = self.connection.recv(_ANSWER_BYTES)
                if not heard:
                    return ""
                answer += heard
        return answer.rstrip(b"\0\n").decode("utf-8", "replace")

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Let a step take a second, again and again until the deadline. Raises: TimeoutError then."""
        self.alive()
        self.connection.settimeout(_LOOK_SECONDS)
        try:
            yield
        except TimeoutError:
            if self.monotonic() > self.deadline:
                raise


def _verdict(answer: str) -> Verdict:
    if answer.endswith(" FOUND"):
        return Verdict.INFECTED
    if answer.endswith(": OK"):
        return Verdict.CLEAN
    return Verdict.UNKNOWN if answer.endswith(" ERROR") else Verdict.AWAY
