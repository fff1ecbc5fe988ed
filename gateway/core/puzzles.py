"""Puzzles: a proof of work for reports from the web, which asks for a browser's time and nobody's name.

A challenge is a string that we sign and forget: `1.<bits>.<wait>.<issued>.<form>.<mac>` (bits and seconds in decimal,
Unix time, 32 and 64 hex digits). It proves a report when its page has either solved it or let it ripen:

- *Solved*: with an answer `n`, a decimal number below 10^15, such that SHA-256 of the ASCII text `<challenge>:<n>`
  begins with `bits` zero bits. `channels/portal/static/solver.js` finds it while somebody types; `crypto.subtle` is
  there on https and localhost only.
- *Ripe*: without script it is enough that `wait` seconds have passed since it was issued.

Each serves one form: `form` is a hash of the seed and the place that the form's thread comes from (`receipts`). So what
is sent with it again and again is written on one thread, which has a limit of its own, and no used challenge must be
remembered. Nothing here knows an address, and nothing is refused: what is not proved is taken and marked, and counts
together with all that is not (`responders.floods`). So nobody waits, and who cannot or will not compute is heard.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIFETIME = timedelta(hours=2)
"""How long a challenge serves: somebody who is frightened writes slowly."""
EASY_BITS, HARD_BITS = 12, 20
"""4,096 and a million tries, on average: unseen on any phone, and some ten seconds on an old one."""
SHORT_WAIT, LONG_WAIT = 3, 30
"""Seconds."""
BUSY = 120
"""Reports of a school in a minute up to which a puzzle is easy: twice as many as one that all saw the same."""
_SLACK = timedelta(minutes=1)
"""How far ahead clocks of one house may be; a challenge from later would not ripen for as long as they differ."""
_FORM = re.compile(r"1\.(\d{1,2})\.(\d{1,3})\.(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)
_ANSWER = re.compile(r"\d{1,15}", re.ASCII)
_CONTEXT = b"tipline puzzle "
_MINUTE = 60


@dataclass(frozen=True)
class Challenge:
    """What a challenge asks for, zero bits or seconds of waiting, and for which form."""

    text: str
    form: str
    bits: int
    wait_seconds: int
    issued: int

    def has_expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return now.timestamp() - self.issued > LIFETIME.total_seconds()

    def is_ripe(self, now: datetime) -> bool:
        """Tell whether it has been waited for."""
        return now.timestamp() - self.issued >= self.wait_seconds

    def is_solved(self, answer: str) -> bool:
        """Tell whether an answer solves it."""
        if not _ANSWER.fullmatch(answer):
            return False
        digest = hashlib.sha256(f"{self.text}:{answer}".encode("ascii")).digest()
        return int.from_bytes(digest, "big") >> (256 - self.bits) == 0


@dataclass
class Puzzles:
    """The puzzles of one process. The secret dies with it: pages that are open then prove nothing, and are taken.

    `_loads` has for each place the last minute in which a report came, how many came in it, and in the one before.
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _loads: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def give(self, form: str, place: str, now: datetime, text: str = "") -> str:
        """Give a form its challenge: the one that it has (`text`) while that serves, else one as hard as it is busy."""
        known = self._read(text, form)
        if known and not known.has_expired(now) and known.issued <= (now + _SLACK).timestamp():
            return text
        load = self.load(place, now)
        body = f"1.{bits_at(load)}.{wait_at(load)}.{int(now.timestamp())}.{_name(form)}"
        return f"{body}.{self._mac(body)}"

    def proves(self, form: str, text: str, answer: str, now: datetime) -> bool:
        """Tell whether a form came back with its challenge solved, or ripe, and in time."""
        challenge = self._read(text, form)
        if challenge is None or challenge.has_expired(now):
            return False
        return challenge.is_solved(answer) or challenge.is_ripe(now)

    def count(self, place: str, now: datetime) -> None:
        """Count a report that has been taken."""
        minute = int(now.timestamp()) // _MINUTE
        at, last, before = self._loads.get(place, (minute, 0, 0))
        if at != minute:
            last, before = 0, last if at == minute - 1 else 0
        self._loads[place] = (minute, last + 1, before)

    def load(self, place: str, now: datetime) -> int:
        """Tell how many reports came about a place in the last minute, as if the minute before had been even."""
        minute, passed = divmod(now.timestamp(), _MINUTE)
        at, last, before = self._loads.get(place, (0, 0, 0))
        still = 1 - passed / _MINUTE
        if at == minute:
            return last + round(before * still)
        return round(last * still) if at == minute - 1 else 0

    def _read(self, text: str, form: str) -> Challenge | None:
        """Read a challenge of ours for a form; nothing when it is not one, whatever it is."""
        challenge = parse(text)
        if challenge is None or challenge.form != _name(form):
            return None
        body, _, mac = text.rpartition(".")
        return challenge if hmac.compare_digest(mac, self._mac(body)) else None

    def _mac(self, body: str) -> str:
        return hmac.new(self.secret, _CONTEXT + body.encode("ascii"), hashlib.sha256).hexdigest()


def bits_at(load: int) -> int:
    """Say how hard a puzzle is under a load: a bit more, twice the work, each time the load doubles."""
    return min(HARD_BITS, EASY_BITS + (max(load, 0) // BUSY).bit_length())


def wait_at(load: int) -> int:
    """Say how many seconds the wait is under a load: in step with the work, and never long."""
    share = (bits_at(load) - EASY_BITS) / (HARD_BITS - EASY_BITS)
    return round(SHORT_WAIT + share * (LONG_WAIT - SHORT_WAIT))


def parse(text: str) -> Challenge | None:
    """Read what a challenge asks for, whoever signed it; nothing when it is none."""
    found = _FORM.fullmatch(text)
    return Challenge(text, found[4], int(found[1]), int(found[2]), int(found[3])) if found else None


def solve(challenge: Challenge) -> str:
    """Solve a challenge as a browser does; for tests and tools."""
    n = 0
    while not challenge.is_solved(str(n)):
        n += 1
    return str(n)


def _name(form: str) -> str:
    return hashlib.sha256(_CONTEXT + form.encode("utf-8", "surrogatepass")).hexdigest()[:32]
