"""What each process is told: defaults, then its own file under `var/env/`, then the real environment, which wins.

The files exist so that each process is given its own secrets and nobody else's; they are the owner's to read (0600).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gateway.core import settings
from gateway.core.errors import SettingsRefused
from gateway.core.settings import Settings
from gateway.front import valkey
from gateway.front.places import PORTS, Var, port

_OURS = frozenset(str(field.alias) for field in Settings.model_fields.values() if field.alias)
_SECRET = frozenset(name for name in _OURS if name.endswith(("_TOKEN", "_SECRET", "_DEADMAN_URL", "_SMTP_URL")))
_PLAIN = frozenset({"LOG_LEVEL", "TIPLINE_ALLOWED_HOSTS", "TIPLINE_HOST"})
_EMBEDDED = "sqlite:///"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def read(path: Path) -> dict[str, str]:
    """Read a file of `NAME=value` lines; nothing when there is none. Raises: SettingsRefused naming a bad line."""
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or not name.strip().isidentifier():
            raise SettingsRefused(f"Line {number} of {path} is not NAME=value.")
        found[name.strip()] = value.strip()
    return found


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write such a file, whole or not at all, for its owner's eyes only."""
    write_private(path, "".join(f"{name}={value}\n" for name, value in sorted(values.items())))


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    part.replace(path)


def of_process(process: str, var: Var, environ: Mapping[str, str]) -> dict[str, str]:
    """Put together what one process is told."""
    given = {name: value for name, value in environ.items() if value}
    return {**_defaults(var, environ), **read(var.env(process)), **given}


def host(process: str, var: Var, environ: Mapping[str, str]) -> str:
    """Name the address that a process listens on."""
    given = None if process == "phones" else of_process(process, var, environ).get("TIPLINE_HOST")
    return given or "127.0.0.1"


def load(process: str, var: Var, environ: Mapping[str, str]) -> Settings:
    """Parse what one process is told. Raises: SettingsRefused, also for a secret that this process must not have."""
    return settings.load(process, of_process(process, var, environ))


def looked_for(var: Var, environ: Mapping[str, str]) -> str:
    """Say where the embedded database was looked for, since that hangs on the folder that one stands in; else nothing.

    Raises: SettingsRefused.
    """
    url = of_process("operator", var, environ)["DATABASE_URL"]
    if not url.startswith(_EMBEDDED):
        return ""
    return f" It was looked for at {url.removeprefix(_EMBEDDED)}; TIPLINE_VAR says in which folder Tipline keeps it."


def owner_url(var: Var, environ: Mapping[str, str]) -> str:
    """Tell how the database's owner gets in, who makes tables and roles: `owner.env`, or the operator's own way.

    On SQLite, and where no roles were made, there is no other. Raises: SettingsRefused.
    """
    given = environ.get("DATABASE_URL") or read(var.env("owner")).get("DATABASE_URL")
    return given or load("operator", var, environ).database_url


def of_children(environ: Mapping[str, str], *, only_files: bool) -> dict[str, str]:
    """Make the environment that all processes of a supervisor share, so it must hold no secret.

    `only_files` leaves out whatever else names a setting of ours: the demo must not reach a real system by way of the
    shell it was started from. Raises: SettingsRefused for a secret, unless it is left out anyhow.
    """
    given = {name: value for name, value in environ.items() if value}
    if only_files:
        return _direct({name: value for name, value in given.items() if name not in _OURS or name in _PLAIN})
    surplus = sorted(_SECRET & set(given))
    if surplus:
        raise SettingsRefused(
            f"Each process gets its own secrets from var/env/<process>.env: take {', '.join(surplus)} out of the "
            "environment that all of them would share."
        )
    return _direct(given)


def note_ports(var: Var, environ: Mapping[str, str]) -> None:
    """Note the ports of a start, so that commands in another terminal find the processes of this folder."""
    write(var.ports, {variable: str(port(process, environ)) for process, (variable, _) in PORTS.items()})


def _direct(environ: Mapping[str, str]) -> dict[str, str]:
    """Let nothing on this machine be reached through a proxy: it would see texts, and could not reach us anyhow.

    Libraries read the small name, the large one, or both.
    """
    given = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = ",".join(dict.fromkeys([*filter(None, given.split(",")), *_LOOPBACK]))
    return {**environ, "no_proxy": hosts, "NO_PROXY": hosts}


def _defaults(var: Var, environ: Mapping[str, str]) -> dict[str, str]:
    chosen = {**read(var.ports), **environ}
    here = {process: f"http://127.0.0.1:{port(process, chosen)}" for process in PORTS}
    return {
        "DATABASE_URL": f"{_EMBEDDED}{var.database}",
        "REDIS_URL": valkey.url(var),
        "TIPLINE_KEYS_DIR": str(var.keys),
        "TIPLINE_PUBLIC_URL": here["intake"],
        "TIPLINE_CONSOLE_URL": here["console"],
        "TIPLINE_ANCHOR_FILE": str(var.anchors),
        "TIPLINE_ALERTS_DIR": str(var.alerts),
        "TIPLINE_MEDIA_URL": var.media.as_uri(),
    }
