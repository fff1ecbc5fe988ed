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
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.core.errors import SettingsRefused, Unavailable
from gateway.front import environment
from gateway.front.places import PORTS, Var, port
from gateway.front.signals import USUAL, end_with_parent, stop_on_signal

COMPLAIN_SECONDS = 30.0
"""How long a start may take before it is said what is not ready, and how often it is said again."""
STOP_SECONDS = 15.0
_LOOK_SECONDS = 0.2
EXITS_TO_GIVE_UP = 3
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to knock when it listens on all addresses
_PROGRAM_STOP_SECONDS = 8
_HEALTH = {"intake": "/readyz", "console": "/readyz", "phones": "/"}


@dataclass(frozen=True)
class Hopes:
    """What whoever starts it wants: `ready` is called once all answer, `complain` while some do not.

    `gives_up` is for the demo, where somebody looks on: it ends when a process does nothing but end.
    """

    ready: Callable[[], None]
    complain: Callable[[str], None]
    gives_up: bool = False


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
                autorestart="true", startsecs=0, stopsignal="TERM",
                stopwaitsecs=_PROGRAM_STOP_SECONDS, stopasgroup="true", killasgroup="true", redirect_stderr="true",
                stdout_logfile=var.log(name), stdout_logfile_maxbytes="10MB", stdout_logfile_backups=3,
            )
        )  # fmt: skip
    return "\n".join(sections)


def check_ports(names: Sequence[str], var: Var, environ: Mapping[str, str]) -> None:
    """Raises: SettingsRefused for a port that another program has, or that two processes were given."""
    given = [port(name, environ) for name in names if name in PORTS]
    if len(set(given)) < len(given):
        variables = ", ".join(PORTS[name][0] for name in names if name in PORTS)
        raise SettingsRefused(f"Two processes have the same port. {variables} must differ.")
    for name in names:
        if name not in PORTS:
            continue
        host, number = environment.host(name, var, environ), port(name, environ)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
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


def run(var: Var, names: Sequence[str], environ: Mapping[str, str], hopes: Hopes) -> int:
    """Run the named processes until told to stop. The result is an exit code.

    `environ` is what all of them share, so it holds no secret. Raises: Unavailable when it gives up (only in the
    demo), or when the supervisor itself ended.
    """
    commands = {name: command for name, command in read_procfile().items() if name in names}
    var.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in commands:
        var.ready(name).unlink(missing_ok=True)
    var.supervisor_config.write_text(render(var, commands), "utf-8")
    watch = Watch(var, environ, list(commands), hopes)
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup is obeyed
    stop = stop_on_signal(USUAL if ignored else (*USUAL, signal.SIGHUP))
    child = subprocess.Popen(  # noqa: S603 - ourselves, without a shell
        [sys.executable, "-m", "gateway.front.supervise", "-n", "-c", str(var.supervisor_config)],
        env={**environ, "TIPLINE_VAR": str(var.root), "SUPERVISOR_ENABLED": str(os.getpid())},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not stop.wait(_LOOK_SECONDS):
            if child.poll() is not None:
                raise Unavailable(f"The supervisor ended by itself. Its log: {var.log('supervisord')}")
            watch.look(time.monotonic())
        return 0
    finally:
        _end(child)


class Watch:
    """Sees how a start goes. What is not ready is said loudly, and the rest goes on: nothing is ended for its sake."""

    def __init__(self, var: Var, environ: Mapping[str, str], names: list[str], hopes: Hopes) -> None:
        self._var, self._environ, self._waiting, self._hopes = var, environ, names, hopes
        self._complain_at = time.monotonic() + COMPLAIN_SECONDS
        log = var.log("supervisord")
        self._log_from = log.stat().st_size if log.exists() else 0

    def look(self, now: float) -> None:
        """Look once; `now` in seconds of the monotonic clock. Raises: Unavailable when it gives up."""
        if not self._waiting:
            return
        self._waiting = [name for name in self._waiting if not is_ready(name, self._var, self._environ)]
        if not self._waiting:
            self._hopes.ready()
        elif self._hopes.gives_up and (ended := [n for n in self._waiting if self._exits(n) >= EXITS_TO_GIVE_UP]):
            raise Unavailable(_explain(self._var, ended))
        elif now >= self._complain_at:
            self._complain_at = now + COMPLAIN_SECONDS
            self._hopes.complain(f"NOT READY, tried again for ever: {_explain(self._var, self._waiting)}")

    def _exits(self, name: str) -> int:
        """Count how often a process has ended since this start; the supervisor's log knows."""
        path = self._var.log("supervisord")
        if not path.exists():
            return 0
        with path.open("rb") as file:
            file.seek(self._log_from)
            return file.read().count(f"exited: {name} (".encode())


def is_ready(name: str, var: Var, environ: Mapping[str, str]) -> bool:
    """Tell whether a process has said that it is ready, and answers if it listens on a port."""
    if not var.ready(name).exists():
        return False
    if name not in _HEALTH:
        return True
    try:
        with _direct().open(_health_url(name, var, environ), timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _direct() -> urllib.request.OpenerDirector:
    """Knock without a proxy: one that is set for the machine has no business on it."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _health_url(name: str, var: Var, environ: Mapping[str, str]) -> str:
    host = environment.host(name, var, environ)
    host = _EVERYWHERE.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port(name, environ)}{_HEALTH[name]}"


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
