"""`tipline up` as README's "With a real Twilio" says it, with the phones as Twilio: no demo, settings made by hand.

It starts before its tables are there and with a worker that must refuse: the rest runs, and what is mended comes up.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.records import Message
from gateway.front import demo, environment
from gateway.front.places import PORTS, Var
from tests.support.house import ROOT, alive, free_ports, until

pytestmark = pytest.mark.e2e
TIPLINE = [sys.executable, "-m", "gateway.front"]
OURS = ("intake", "courier", "worker", "console", "clock")
SENDER, LINE = "+13035550123", "+13035550100"


@contextmanager
def _started(arguments: list[str], environ: dict[str, str], said: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        said.open("wb") as file,
        subprocess.Popen(
            [*TIPLINE, *arguments], cwd=ROOT, env=environ, stdout=file, stderr=file, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _tipline(environ: dict[str, str], *arguments: str) -> str:
    return subprocess.run(
        [*TIPLINE, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    ).stdout


def _ready(var: Var) -> set[str]:
    return {name for name in OURS if var.ready(name).exists()}


def _write_settings(var: Var, twilio: Var, ports: dict[str, str]) -> dict[str, dict[str, str]]:
    """Give the phones their accounts, and each process what README's table says it needs."""
    carrier = demo._carrier(twilio, {name: f"http://127.0.0.1:{ports[PORTS[name][0]]}" for name in PORTS})
    twilio.root.mkdir()
    environment.write_private(twilio.phones_config, json.dumps(asdict(carrier), default=str))
    reporters, paging = carrier.accounts
    told = demo._shares(reporters, paging, f"http://127.0.0.1:{ports['TIPLINE_PHONES_PORT']}")
    for process in ("intake", "courier", "worker"):
        environment.write(var.env(process), told[process])
    return told


def test_up_by_hand_waits_for_what_is_mended_and_then_takes_a_text(tmp_path: Path) -> None:
    twilio, var = Var(tmp_path / "twilio"), Var(tmp_path / "house")
    intake, console, phones = map(str, free_ports(3))
    ports = {"TIPLINE_INTAKE_PORT": intake, "TIPLINE_CONSOLE_PORT": console, "TIPLINE_PHONES_PORT": phones}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TIPLINE_", "TWILIO_"))}
    environ = {**clean, **ports, "TIPLINE_VAR": str(var.root), "http_proxy": "http://127.0.0.1:9"}
    told = _write_settings(var, twilio, ports)
    environment.write(var.env("worker"), {**told["worker"], "TWILIO_API_SECRET": "not-the-workers"})
    _tipline(environ, "keys", "init")
    said = tmp_path / "up.txt"
    with ExitStack() as running:
        far = {**clean, **ports, "TIPLINE_VAR": str(twilio.root)}
        running.enter_context(_started(["run", "phones"], far, tmp_path / "phones.txt"))
        up = running.enter_context(_started(["up"], environ, said))
        until(lambda: var.log("clock").exists() and "tipline migrate" in var.log("clock").read_text(), "the hint")
        assert _ready(var) == set()
        _tipline(environ, "migrate")
        until(lambda: _ready(var) == set(OURS) - {"worker"}, "all but the worker")
        refused = "exited: worker (exit status 2"
        until(lambda: var.log("supervisord").read_text().count(refused) > 2, "the worker to be tried again and again")
        assert "must not be given TWILIO_API_SECRET" in var.log("worker").read_text()
        assert up.poll() is None, "the others go on"
        environment.write(var.env("worker"), told["worker"])
        until(lambda: "Tipline runs." in said.read_text(), "everything", 20)
        url = f"http://127.0.0.1:{phones}/phones/{SENDER}/messages"
        until(lambda: twilio.ready("phones").exists(), "the phones")
        httpx.post(url, json={"to": LINE, "body": "hello"}, trust_env=False).raise_for_status()
        database = Database(f"sqlite:///{var.database}")
        until(lambda: _quarantined(database), "the text")
        database.close()
    assert up.returncode == 0
    assert alive(var.root) == []


def _quarantined(database: Database) -> list[str | None]:
    """List why texts belong to nobody: this house has no district yet."""
    with database.read() as session:
        return list(session.scalars(select(Message.quarantine)))
