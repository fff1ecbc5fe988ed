"""Where things are: all that a running Tipline keeps lies in one folder, `var/` unless `TIPLINE_VAR` says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.core.errors import SettingsRefused

NAMES = ("intake", "courier", "worker", "console", "clock", "valkey", "phones")
"""Every process there is; the last two are the embedded Valkey and the demo's stand-in for the phone company."""
PORTS: Mapping[str, tuple[str, int]] = {
    "intake": ("TIPLINE_INTAKE_PORT", 8000),
    "console": ("TIPLINE_CONSOLE_PORT", 8001),
    "phones": ("TIPLINE_PHONES_PORT", 8002),
}
"""Which process listens on which port: the variable that says so, and what holds without it."""


@dataclass(frozen=True)
class Var:
    """The folder of one installation."""

    root: Path

    @property
    def keys(self) -> Path:
        """Key folders, one a process."""
        return self.root / "keys"

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.root / "tipline.db"

    @property
    def logs(self) -> Path:
        """Logs, one file a process."""
        return self.root / "log"

    @property
    def valkey(self) -> Path:
        """What the embedded Valkey keeps."""
        return self.root / "valkey"

    @property
    def anchors(self) -> Path:
        """Signed heads of the event log, unless a setting puts them where this machine's users cannot write."""
        return self.root / "log-heads.jsonl"

    @property
    def alerts(self) -> Path:
        """Alerts as files, unless a setting puts them where others pick them up."""
        return self.root / "alerts"

    @property
    def media(self) -> Path:
        """Attachments, sealed, unless a setting puts them elsewhere."""
        return self.root / "media"

    @property
    def phones_config(self) -> Path:
        """What the stand-in carrier knows: its accounts and their secrets, lines and phones."""
        return self.root / "env" / "phones.json"

    @property
    def phones_store(self) -> Path:
        """What the stand-in carrier keeps."""
        return self.root / "phones.db"

    @property
    def supervisor_config(self) -> Path:
        """What the supervisor was told last."""
        return self.root / "supervisord.conf"

    @property
    def ports(self) -> Path:
        """The ports that the last start chose."""
        return self.root / "run" / "ports.env"

    @property
    def lock(self) -> Path:
        """Held while processes run from this folder."""
        return self.root / "run" / "up.lock"

    def env(self, process: str) -> Path:
        """Locate the environment file of one process."""
        return self.root / "env" / f"{process}.env"

    def ready(self, process: str) -> Path:
        """Locate the file in which a process notes its id once it is ready for work."""
        return self.root / "run" / f"{process}.ready"

    def log(self, process: str) -> Path:
        """Locate the log of one process."""
        return self.logs / f"{process}.log"


def locate(environ: Mapping[str, str]) -> Var:
    """Find the folder that the environment means."""
    return Var(Path(environ.get("TIPLINE_VAR") or "var").absolute())


def port(process: str, environ: Mapping[str, str]) -> int:
    """Read the port of a process. Raises: SettingsRefused when it is not a port number."""
    variable, usual = PORTS[process]
    given = environ.get(variable) or str(usual)
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 65535:
        raise SettingsRefused(f"{variable} must be a port, a number from 1 to 65535.")
    return int(given)


@dataclass(frozen=True)
class Place:
    """Where one process runs."""

    process: str
    var: Var
    environ: Mapping[str, str]

    @property
    def port(self) -> int:
        """The port it listens on, if it is one that does. Raises: SettingsRefused when it is not a port number."""
        return port(self.process, self.environ)

    def note_ready(self) -> None:
        """Write down that it is ready for work, and as which process id."""
        path = self.var.ready(self.process)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(f"{os.getpid()}\n", "utf-8")

    def clear(self) -> None:
        """Take that back."""
        self.var.ready(self.process).unlink(missing_ok=True)
