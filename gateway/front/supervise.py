"""Runs every process of the Procfile under supervisord, which restarts what dies.

supervisord gets a session of its own, so that Ctrl-C, SIGTERM and a closed terminal reach this process alone: it then
ends supervisord, which ends the rest. Should either be killed outright, Linux ends what is below (`end_with_parent`).
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.core.errors import SettingsRefused, Unavailable
from gateway.front.parent import end_with_parent
from gateway.front.places import PORTS, Var, port
from gateway.front.stopping import USUAL, stop_on_signal

START_SECONDS = 60.0
STOP_SECONDS = 15.0
_PROGRAM_STOP_SECONDS = 8
_HEALTH = {"intake": "/healthz", "console": "/healthz", "phones": "/"}


def read_procfile(path: Path | None = None) -> dict[str, str]:
    """Read the processes and their commands. Raises: SettingsRefused for a line that is not `name: command`."""
    chosen = path or Path(__file__).parent / "Procfile"
    found = {}
    for line in chosen.read_text("utf-8").splitlines():
        name, colon, command = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not command.strip():
            raise SettingsRefused(f"A line of {chosen} is not `name: command`.")
        found[name.strip()] = command.strip()
    return found


def render(var: Var, commands: Mapping[str, str]) -> str:
    """Write supervisord's configuration: one group, so that all are told to end at once; valkey is started first."""
    sections = [
        _section("supervisord", nodaemon="true", silent="true", logfile=var.log("supervisord"), loglevel="info",
                 pidfile=var.root / "run" / "supervisord.pid", childlogdir=var.logs, **_user()),
        _section("group:tipline", programs=",".join(commands)),
    ]  # fmt: skip
    for name, command in commands.items():
        sections.append(
            _section(
                f"program:{name}", command=_runnable(command), priority=1 if name == "valkey" else 10,
                autorestart="true", startsecs=1, startretries=1_000_000, stopsignal="TERM",
                stopwaitsecs=_PROGRAM_STOP_SECONDS, stopasgroup="true", killasgroup="true", redirect_stderr="true",
                stdout_logfile=var.log(name), stdout_logfile_maxbytes="10MB", stdout_logfile_backups=3,
            )
        )  # fmt: skip
    return "\n".join(sections)


def check_ports(names: Sequence[str], environ: Mapping[str, str], host: str = "127.0.0.1") -> None:
    """Raises: SettingsRefused for a port that another program has."""
    for name in names:
        if name not in PORTS:
            continue
        number = port(name, environ)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, number))
            except OSError:
                raise SettingsRefused(
                    f"Port {number}, meant for {name}, is taken by another program. "
                    f"Choose a free one, for example: {PORTS[name][0]}={number + 1000}"
                ) from None


@contextmanager
def only_one(var: Var) -> Iterator[None]:
    """Hold the folder while processes run from it. Raises: SettingsRefused when others already do."""
    var.lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with var.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsRefused(f"Tipline already runs from {var.root}. Stop that one first.") from None
        yield


def run(var: Var, names: Sequence[str], environ: Mapping[str, str], ready: Callable[[], None]) -> int:
    """Run the named processes until told to stop; `ready` is called once all answer. The result is an exit code.

    `environ` is what all of them share, so it holds no secret. Raises: Unavailable when they do not come up.
    """
    commands = {name: command for name, command in read_procfile().items() if name in names}
    var.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in commands:
        var.ready(name).unlink(missing_ok=True)
    var.supervisor_config.write_text(render(var, commands), "utf-8")
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup is obeyed
    stop = stop_on_signal(USUAL if ignored else (*USUAL, signal.SIGHUP))
    child = subprocess.Popen(  # noqa: S603 - ourselves, without a shell
        [sys.executable, "-m", "gateway.front.supervise", "-n", "-c", str(var.supervisor_config)],
        env={**environ, "TIPLINE_VAR": str(var.root), "SUPERVISOR_ENABLED": str(os.getpid())},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if _await_all(var, list(commands), environ, stop, child):
            ready()
        while not stop.wait(0.2):
            if child.poll() is not None:
                raise Unavailable(f"The supervisor ended by itself. Its log: {var.log('supervisord')}")
        return 0
    finally:
        _end(child)


def _await_all(
    var: Var, names: Sequence[str], environ: Mapping[str, str], stop: threading.Event, child: subprocess.Popen[bytes]
) -> bool:
    """Wait until every process answers; false when told to stop before. Raises: Unavailable after `START_SECONDS`."""
    deadline = time.monotonic() + START_SECONDS
    waiting = list(names)
    while waiting:
        waiting = [name for name in waiting if not is_ready(name, var, environ)]
        if waiting and time.monotonic() > deadline:
            raise Unavailable(_explain(var, waiting))
        if stop.wait(0.1 if waiting else 0) or child.poll() is not None:
            return False
    return True


def is_ready(name: str, var: Var, environ: Mapping[str, str]) -> bool:
    """Tell whether a process has said that it is ready, and answers if it listens on a port."""
    if not var.ready(name).exists():
        return False
    if name not in _HEALTH:
        return True
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port(name, environ)}{_HEALTH[name]}", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _explain(var: Var, waiting: Sequence[str]) -> str:
    """Say which process does not come up, with the last line of its log."""
    sentences = []
    for name in waiting:
        path = var.log(name)
        lines = path.read_text("utf-8", "replace").strip().splitlines() if path.exists() else []
        sentences.append(f"{name} does not come up. Its log ends: {lines[-1] if lines else '(empty)'}")
    return " ".join(sentences)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _runnable(command: str) -> str:
    """Name this installation's `tipline`, whatever PATH says."""
    words = shlex.split(command)
    if words[0] == "tipline":
        words[:1] = [sys.executable, "-m", "gateway.front"]
    return shlex.join(words).replace("%", "%%")


def _user() -> dict[str, str]:
    """Tell supervisord that root is meant, where it is: it warns otherwise."""
    return {"user": pwd.getpwuid(0).pw_name} if os.geteuid() == 0 else {}


def _section(title: str, **options: object) -> str:
    lines = [
        f"{name}={str(value) if name == 'command' else str(value).replace('%', '%%')}"
        for name, value in options.items()
    ]
    return "\n".join([f"[{title}]", *lines, ""])


def _supervisord() -> None:
    """Become supervisord, and end when who started it does."""
    from supervisor import supervisord  # noqa: PLC0415 - it must not be loaded by whoever only starts it

    end_with_parent(os.environ)
    supervisord.main(sys.argv[1:])


if __name__ == "__main__":
    _supervisord()
