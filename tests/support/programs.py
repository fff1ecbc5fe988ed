"""A receiver of somebody else's, running: whatever language it is in, and what it has printed."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 60.0


@dataclass
class Program:
    """A running program that listens; `url` is where."""

    url: str
    process: subprocess.Popen[str]

    def lines(self, count: int) -> list[str]:
        """Read the next lines that it prints."""
        assert self.process.stdout is not None
        return [self.process.stdout.readline().rstrip("\n") for _ in range(count)]


def free_port() -> int:
    """Ask the system for a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, log: Path, **environ: str) -> Iterator[Program]:
    """Run a program that is told its port last, until the block ends; enter it when the port answers."""
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*command, str(port)], env={**os.environ, **environ}, text=True, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        try:
            until = time.monotonic() + _START_SECONDS
            while not _listens(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, "it does not listen"
            yield Program(f"http://127.0.0.1:{port}/hook", process)
        finally:
            process.kill()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
    except OSError:
        time.sleep(0.05)  # between two looks at the condition
        return False
    return True
