"""The parts of the path, each alone.

Speeds differ from machine to machine and from hour to hour, so each row also stands as a multiple of a reference
(SHA-256 of 64 KiB) that is measured in the same run: compare that column, never microseconds of two machines.
"""

import hashlib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from gateway.core import intake, key_files, keys, numbers
from gateway.core.database import Database
from gateway.core.messages import Inbound
from gateway.core.records import Base
from triage import engine, first_look

DISTRICT = "bench"
SENDER = "+13035550123"
TEXT = "theres a kid in the 2nd floor bathroom with a gun, he waits there til lunch. dont call me at (303) 555-0123"
TEXTS = itertools.cycle((
    TEXT,
    "mi amiga no contesta y dijo que ya no quiere vivir, estoy muy asustada",
    "whats for lunch today lol",
    "someone keeps posting pics of my friend and calling her names, its every day now",
))  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One measurement: microseconds a call, and the median as a multiple of the reference's."""

    name: str
    calls: int
    p50_us: float
    p95_us: float
    times_reference: float


def run(seconds: float) -> list[Row]:
    """Set up and time each part for so many seconds."""
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as parts:
        return list(measure(parts, seconds))


def measure(parts: dict[str, Callable[[], object]], seconds: float) -> Iterator[Row]:
    """Time each part for so many seconds; the first part is the reference."""
    reference = 0.0
    for name, part in parts.items():
        taken = sample(part, seconds)
        cuts = quantiles(taken, n=100)
        reference = reference or cuts[49]
        yield Row(name, len(taken), round(cuts[49], 1), round(cuts[94], 1), round(cuts[49] / reference, 3))


def sample(part: Callable[[], object], seconds: float) -> list[float]:
    """Call a part until the time is up; microseconds of each call, the first few (caches, lexicons) left out."""
    for _ in range(5):
        part()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 100 or time.perf_counter() < end:
        start = time.perf_counter()
        part()
        taken.append((time.perf_counter() - start) * 1e6)
    return taken


@contextmanager
def house(folder: Path) -> Iterator[dict[str, Callable[[], object]]]:
    """Set up keys and an empty, durable SQLite database; hand out the parts to measure, by name."""
    now = datetime.now(UTC)
    key_files.init(folder, [DISTRICT], now)
    sealing, courier, worker = (keys.load(folder / process, process) for process in ("intake", "courier", "worker"))
    words = sealing.seal_words(DISTRICT, now, TEXT, "bench/words")
    address = numbers.normalize(SENDER)
    block = bytes(65_536)
    database = Database(f"sqlite:///{folder / 'bench.sqlite3'}")
    Base.metadata.create_all(database.engine)
    counter = itertools.count()

    def receive() -> object:
        sid = f"SM{next(counter):032x}"
        return intake.receive(database, sealing, Inbound("sms", sid, SENDER, "+17205550100", next(TEXTS), now))

    yield {
        "reference (SHA-256 of 64 KiB)": lambda: hashlib.sha256(block).digest(),
        "number to E.164": lambda: numbers.normalize("(303) 555-0123"),
        "mask own number": lambda: numbers.mask(TEXT, address),
        "seal words": lambda: sealing.seal_words(DISTRICT, now, TEXT, "bench/words"),
        "open words": lambda: worker.open(words, "bench/words"),
        "blind index": lambda: courier.blind_index(DISTRICT, SENDER),
        "first look": lambda: first_look.look(next(TEXTS)),
        "assess a message": lambda: engine.assess(next(TEXTS)),
        "accept a message (durable SQLite)": receive,
    }
    database.close()
