"""Files: what comes with a report or an answer. Each is sealed from its first byte, and a lost one loses no word.

What is not taken (too large, no room, cut off, …) leaves a note for staff, and a sentence for who sent it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from channels.portal.languages import N_
from gateway.core.errors import NoRoom, TooLarge, Unavailable
from gateway.core.filing import Attachment
from gateway.core.logs import log
from gateway.core.media import incoming
from gateway.core.media.incoming import Finished, Incoming

MOST = 10
"""So many files come with one report or answer."""
CHOOSE_AGAIN = N_("Choose your files again. This page could not keep them.")
WHY: Mapping[str, str] = {
    "too_large": N_("It is too big. A picture can have up to 16 MB, a film up to 100 MB."),
    "too_many": N_("Only 10 files fit at once."),
    "no_room": N_("We have no room for files just now. Try again later."),
    "unavailable": N_("We could not save it just now. Try again in a bit."),
    "empty": N_("It was empty. If it is in your cloud, load it to your phone first."),
    "cut_off": N_("It did not get all the way here."),
}
"""What is said of a file that was not taken, by the code that its row has."""
_LOST = re.compile(r"([1-9]\d?)-([a-z_]{1,20})")

Begin = Callable[[], Incoming | None]
"""Begins a file; nothing when this form's files are not to be taken. Raises: NoRoom, Unavailable."""


@dataclass(frozen=True)
class Lost:
    """A file that was not taken: its number among those of its form, from 1, and why."""

    number: int
    reason: str

    @property
    def why(self) -> str:
        """The sentence for it, to be translated."""
        return WHY[self.reason]

    @property
    def code(self) -> str:
        """How a form carries it: see `lost_of`."""
        return f"{self.number}-{self.reason}"


@dataclass
class _One:
    """A file that is on its way in; `incoming` is there from its first byte until it ends."""

    named: bool
    incoming: Incoming | None = None
    hash: hashlib._Hash = field(default_factory=hashlib.sha256)
    skipped: bool = False


@dataclass(frozen=True)
class _Came:
    """What became of one."""

    file: Finished
    digest: bytes


class _Taking:
    """Where files are taken in, step by step, in a thread that waits for the store; from `left` on it only ends."""

    def __init__(self, begin: Begin, came: Iterable[_Came] = (), one: _One | None = None) -> None:
        self._begin, self.one = begin, one
        self.came = list(came)
        self.left = False

    def run(self, steps: Sequence[Step]) -> None:
        """Do what waits. What goes wrong with a file is noted."""
        for step in steps:
            if self.left:
                self.abort()
                return
            step(self)

    def start(self, *, named: bool) -> None:
        self.one = _One(named)
        if len(self.came) >= MOST:
            self.one.skipped = True
            if len(self.came) == MOST:
                self.note("too_many")

    def take(self, content: bytes) -> None:
        """Seal what came; from a refusal on the rest goes nowhere."""
        one = self.one
        if one is None or one.skipped or not content:
            return
        try:
            if one.incoming is None:
                one.incoming = self._begin()
                if one.incoming is None:
                    one.skipped = True
                    return
            one.incoming.write(content)
            one.hash.update(content)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this file and no word
            one.skipped = True
            self.note(_reason(error))

    def finish(self) -> None:
        """Make it last. One that nobody had chosen has no name and no content."""
        one, self.one = self.one, None
        if one is None or one.skipped:
            return
        if one.incoming is None:
            if one.named:
                self.note("empty")
            return
        try:
            self.came.append(_Came(one.incoming.finish(), one.hash.digest()))
        except Exception as error:  # noqa: BLE001 - as above
            self.note(_reason(error))

    def break_off(self) -> None:
        """Note that its end never came."""
        one = self.one
        self.abort()
        if one is not None and not one.skipped and (one.incoming is not None or one.named):
            self.note("cut_off")

    def abort(self) -> None:
        """Take back what is under way; never raises."""
        one, self.one = self.one, None
        if one is not None and one.incoming is not None:
            with suppress(Exception):
                one.incoming.abort()

    def note(self, reason: str) -> None:
        """Note that a file was not taken."""
        self.came.append(_Came(incoming.refused(reason), reason.encode()))


Step = Callable[[_Taking], None]


class Files:
    """The files of one form. `begin` is asked at the first byte of each.

    What `multipart.Reading` hands over waits until `job` is done, in a thread, since a store may be slow. One that
    hangs is left, by `leave`: what it has is kept, and every other file is noted.
    """

    def __init__(self, begin: Begin = lambda: None) -> None:
        self._taking = _Taking(begin)
        self._waiting: list[Step] = []
        self._brought = self._left = self._handed = False
        self._chosen = 0
        self._open: bool | None = None  # Whether the file that is coming now was chosen; None between two.

    @property
    def taken(self) -> int:
        """How many are on the store."""
        return sum(one.file.original is not None for one in self._taking.came)

    @property
    def lost(self) -> list[Lost]:
        """Those that were not taken."""
        return [Lost(number, one.file.reason) for number, one in enumerate(self._taking.came, 1) if one.file.reason]

    @property
    def needs_store(self) -> bool:
        """Whether `job` will ask the store. Without a file chosen a browser sends an empty one: that does not."""
        one = self._taking.one
        return not self._left and (self._brought or (one is not None and one.incoming is not None))

    def __len__(self) -> int:
        return len(self._taking.came)

    def begin(self, *, named: bool) -> None:
        """A file begins."""
        self._waiting.append(lambda taking: taking.start(named=named))
        self._open, self._chosen = named, self._chosen + named

    def write(self, content: bytes) -> None:
        """More of it comes."""
        self._waiting.append(lambda taking: taking.take(content))
        if content:
            self._brought = True
            if not self._open:
                self._open, self._chosen = True, self._chosen + 1

    def end(self) -> None:
        """It is whole."""
        self._waiting.append(_Taking.finish)
        self._open = None

    def cut(self) -> None:
        """The form ended in the middle of it."""
        self._waiting.append(_Taking.break_off)
        self._open = None

    def job(self) -> Callable[[], None]:
        """Give what waits, to be done: one job after the other, and none beside another."""
        taking, steps = self._taking, self._waiting
        self._waiting, self._brought = [], False
        return lambda: taking.run(steps)

    def leave(self) -> None:
        """Leave the store, and the job that waits for it: files that are not on it by now are noted as `unavailable`.

        Nothing here is shared with that job any more. It takes back what it had begun, or the sweep does.
        """
        behind, self._left, self._waiting, self._brought = self._taking, True, [], False
        behind.left = True
        one = None if self._open is None else _One(named=False, skipped=self._open)
        self._taking = _Taking(_away, behind.came, one)
        while len(self) < min(self._chosen, MOST):
            self._taking.note("unavailable")
        if len(self) == MOST < self._chosen:
            self._taking.note("too_many")

    def abort(self) -> None:
        """Take back what is under way; never raises."""
        self._waiting, self._brought = [], False
        self._taking.abort()

    def hand_over(self, district_id: str, now: datetime) -> list[Attachment]:
        """Give them to be stored with their message: from now on a row may name them, so they are not taken back."""
        self._handed = True
        return [
            Attachment(one.digest, _writer(one.file, place, district_id, now), taken=one.file.original is not None)
            for place, one in enumerate(self._taking.came)
        ]

    def take_back(self) -> None:
        """Say that no row names them: what they came with was here before."""
        self._handed = False

    @property
    def unwanted(self) -> list[Finished]:
        """Those on the store that no row will name."""
        return [] if self._handed else [one.file for one in self._taking.came if one.file.original is not None]


def lost_of(carried: str) -> list[Lost]:
    """Read what a page carries of files that were not taken (`2-too_large 3-empty`); what is no such thing is left."""
    found = [_LOST.fullmatch(part) for part in carried[:1000].split()]
    return [Lost(int(one[1]), one[2]) for one in found if one and one[2] in WHY][: MOST + 1]


def carried(lost: Sequence[Lost]) -> str:
    """Write what a page carries of them."""
    return " ".join(one.code for one in lost)


def _writer(file: Finished, place: int, district_id: str, now: datetime) -> Callable[[Session, str], None]:
    def write(session: Session, message_id: str) -> None:
        incoming.attach(session, message_id, [file], district_id=district_id, actor="reporter", now=now, first=place)

    return write


def _away() -> Incoming | None:
    raise Unavailable


def _reason(error: Exception) -> str:
    """Name why a file was not taken. What nobody foresaw is logged, without its text."""
    if isinstance(error, TooLarge):
        return "too_large"
    if isinstance(error, NoRoom):
        return "no_room"
    if not isinstance(error, Unavailable):
        log().error("a file could not be taken", error=error)
    return "unavailable"
