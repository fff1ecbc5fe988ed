"""Where things are: all that a running Tipline keeps lies in one folder, `var/` unless `TIPLINE_VAR` says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.core.errors import SettingsRefused

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
