"""Puzzles: a proof of work for reports from the web, which asks for a browser's time and nobody's name.

A challenge is a string that we sign and forget: `1.<bits>.<wait>.<issued>.<id>.<mac>` (bits and seconds in decimal,
Unix time, 32 and 64 hex digits). Whoever sends it back has either solved it or let it ripen:

- *Solved*: an answer `n`, a decimal number below 10^15, such that SHA-256 of the ASCII text `<challenge>:<n>` begins
  with `bits` zero bits. In a browser, best in a worker, with nothing else loaded:

      async function solve(challenge) {
        const bits = Number(challenge.split(".")[1]);
        for (let n = 0; ; n++) {
          const text = new TextEncoder().encode(challenge + ":" + n);
          const hash = new DataView(await crypto.subtle.digest("SHA-256", text));
          if (Math.clz32(hash.getUint32(0)) >= bits) return String(n);
        }
      }

  `crypto.subtle` is there on https and localhost only; elsewhere a plain SHA-256 in this loop, or the wait, will do.
- *Ripe*: without JavaScript, an empty answer is enough once `wait` seconds have passed since it was issued.

Each challenge serves once: `Spent` remembers ids, by number and not by time, so that no clock that is set makes an old
one new. Nothing here knows an address. A refusal is no reason to lose words: the page keeps them and shows a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

LIFETIME = timedelta(hours=2)
"""How long a challenge serves: somebody who is frightened writes slowly."""
EASY_BITS, HARD_BITS = 12, 20
"""4,096 and a million tries, on average: unseen on any phone, and some ten seconds on an old one."""
SHORT_WAIT, LONG_WAIT = 3, 30
"""Seconds."""
BUSY = 120
"""Reports of a line in a minute up to which a puzzle is easy: two schools' worth of people who all saw the same."""
REMEMBERED = 100_000
_SLACK = timedelta(minutes=1)
_FORM = re.compile(r"1\.(\d{1,2})\.(\d{1,3})\.(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)
_ANSWER = re.compile(r"\d{1,15}", re.ASCII)
_CONTEXT = b"tipline puzzle "

Verdict = Literal["solved", "ripe", "unripe", "wrong", "forged", "expired", "spent"]
ACCEPTED: frozenset[Verdict] = frozenset({"solved", "ripe"})


@dataclass(frozen=True)
class Challenge:
    """What a challenge asks for: zero bits, or seconds of waiting."""

    text: str
    id: str
    bits: int
    wait_seconds: int
    issued: int


class Spent:
    """Ids of challenges that have served, the latest so many; safe between threads, and about nobody."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ids)

    def use(self, challenge_id: str) -> bool:
        """Use a challenge up; false when it was used before."""
        with self._lock:
            if challenge_id in self._ids:
                return False
            self._ids[challenge_id] = None
            while len(self._ids) > self._most:
                self._ids.popitem(last=False)
            return True


def issue(secret: bytes, now: datetime, load: int = 0, draw: Callable[[int], str] = secrets.token_hex) -> str:
    """Make a challenge. `load` counts its line's reports of the last minute; `draw` gives so many bytes as hex."""
    body = f"1.{bits_at(load)}.{wait_at(load)}.{int(now.timestamp())}.{draw(16)}"
    return f"{body}.{_mac(secret, body)}"


def bits_at(load: int) -> int:
    """Say how hard a puzzle is under a load: a bit more, twice the work, each time the load doubles."""
    return min(HARD_BITS, EASY_BITS + (max(load, 0) // BUSY).bit_length())


def wait_at(load: int) -> int:
    """Say how many seconds the wait is under a load: in step with the work, and never long."""
    share = (bits_at(load) - EASY_BITS) / (HARD_BITS - EASY_BITS)
    return round(SHORT_WAIT + share * (LONG_WAIT - SHORT_WAIT))


def read(secret: bytes, text: str) -> Challenge | None:
    """Read a challenge of ours; nothing when it is not one, whatever it is."""
    found = _FORM.fullmatch(text)
    if found is None or not hmac.compare_digest(found[5], _mac(secret, text.rpartition(".")[0])):
        return None
    return Challenge(text, found[4], int(found[1]), int(found[2]), int(found[3]))


def check(secret: bytes, text: str, answer: str, now: datetime, spent: Spent) -> Verdict:
    """Judge a challenge that came back; what is accepted is used up by it, and by nothing else.

    One from further ahead than clocks of one house differ was issued before a clock was set back: solved it still
    serves, but it would never ripen, so without an answer it has `expired` and a new one ripens in seconds.
    """
    challenge = read(secret, text)
    if challenge is None:
        return "forged"
    age = now.timestamp() - challenge.issued
    if age > LIFETIME.total_seconds() or (not answer and age < -_SLACK.total_seconds()):
        return "expired"
    if answer and not is_solved(challenge, answer):
        return "wrong"
    if not answer and age < challenge.wait_seconds:
        return "unripe"
    if not spent.use(challenge.id):
        return "spent"
    return "solved" if answer else "ripe"


def is_solved(challenge: Challenge, answer: str) -> bool:
    """Tell whether an answer solves a challenge."""
    if not _ANSWER.fullmatch(answer):
        return False
    digest = hashlib.sha256(f"{challenge.text}:{answer}".encode("ascii")).digest()
    return int.from_bytes(digest, "big") >> (256 - challenge.bits) == 0


def solve(challenge: Challenge) -> str:
    """Solve a challenge as a browser does; for tests and tools."""
    n = 0
    while not is_solved(challenge, str(n)):
        n += 1
    return str(n)


def _mac(secret: bytes, body: str) -> str:
    return hmac.new(secret, _CONTEXT + body.encode("ascii"), hashlib.sha256).hexdigest()
