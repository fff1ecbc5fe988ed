"""Points at which a process can be made to end: before and after each commit, and each call to the carrier.

A point is named after the function that commits or calls, e.g. `intake.receive:after-commit`. The list of them is not
written anywhere: every process notes the points it passes, and a watched run gives the list.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

Answer = TypeVar("Answer")
_OFTEN_NAMED = {"service", "views", "schema", "context", "gate"}
"""Module names that several capabilities have: the package's name is put before them."""


@dataclass
class Points:
    """The points of one process; `folder` is shared with whoever arms them."""

    folder: Path
    process: str
    _seen: set[str] = field(default_factory=set)

    def reach(self, point: str) -> None:
        """Note a point, and end here if that is wanted: at once, as a power cut would."""
        if point not in self._seen:
            self._seen.add(point)
            with _file(self.folder, "seen", self.process).open("a") as file:
                file.write(f"{point}\n")
        armed = _file(self.folder, "armed", self.process)
        try:
            if armed.read_text() == point:
                armed.unlink()
                _file(self.folder, "killed", self.process).write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGKILL)
        except FileNotFoundError:
            return


def arm(folder: Path, process: str, point: str) -> None:
    """Have a process end at a point, the next time that it gets there."""
    part = _file(folder, "armed", f"{process}.part")
    part.write_text(point)
    part.rename(_file(folder, "armed", process))


def disarm(folder: Path, process: str) -> bool:
    """Take that back; false when the process got there before."""
    try:
        _file(folder, "armed", process).unlink()
    except FileNotFoundError:
        return False
    return True


def is_armed(folder: Path, process: str) -> bool:
    """Tell whether a process has not yet got where it should end."""
    return _file(folder, "armed", process).exists()


def last_killed(folder: Path, process: str) -> int:
    """Name the id of the process that ended last where it should."""
    return int(_file(folder, "killed", process).read_text())


def seen(folder: Path, process: str) -> list[str]:
    """List the points that a process has passed, in the order of the first time."""
    path = _file(folder, "seen", process)
    return list(dict.fromkeys(path.read_text().split())) if path.exists() else []


def watch(points: Points) -> None:
    """Put the points into the product's classes from outside; called before the process's wiring is imported."""
    from channels.sms import TwilioSender  # noqa: PLC0415 - a process must not load what it has no part in
    from channels.twilio_mailbox import TwilioMailbox  # noqa: PLC0415
    from gateway.core.database import Database  # noqa: PLC0415

    Database.write = _write(points, Database.write)  # type: ignore[assignment,method-assign]
    for holder, name in ((TwilioSender, "send"), (TwilioMailbox, "inbound_since"), (TwilioMailbox, "fate"),
                         (TwilioMailbox, "delete")):  # fmt: skip
        setattr(holder, name, _call(points, getattr(holder, name), name.split("_", maxsplit=1)[0]))


def _write(points: Points, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(database: Any) -> Any:
        return _opened(points, original(database), _name(sys._getframe(1)))

    return write


@contextmanager
def _opened(points: Points, transaction: Any, name: str) -> Iterator[Any]:
    with transaction as session:
        yield session
        session.flush()  # The rows are with the database now, and nothing of them may stay.
        points.reach(f"{name}:before-commit")
    points.reach(f"{name}:after-commit")


def _call(points: Points, original: Callable[..., Answer], what: str) -> Callable[..., Answer]:
    def call(*arguments: Any) -> Answer:
        name = _name(sys._getframe(1))
        points.reach(f"{name}:before-{what}")
        answer = original(*arguments)
        points.reach(f"{name}:after-{what}")
        return answer

    return call


def _name(frame: FrameType) -> str:
    parts = str(frame.f_globals.get("__name__", "?")).split(".")
    place = ".".join(parts[-2:]) if parts[-1] in _OFTEN_NAMED else parts[-1]
    return f"{place}.{frame.f_code.co_name}"


def _file(folder: Path, kind: str, process: str) -> Path:
    path = folder / "points" / kind / process
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
