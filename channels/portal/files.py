"""Files: what comes with a report or an answer. Each is sealed from its first byte, and a lost one loses no word.

What is not taken (too large, no room, cut off, …) leaves a note for staff, and a sentence for who sent it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from channels.portal.languages import N_
from gateway.core.errors import NoRoom, TooLarge, Unavailable
from gateway.core.filing import Attachment
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


class Files:
    """The files of one form. `begin` is asked at the first byte of each.

    What `multipart.Reading` hands over waits until `work` is called, in a thread: a store may be slow, words are not.
    """

    def __init__(self, begin: Begin = lambda: None) -> None:
        self._begin = begin
        self._came: list[_Came] = []
        self._one: _One | None = None
        self._handed = False
        self._waiting: list[Callable[[], None]] = []
        self._brought = False

    @property
    def taken(self) -> int:
        """How many are on the store."""
        return sum(one.file.original is not None for one in self._came)

    @property
    def lost(self) -> list[Lost]:
        """Those that were not taken."""
        return [Lost(number, one.file.reason) for number, one in enumerate(self._came, 1) if one.file.reason]

    @property
    def needs_store(self) -> bool:
        """Whether `work` will ask the store. Without a file chosen a browser sends an empty one: that does not."""
        return self._brought or (self._one is not None and self._one.incoming is not None)

    def __len__(self) -> int:
        return len(self._came)

    def begin(self, *, named: bool) -> None:
        """A file begins."""
        self._waiting.append(partial(self._start, named))

    def write(self, content: bytes) -> None:
        """More of it comes."""
        self._waiting.append(partial(self._take, content))
        self._brought = self._brought or bool(content)

    def end(self) -> None:
        """It is whole."""
        self._waiting.append(self._finish)

    def cut(self) -> None:
        """The form ended in the middle of it."""
        self._waiting.append(self._break_off)

    def work(self) -> None:
        """Do what waits. Raises: KeyRefused."""
        steps, self._waiting, self._brought = self._waiting, [], False
        for step in steps:
            step()

    def _start(self, named: bool) -> None:
        self._one = _One(named)
        if len(self._came) >= MOST:
            self._one.skipped = True
            if len(self._came) == MOST:
                self._note("too_many")

    def _take(self, content: bytes) -> None:
        """Seal what came; from a refusal on the rest goes nowhere."""
        one = self._one
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
        except TooLarge:
            self._refuse("too_large")
        except NoRoom:
            self._refuse("no_room")
        except Unavailable:
            self._refuse("unavailable")

    def _finish(self) -> None:
        """Make it last. One that nobody had chosen has no name and no content."""
        one, self._one = self._one, None
        if one is None or one.skipped:
            return
        if one.incoming is None:
            if one.named:
                self._note("empty")
            return
        try:
            self._came.append(_Came(one.incoming.finish(), one.hash.digest()))
        except NoRoom:
            self._note("no_room")
        except Unavailable:
            self._note("unavailable")

    def _break_off(self) -> None:
        one, self._one = self._one, None
        if one is None or one.skipped:
            return
        if one.incoming is not None:
            one.incoming.abort()
        if one.incoming is not None or one.named:
            self._note("cut_off")

    def abort(self) -> None:
        """Take back what is under way; never raises."""
        self._waiting, self._brought = [], False
        if self._one is not None and self._one.incoming is not None:
            self._one.incoming.abort()
        self._one = None

    def hand_over(self, district_id: str, now: datetime) -> list[Attachment]:
        """Give them to be stored with their message: from now on a row may name them, so they are not taken back."""
        self._handed = True
        return [
            Attachment(one.digest, _writer(one.file, place, district_id, now), taken=one.file.original is not None)
            for place, one in enumerate(self._came)
        ]

    def take_back(self) -> None:
        """Say that no row names them: what they came with was here before."""
        self._handed = False

    @property
    def unwanted(self) -> list[Finished]:
        """Those on the store that no row will name."""
        return [] if self._handed else [one.file for one in self._came if one.file.original is not None]

    def _refuse(self, reason: str) -> None:
        assert self._one is not None
        self._one.skipped = True
        self._note(reason)

    def _note(self, reason: str) -> None:
        self._came.append(_Came(incoming.refused(reason), reason.encode()))


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
