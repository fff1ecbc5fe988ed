"""What a receiver's answer means, and when to try again.

Source: CloudEvents HTTP Webhook 1.0.2 §2.2 (no redirects, 410 retires, 415 is final, 429 says how long to wait).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from gateway.core.http import Answer

GIVE_UP_AFTER = timedelta(days=3)
LONGEST_WAIT = timedelta(days=1)
"""However long a receiver asks us to wait, it is asked again then."""
_PAUSES = (2, 10, 60, 300, 900, 3600, 7200, 14_400, 28_800, 43_200)
"""Seconds; the last one goes on."""
_SPREAD = 0.2
_BLANKS = b" \t\r\n\v\f\0" + codecs.BOM_UTF8 + codecs.BOM_UTF16
"""May stand before a page; either half of what is written in two bytes a sign."""
_GONE, _UNSUPPORTED, _TOO_MANY, _UNAVAILABLE = 410, 415, 429, 503

Jitter = Callable[[], float]
"""Draws a number from 0 up to 1."""


class Fate(Enum):
    """What becomes of a delivery."""

    TAKEN = "taken"
    AGAIN = "again"
    FINAL = "final"
    GONE = "gone"


@dataclass(frozen=True)
class Verdict:
    """What became of a try: `code` is a status or why there was none; `wait` when the receiver asked for a pause."""

    fate: Fate
    code: str
    wait: timedelta | None = None
    is_limited: bool = False

    @property
    def is_of_event(self) -> bool:
        """Whether the receiver has looked at this event and did not like it, so that others may fare better."""
        return self.fate is Fate.AGAIN and self.code[:1] in {"4", "5"} and not self.is_limited


def of_answer(answer: Answer, now: datetime) -> Verdict:
    """Judge an answer."""
    status = answer.status
    if 200 <= status < 300:
        # What answers machines with a page is a proxy or a form to sign in, and has taken nothing.
        return Verdict(Fate.AGAIN, "html") if _is_page(answer) else Verdict(Fate.TAKEN, str(status))
    if status == _GONE:
        return Verdict(Fate.GONE, "410")
    if status == _UNSUPPORTED:
        return Verdict(Fate.FINAL, "415")
    if status in {_TOO_MANY, _UNAVAILABLE}:
        return Verdict(Fate.AGAIN, str(status), _wait(answer, now), is_limited=True)
    if 300 <= status < 400:
        return Verdict(Fate.AGAIN, "redirect")
    return Verdict(Fate.AGAIN, str(status))


def unreached(code: str) -> Verdict:
    """Judge that there was no whole answer."""
    return Verdict(Fate.AGAIN, code)


def pause(tries: int, jitter: Jitter) -> timedelta:
    """Tell how long to wait after so many tries in vain; drawn a fifth around, so that not all come back at once."""
    seconds = _PAUSES[min(max(tries, 1), len(_PAUSES)) - 1]
    return timedelta(seconds=seconds * (1 - _SPREAD + 2 * _SPREAD * jitter()))


def _is_page(answer: Answer) -> bool:
    """Tell a page by its type and its first sign; a word as HTML is what some frameworks answer of themselves."""
    return "html" in answer.headers.get("content-type", "").lower() and answer.body.lstrip(_BLANKS).startswith(b"<")


def _wait(answer: Answer, now: datetime) -> timedelta | None:
    """Read Retry-After: seconds or a date. Source: RFC 9110 §10.2.3."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return min(timedelta(seconds=int(given[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(given)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), LONGEST_WAIT)
