"""A house under test: real processes under our supervisor, a database server, a disk, and the carrier's own records."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import phonenumbers

from channels.phone.config import load
from gateway.core.database import Database
from gateway.core.times import utc_now
from gateway.front import environment, supervise
from gateway.front.places import NAMES, Var
from tests.faults import disk
from tests.faults.child import FOLDER, PACE, clock_file
from tests.faults.servers import Postgres, postgres
from tests.faults.start import carrier_store
from tests.support.house import ROOT, House, free_ports, until

_STRAIN_ROUNDS, _STRAIN_ROUND_SECONDS = 20_000, 18e-6
_PATIENCE_SECONDS = 60.0
OURS = ("intake", "courier", "worker", "console", "clock")
_KEPT = """
CREATE TABLE IF NOT EXISTS kept (seq INTEGER PRIMARY KEY, sid TEXT, direction TEXT, recipient TEXT, callback TEXT);
CREATE TRIGGER IF NOT EXISTS keep AFTER INSERT ON messages BEGIN
  INSERT INTO kept (sid, direction, recipient, callback)
  VALUES (NEW.sid, NEW.direction, NEW.recipient, NEW.status_callback); END;
"""
"""What the carrier took, kept where the product's clean-up does not reach."""


@dataclass
class Site:
    """Where everything is, and the hands that make it fail."""

    folder: Path
    var: Var
    environ: dict[str, str]
    house: House
    postgres: Postgres | None
    has_small_disk: bool
    process: subprocess.Popen[bytes] | None = None
    kills: Counter[str] = field(default_factory=Counter)
    takeovers: list[tuple[str, float]] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        """Name the database."""
        return self.postgres.url if self.postgres else f"sqlite:///{self.var.database}"

    @property
    def disk(self) -> Path:
        """The small disk that database, logs and Valkey's file are on."""
        return self.folder / "disk"

    def start(self) -> float:
        """Start the demo and wait until all is ready; answers after how many seconds it was."""
        began = time.monotonic()
        arguments = ["--database-url", self.database_url] if self.postgres else []
        with (self.folder / "demo.log").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "tests.faults.start", "demo", *arguments],
                stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd=ROOT, env=self.environ, start_new_session=True,
            )  # fmt: skip
        until(lambda: all(self.is_up(name) for name in NAMES), f"the demo; see {self.folder}", 90)
        with closing(sqlite3.connect(carrier_store(self.folder), timeout=30)) as records:
            records.executescript(_KEPT)
        self.house.password = environment.read(self.var.env("demo"))["DEMO_PASSWORD"]
        return time.monotonic() - began

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def is_up(self, name: str) -> bool:
        """Tell whether a process that lives has said that it is ready, and answers."""
        pid = self.pid(name)
        return bool(pid and Path(f"/proc/{pid}").exists()) and supervise.is_ready(name, self.var, self.environ)

    def pid(self, name: str) -> int | None:
        """Find the id of a process that said it was ready; it may have died since."""
        with suppress(OSError, ValueError):
            return int(self.var.ready(name).read_text())
        return None

    def kill(self, name: str) -> float:
        """Kill a process outright and wait for the next one; answers how many seconds that took."""
        began, old = time.monotonic(), until(lambda: self.pid(name), f"{name} to be there")
        with suppress(ProcessLookupError):
            os.kill(old, signal.SIGKILL)
        return self.await_next(name, old, began)

    def await_next(self, name: str, old: int, began: float) -> float:
        """Wait for the one that takes over from process `old`, which died at `began`."""
        try:
            until(lambda: self.pid(name) not in {None, old} and self.is_up(name), f"another {name}", _PATIENCE_SECONDS)
        except AssertionError as error:
            error.add_note(f"{old=} {self.pid(name)=}; its log ends:\n{self.last_words(name)}")
            raise
        took = time.monotonic() - began
        self.kills[name] += 1
        self.takeovers.append((name, took))
        return took

    def kill_all(self) -> int:
        """Kill everything at once, supervisor included, as a power cut would; answers how many processes that were."""
        pids = self._all_pids()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait(10)
        until(lambda: not self._all_pids(), "the end of all", 10)
        self.kills["everything"] += 1
        return len(pids)

    def last_words(self, name: str) -> str:
        """Read the end of a process's log, and of the supervisor's."""
        paths = (self.var.log(name), self.var.log("supervisord"))
        return "\n".join(path.read_text("utf-8", "replace")[-2000:] for path in paths if path.exists())

    def step_clock(self, seconds: int, process: str = "all") -> None:
        """Set the clock of one process, or of all, wrong by so many seconds; 0 sets it right."""
        path = clock_file(self.folder, process)
        part = path.with_suffix(".part")
        part.write_text(str(seconds))
        part.rename(path)

    def carrier(self, **settings: Any) -> None:
        """Tell the stand-in carrier what is to go wrong; nothing sets it right. It may be away itself."""
        path = "/control" if settings else "/control/reset"
        with suppress(httpx.HTTPError):
            httpx.post(self.house.phones_url + path, json=settings, timeout=5, trust_env=False).raise_for_status()

    def slip_to_carrier(self, sid: str, sender: str, line: str, words: str) -> None:
        """Put a text into the carrier's records that no webhook tells of."""
        account = next(one for one in load(self.var.phones_config).lines if one.number == line).account_sid
        at = utc_now().isoformat(timespec="microseconds")
        row = (sid, account, sender, line, words, "inbound", "received", at, at, at, 0, 1)
        columns = "sid, account_sid, sender, recipient, body, direction, status, created_at, updated_at, sent_at"
        query = f"INSERT INTO messages ({columns}, num_media, num_segments) VALUES ({', '.join('?' * len(row))})"  # noqa: S608
        with closing(sqlite3.connect(carrier_store(self.folder), timeout=30)) as records, records:
            records.execute(query, row)

    def asked_of_carrier(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the carrier's own records: `bubbles` on phones, `kept` of all it took."""
        with closing(sqlite3.connect(f"file:{carrier_store(self.folder)}?mode=ro", uri=True, timeout=30)) as records:
            return records.execute(query, values).fetchall()

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Open the database from outside."""
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.close()

    def _all_pids(self) -> list[int]:
        mark, found = f"TIPLINE_VAR={self.var.root}\0".encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (path / "environ").read_bytes() and (path / "stat").read_text().rsplit(")")[-1][1] != "Z":
                    found.append(int(path.name))
        return found


@contextmanager
def standing(kind: str, pace: float) -> Iterator[Site]:
    """Run a house on `sqlite` or `postgresql`, with slow clocks so many times faster."""
    # Not under pytest's own folder: PostgreSQL runs as another user under root, who must get in.
    with TemporaryDirectory(prefix="tipline-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with disk.small(folder / "disk") as small:
            if kind == "sqlite":
                yield from _run(folder, None, small, pace)
            else:
                with postgres(folder / "disk" / "postgres") as server:
                    yield from _run(folder, server, small, pace)


def _run(folder: Path, server: Postgres | None, small: bool, pace: float) -> Iterator[Site]:
    var = Var(folder / "disk" / "var")
    intake, console, phones = map(str, free_ports(3))
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TIPLINE_", "TWILIO_"))},
        "TIPLINE_VAR": str(var.root),
        "TIPLINE_INTAKE_PORT": intake,
        "TIPLINE_CONSOLE_PORT": console,
        "TIPLINE_PHONES_PORT": phones,
        FOLDER: str(folder),
        PACE: str(pace),
    }
    phones_url, console_url, public_url = (f"http://127.0.0.1:{port}" for port in (phones, console, intake))
    house = House(var.root, environ, phones_url, console_url, public_url)
    site = Site(folder, var, environ, house, server, small)
    try:
        site.start()
        yield site
    finally:
        site.stop()
        for pid in site._all_pids():
            os.kill(pid, signal.SIGKILL)


def strain() -> float:
    """Measure how many times as long a known piece of work takes as on the machine that seconds are promised for.

    That one has two cores to itself, and parses, checks and formats a number in 18 us; one that is slower, or has other
    things to do, is given that much longer.
    """
    _format_a_number()  # The first time loads what it needs.
    began = time.perf_counter()
    for _ in range(_STRAIN_ROUNDS):
        _format_a_number()
    return max(1.0, (time.perf_counter() - began) / _STRAIN_ROUNDS / _STRAIN_ROUND_SECONDS)


def _format_a_number() -> str:
    number = phonenumbers.parse("+13035550123")
    assert phonenumbers.is_valid_number(number)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def pause(seconds: float) -> None:
    """Let a fault last."""
    threading.Event().wait(seconds)
