"""Told to end, the supervisor ends what needs Valkey first, and Valkey only then: nobody loses it on the way."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from gateway.front import supervise
from gateway.front.places import Var
from tests.support.house import ROOT, until

PROGRAMS = {
    "valkey": """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
with open(sys.argv[1] + "/valkey.pid", "w") as file:
    file.write(str(os.getpid()))
signal.pause()
""",
    "worker": """
import os, signal, sys, time

def end(*_):
    pid, until = int(open(sys.argv[1] + "/valkey.pid").read()), time.monotonic() + 0.5
    seen = "there"
    while seen == "there" and time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            seen = "gone"
    with open(sys.argv[1] + "/seen", "w") as file:
        file.write(seen)
    sys.exit()

signal.signal(signal.SIGTERM, end)
open(sys.argv[1] + "/worker.pid", "w").close()
signal.pause()
""",
}
"""One that ends at once, and one that looks for half a second whether the other is still there when it is to end."""


def test_valkey_is_there_until_the_last_of_the_others_has_ended(tmp_path: Path) -> None:
    var, commands = Var(tmp_path / "var"), {}
    var.logs.mkdir(parents=True)
    (var.root / "run").mkdir()
    for name, code in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(code)
        commands[name] = shlex.join([sys.executable, str(tmp_path / f"{name}.py"), str(tmp_path)])
    var.supervisor_config.write_text(supervise.render(var, commands), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.front.supervise", "-n", "-c", str(var.supervisor_config)],
        cwd=ROOT, env={**os.environ, "SUPERVISOR_ENABLED": str(os.getpid())}, stdin=subprocess.DEVNULL,
    ) as supervisor:  # fmt: skip
        try:
            until(lambda: all((tmp_path / f"{name}.pid").exists() for name in PROGRAMS), "both programs")
        finally:
            supervisor.terminate()
    assert (tmp_path / "seen").read_text() == "there"
