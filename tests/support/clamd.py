"""A clamd as far as it is asked: its protocol on a real socket, with the bad days that a real one has.

Source: clamd(8), https://docs.clamav.net/manual/Usage/Scanning.html#clamd
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

EICAR = b"".join((rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$", b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE", b"!$H+H*"))
"""What every scanner takes for a virus, in parts so that none takes this file for one. Source: https://www.eicar.org"""
VERSION = "ClamAV 1.4.3/27835/Sun Nov 29 09:26:00 2026"


@dataclass
class Clamd:
    """`mood` is what kind of day it has: well, silent, deaf, gone, babbling, cut."""

    listening: socket.socket
    mood: str = "well"
    most_bytes: int = 25 << 20
    version: str = VERSION
    seen: list[bytes] = field(default_factory=list)
    """Each file that was scanned, whole."""
    calls: int = 0
    _held: list[socket.socket] = field(default_factory=list)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.calls += 1
            with suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self.mood == "deaf":
            self._held.append(connection)  # It takes nothing from the line, for ever.
            return
        with connection, connection.makefile("rwb") as line:
            if self.mood == "gone":
                return
            command = b""
            while not command.endswith(b"\0"):
                command += line.read(1)
            said = self._obey(command, line)
            if self.mood == "silent":
                self._held.append(connection.dup())
                return
            if self.mood == "babbling":
                said = b"HTTP/1.1 200 OK\r\n\0"
            if self.mood == "cut":
                said = b"stream: OK"
            line.write(said)

    def _obey(self, command: bytes, line: object) -> bytes:
        if command == b"zVERSION\0":
            return self.version.encode() + b"\0"
        if command != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND\0"
        content = b""
        while size := int.from_bytes(line.read(4), "big"):  # type: ignore[attr-defined]
            if len(content) + size > self.most_bytes:
                return b"INSTREAM size limit exceeded. ERROR\0"  # It hangs up on what is still to come.
            content += line.read(size)  # type: ignore[attr-defined]
        self.seen.append(content)
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"

    def let_go(self) -> None:
        for connection in self._held:
            connection.close()


@contextmanager
def running(place: Path | None = None) -> Iterator[tuple[str, Clamd]]:
    """Run one at a socket file, or at a free port of this machine; the answer is its URL, and it."""
    with socket.socket(socket.AF_UNIX if place else socket.AF_INET) as listening:
        listening.bind(str(place) if place else ("127.0.0.1", 0))
        listening.listen()
        url = f"unix://{place}" if place else f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        daemon = Clamd(listening)
        thread = threading.Thread(target=daemon.serve, name="clamd")
        thread.start()
        try:
            yield url, daemon
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            daemon.let_go()
