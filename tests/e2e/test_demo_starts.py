"""`make run` as a newcomer meets it: it comes up, survives what dies, keeps its data, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gateway.core.database import Database
from gateway.front.places import NAMES
from gateway.front.tracing import follow
from tests.support.house import ROOT, House, alive, running, until

pytestmark = pytest.mark.e2e
SENDER = "+13035550123"
DEMO = [sys.executable, "-m", "gateway.front", "demo"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run one demo for the tests that do not end it."""
    var = tmp_path_factory.mktemp("starts") / "var"
    with running(var) as started:
        yield started
    assert alive(var) == []


def _events(var: Path, reference: str) -> list[str]:
    database = Database(f"sqlite:///{var}/tipline.db")
    with database.read() as session:
        found = [hop.event for hop in follow(session, reference).hops]
    database.close()
    return found


def _text(house: House, words: str) -> str:
    reference = json.loads(house.tipline("text", words, "--from", SENDER, "--json"))["reference"]
    assert isinstance(reference, str)
    return reference


def _process_id(var: Path, name: str) -> int | None:
    path = var / "run" / f"{name}.ready"
    return int(path.read_text() or 0) or None if path.exists() else None


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def test_demo_comes_up_and_takes_a_tip(house: House) -> None:
    assert sorted(path.stem for path in (house.var / "run").glob("*.ready")) == sorted(NAMES)
    assert _answers(house.public_url)
    assert _answers(house.console_url)
    reference = _text(house, "theres a kid in the 2nd floor bathroom with a gun")
    until(lambda: "callout.opened" in _events(house.var, reference), "people to be called out")
    until(lambda: "send.delivered" in _events(house.var, reference), "a page to arrive")


def test_doctor_finds_a_running_demo_well(house: House) -> None:
    def unwell() -> set[str]:
        return {one["what"] for one in json.loads(house.tipline("doctor", "--json")) if one["level"] != "ok"}

    assert until(lambda: unwell() <= {"key escrow", "backup", "dead-man's ping"}, "all but what a demo has none of")


def test_second_demo_in_the_same_folder_is_refused(house: House) -> None:
    again = subprocess.run(DEMO, env=house.environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert again.stderr.startswith("tipline: Tipline already runs")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_killed_comes_back_and_loses_nothing(house: House, name: str) -> None:
    before = _process_id(house.var, name)
    assert before
    os.kill(before, signal.SIGKILL)
    if name != "intake":
        reference = _text(house, f"someone hid a knife near the {name}")
    until(lambda: _process_id(house.var, name) not in {None, before}, f"{name} to come back")
    if name == "intake":
        until(lambda: _answers(house.public_url), "the public side to answer")
        reference = _text(house, f"someone hid a knife near the {name}")
    until(lambda: "message.assessed" in _events(house.var, reference), "a case")
    until(lambda: "message.threaded" in _events(house.var, reference), "its thread")


def _hear() -> None:
    """Hear what a terminal sends, also where the tests run in the background: that has both ignored."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def _started(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a demo in a session of its own, as a terminal does, and wait until it says that it runs."""
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=_hear,  # noqa: PLW1509 - before anything of the demo runs
    ) as process:  # fmt: skip
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("Tipline runs") for line in lines)
        yield process


@pytest.mark.parametrize(
    ("under_make", "number", "whole_group"),
    [(True, signal.SIGINT, True), (False, signal.SIGHUP, True), (False, signal.SIGKILL, False)],
    ids=["Ctrl-C-under-make", "terminal-closed", "killed-outright"],
)
def test_however_it_ends_nothing_is_left_and_the_data_stays(
    ended: tuple[Path, dict[str, str], str], tmp_path: Path, under_make: bool, number: signal.Signals, whole_group: bool
) -> None:
    var, environ, reference = ended
    makefile = tmp_path / "Makefile"
    makefile.write_text("run:\n\t@exec " + " ".join(DEMO) + "\n")
    with _started(["make", "-f", str(makefile), "run"] if under_make else DEMO, environ) as process:
        assert len(alive(var)) > len(NAMES)
        (os.killpg if whole_group else os.kill)(process.pid, number)
        code = process.wait(60)
    assert (code == 0) == (number is signal.SIGHUP), "make and a kill have codes of their own"
    until(lambda: alive(var) == [], "everything to end", 20)
    assert "case.opened" in _events(var, reference)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], str]:
    """Run a demo once and end it; its environment is given on, with settings of real systems that it must not use."""
    var = tmp_path_factory.mktemp("ended") / "var"
    with running(var) as house:
        given, reference = house.environ, _text(house, "the fence by the field is broken")
        until(lambda: "case.opened" in _events(var, reference), "a case")
    assert alive(var) == []
    return var, {**given, "TWILIO_AUTH_TOKEN": "a-real-one", "DATABASE_URL": "postgresql:///a-real-one"}, reference
