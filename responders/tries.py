"""Tries: what fails rests a while and is tried again, and never holds up the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.core.errors import NotFound, Unavailable
from gateway.core.logs import log
from gateway.core.times import Clock

RETRY_AFTER = timedelta(seconds=15)
T = TypeVar("T")


@dataclass
class Tries:
    """What failed in this process of late: until when it rests, and whether it has failed and rested before."""

    clock: Clock
    resting: dict[str, datetime] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def awake(self, ids: Iterable[str]) -> list[str]:
        """Leave out what failed a moment ago."""
        now = self.clock()
        self.resting = {one: until for one, until in self.resting.items() if now < until <= now + RETRY_AFTER}
        return [one for one in ids if one not in self.resting]

    def first(self, one: str, ways: Sequence[Callable[[], bool]], at_last: Sequence[Callable[[], bool]]) -> bool:
        """Do a thing in the first way that works; those `at_last` when it has failed and rested before.

        Raises: what the last of them raised.
        """
        tries = [*ways, *at_last] if one in self.failed else ways
        for way in tries:
            try:
                done = way()
            except (NotFound, Unavailable):
                raise
            except Exception as error:
                if way is tries[-1]:
                    self.failed.add(one)
                    raise
                log().error("a message could not be taken like this; a person looks", message=one, error=error)
            else:
                self.failed.discard(one)
                return done
        return False

    def or_else(self, one: str, act: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Answer what a thing comes to; what `otherwise` says when it fails after it has failed and rested before.

        Raises: what it raised, the first time.
        """
        try:
            return act()
        except (NotFound, Unavailable):
            raise
        except Exception as error:
            if one not in self.failed:
                self.failed.add(one)
                raise
            log().error("something failed again; a person looks", id=one, error=error)
        return otherwise()

    def each(self, act: Callable[[str], int], one: str) -> int:
        """Do one thing; when it fails it rests a while, and the next one has its turn."""
        try:
            return act(one)
        except Unavailable as error:
            log().warning(
                "something must wait for the database", code=error.code
            )  # Whatever it is: no fault of its own.
        except Exception as error:  # noqa: BLE001 - nothing may hold up the others
            code = "no_district" if isinstance(error, NotFound) else "failed"
            log().error("something could not be dispatched; it is tried again", id=one, code=code, error=error)
            self.resting[one] = self.clock() + RETRY_AFTER
        return 0


def guarded(step: Callable[[], int | None]) -> int:
    """Do a whole step; when it fails the others run all the same, and the next sweep tries again."""
    try:
        return step() or 0
    except Exception as error:  # noqa: BLE001 - whatever it is
        log().error("a sweep failed; the next one tries again", step=step.__name__, error=error)
        return 0
