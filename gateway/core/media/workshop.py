"""The workshop: hands a file to a cleaner of its own, which has nothing else, and takes back what it made.

The cleaner is not believed either: how much it says is bounded, and each part must be what it is said to be.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

from gateway.core.media import kinds
from gateway.core.media.faults import DAMAGED, TOO_HEAVY

CLEAN_KINDS = frozenset({"jpeg", "webp", "mp4", "mp3"})
"""What a clean copy can be."""
_MOST_PARTS, _LINE = 50, 4096
_AT_ONCE = 64 * 1024
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Limits:
    """What a cleaner may have."""

    memory_bytes: int = 1 << 30
    cpu_seconds: int = 60
    wall_seconds: float = 120.0


@dataclass(frozen=True)
class Cleaned:
    """What became of a file: its kind and parts, to be read once and in order; or why it could not be opened."""

    fault: str | None = None
    kind: str = ""
    sizes: tuple[int, ...] = ()
    content: Iterator[bytes] = field(default=iter(()), repr=False)
    """All parts, one after the other."""
    confined: bool = False


class Broken(Exception):
    """A file cannot be opened, or its cleaner broke off in the middle of what it made. `fault` says why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Workshop:
    """Cleans one file at a time. `alive` is called while it waits; `command` is another cleaner in tests."""

    limits: Limits = Limits()
    alive: Callable[[], object] = _nothing
    command: tuple[str, ...] = (sys.executable, "-I", "-m", "gateway.core.media.cleaner")

    @contextmanager
    def clean(self, content: Iterable[bytes]) -> Iterator[Cleaned]:
        """Have a file cleaned. Raises: what `content` raises; Broken while the parts are read."""
        limits = self.limits
        argv = [*self.command, str(limits.memory_bytes), str(limits.cpu_seconds)]
        with subprocess.Popen(  # noqa: S603 - our own module, no shell
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/",
            bufsize=0, close_fds=True,
        ) as process:  # fmt: skip
            late = threading.Event()
            watch = threading.Thread(target=self._watch, args=(process, late), name="cleaner", daemon=True)
            watch.start()
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                self._feed(process.stdin, content)
                yield self._answer(process, process.stdout)
            finally:
                process.kill()
                late.set()
                watch.join()

    def _watch(self, process: subprocess.Popen[bytes], done: threading.Event) -> None:
        if not done.wait(self.limits.wall_seconds):
            process.kill()

    def _feed(self, pipe: IO[bytes], content: Iterable[bytes]) -> None:
        """Give it the file; one that does not want all of it has its reasons, and will say them."""
        with suppress(BrokenPipeError):
            for chunk in content:
                self.alive()
                rest = memoryview(chunk)
                while rest:
                    rest = rest[pipe.write(rest) :]
        with suppress(BrokenPipeError):
            pipe.close()

    def _answer(self, process: subprocess.Popen[bytes], pipe: IO[bytes]) -> Cleaned:
        line = b""
        while not line.endswith(b"\n") and len(line) < _LINE and (byte := self._read(pipe, 1)):
            line += byte
        try:
            said = json.loads(line)
            fault, confined = said.get("fault"), said.get("confined") is True
            if fault is not None:
                return Cleaned(fault=str(fault)[:20], confined=confined)
            kind, sizes = str(said["kind"]), tuple(int(size) for size in said["parts"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return Cleaned(fault=DAMAGED if line else _why(process))
        if kind not in CLEAN_KINDS or not 0 < len(sizes) <= _MOST_PARTS or not 0 < sum(sizes) <= 2 * kinds.MOST_BYTES:
            return Cleaned(fault=DAMAGED, confined=confined)
        return Cleaned(None, kind, sizes, self._parts(process, pipe, kind, sizes), confined)

    def _read(self, pipe: IO[bytes], most: int) -> bytes:
        """Read what there is; while it says nothing, and it may for minutes, tell that somebody waits for it."""
        self.alive()
        while not select.select([pipe], [], [], _LOOK_SECONDS)[0]:
            self.alive()
        return pipe.read(most)

    def _parts(
        self, process: subprocess.Popen[bytes], pipe: IO[bytes], kind: str, sizes: tuple[int, ...]
    ) -> Iterator[bytes]:
        for size in sizes:
            left, head = size, b""
            while left:
                chunk = self._read(pipe, min(left, _AT_ONCE))
                if not chunk:
                    raise Broken(_why(process))
                if len(head) < kinds.HEAD:
                    head = (head + chunk)[: kinds.HEAD]
                    found = kinds.recognise(head)
                    if len(head) >= 16 and (found is None or found.code != kind):
                        raise Broken(DAMAGED)
                left -= len(chunk)
                yield chunk


def _why(process: subprocess.Popen[bytes]) -> str:
    """Tell why a cleaner said nothing: ended by a limit, or by what it was given."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LOOK_SECONDS)
    ended = process.poll()
    return TOO_HEAVY if ended is None or ended in _BY_LIMITS else DAMAGED


_BY_LIMITS = {-9, -24}
"""SIGKILL, by the time that it was given here or by the system for want of memory; SIGXCPU, by its own limit."""
