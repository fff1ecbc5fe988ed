"""An installation with many districts and schools in a folder of its own, and its real processes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gateway.core import key_files
from gateway.core.database import Database
from gateway.core.records import District, Line, School, new_id
from gateway.front import environment, migrations, valkey
from gateway.front.places import Var
from responders.directory import service as directory
from tests.support.house import ROOT, free_ports, until

LISTENING = ("intake", "console")


@dataclass
class Site:
    """One installation. `lines` are the numbers for reports, one a school; `schools` the paths of their pages.

    `ports` maps processes and the carrier.
    """

    var: Var
    database_url: str
    ports: dict[str, int]
    lines: list[str] = field(default_factory=list)
    schools: list[str] = field(default_factory=list)
    account_sid: str = "AC" + "b" * 32
    webhook_secret: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def environ(self) -> dict[str, str]:
        """What the processes are told."""
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("TIPLINE_", "TWILIO_"))}
        ports = {f"TIPLINE_{name.upper()}_PORT": str(self.ports[name]) for name in LISTENING}
        return {**clean, **ports, "TIPLINE_VAR": str(self.var.root)}

    @property
    def public_url(self) -> str:
        """Where webhooks go, as they are signed."""
        return f"http://127.0.0.1:{self.ports['intake']}"

    @property
    def paging_sid(self) -> str:
        """The account that pages."""
        return "AC" + "c" * 32

    def make(self, districts: int, schools: int) -> None:
        """Write keys, tables, settings and people: two on call in each district, one to escalate to."""
        self.var.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        slugs = [f"district-{number}" for number in range(districts)]
        key_files.init(self.var.keys, slugs, datetime.now(UTC))
        self._write_settings()
        valkey.prepare(self.var)
        database = Database(self.database_url)
        migrations.upgrade(database)
        with database.write() as session:
            for number, slug in enumerate(slugs):
                self._district(session, number, slug, schools)
        database.close()

    def _district(self, session: Session, number: int, slug: str, schools: int) -> None:
        district = District(id=new_id(), slug=slug, name=f"District {number}", takes_strays=number == 0)
        session.add(district)
        session.flush()
        session.add(_line(district.id, None, f"+1720{number:03}9999", "paging"))
        for school in range(schools):
            row = School(id=new_id(), district_id=district.id, slug=f"school-{school}", name=f"School {school}")
            session.add(row)
            session.flush()
            self.lines.append(f"+1720{number:03}{school:04}")
            self.schools.append(f"/d/{slug}/s/{row.slug}")
            session.add(_line(district.id, row.id, self.lines[-1], "reports"))
        people = [self._person(session, district.id, f"+1303{number:03}{place:04}") for place in range(3)]
        directory.set_duty(session, district.id, None, directory.ON_CALL, people[:2])
        directory.set_duty(session, district.id, None, directory.ESCALATION, people[2:])

    @staticmethod
    def _person(session: Session, district_id: str, number: str) -> str:
        return directory.add_responder(session, district_id, f"Person {number[-4:]}", "counselor", number).id

    def _write_settings(self) -> None:
        carrier = f"http://127.0.0.1:{self.ports['carrier']}"
        shared = {
            "DATABASE_URL": self.database_url,
            "TIPLINE_PUBLIC_URL": self.public_url,
            "TIPLINE_CONSOLE_URL": f"http://127.0.0.1:{self.ports['console']}",
        }
        reporters = {"TWILIO_ACCOUNT_SID": self.account_sid}
        paging = {"TWILIO_PAGING_ACCOUNT_SID": self.paging_sid}
        verify = {"TWILIO_WEBHOOK_SECRET": self.webhook_secret, "TWILIO_PAGING_WEBHOOK_SECRET": self.webhook_secret}
        api = {"TWILIO_API_BASE_URL": carrier}
        own = {
            "intake": {**reporters, **paging, **verify},
            "courier": {**reporters, **api, "TWILIO_API_KEY": "SKb", "TWILIO_API_SECRET": "secret"},
            "worker": {**paging, **api, "TWILIO_PAGING_API_KEY": "SKc", "TWILIO_PAGING_API_SECRET": "secret"},
            "console": {},
            "clock": {},
        }
        for process, values in own.items():
            environment.write(self.var.env(process), {**shared, **values})

    @contextmanager
    def running(self, *names: str) -> Iterator[list[int]]:
        """Run these processes alone, without a supervisor; the answer is their process ids."""
        commands = [[sys.executable, "-m", "gateway.front", "run", name] for name in names]
        with _started(self, commands, names) as pids:
            yield pids

    @contextmanager
    def up(self) -> Iterator[int]:
        """Run all of it as `tipline up` does; the answer is the id of the outermost process."""
        names = ("intake", "courier", "worker", "console", "clock", "valkey")
        with _started(self, [[sys.executable, "-m", "gateway.front", "up"]], names) as pids:
            yield pids[0]


def prepare(folder: Path, database_url: str | None, districts: int, schools: int) -> Site:
    """Make an installation in `folder`; without a URL on SQLite."""
    var = Var(folder.absolute())
    intake, console, carrier = free_ports(3)
    ports = {"intake": intake, "console": console, "carrier": carrier}
    site = Site(var, database_url or f"sqlite:///{var.database}", ports)
    site.make(districts, schools)
    return site


def _line(district_id: str, school_id: str | None, number: str, purpose: str) -> Line:
    return Line(
        district_id=district_id, school_id=school_id, number=number, purpose=purpose, label=purpose,
        proof_every_minutes=0,
    )  # fmt: skip


@contextmanager
def _started(site: Site, commands: Sequence[Sequence[str]], names: Sequence[str]) -> Iterator[list[int]]:
    site.var.logs.mkdir(parents=True, exist_ok=True)
    with (site.var.logs / "bench.log").open("ab") as log:
        running = [
            subprocess.Popen(command, cwd=ROOT, env=site.environ, stdout=log, stderr=log, start_new_session=True)
            for command in commands
        ]
        try:
            until(lambda: all(site.var.ready(name).exists() for name in names), "the processes", 60)
            yield [process.pid for process in running]
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                process.wait(timeout=60)
