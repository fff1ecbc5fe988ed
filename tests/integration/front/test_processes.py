"""A process waits for what may be mended outside, and is tried again at an easy pace where it must refuse."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from gateway.core.database import Database
from gateway.core.errors import SettingsRefused
from gateway.front import environment, migrations, processes
from gateway.front.places import Var

SOON = 20.0


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Count the looks at the database; they come fast here."""
    seen, look = threading.Semaphore(0), processes._trouble

    def counted(database: Database) -> str | None:
        found = look(database)
        seen.release()
        return found

    monkeypatch.setattr(processes, "_trouble", counted)
    monkeypatch.setattr(processes, "LOOK_AGAIN_SECONDS", 0.02)
    return seen


def _after_two(looks: threading.Semaphore, act: object) -> threading.Thread:
    def wait_and_act() -> None:
        assert looks.acquire(timeout=SOON)
        assert looks.acquire(timeout=SOON)
        act()  # type: ignore[operator]  # any function without arguments

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


@pytest.mark.parametrize("away", [False, True], ids=["not-migrated", "database-away"])
def test_process_waits_for_the_tables(tmp_path: Path, looks: threading.Semaphore, away: bool) -> None:
    folder = tmp_path / "later"
    if not away:
        folder.mkdir()
    settings = environment.load("clock", Var(tmp_path), {"DATABASE_URL": f"sqlite:///{folder}/tipline.db"})

    def mend() -> None:
        folder.mkdir(exist_ok=True)
        database = Database(settings.database_url)
        migrations.upgrade(database)
        database.close()

    thread = _after_two(looks, mend)
    assert processes.await_tables(settings)
    thread.join()


def test_process_that_waits_for_the_tables_stops_when_told(tmp_path: Path, looks: threading.Semaphore) -> None:
    before = signal.getsignal(signal.SIGTERM)
    settings = environment.load("clock", Var(tmp_path), {})
    thread = _after_two(looks, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert not processes.await_tables(settings)
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("supervised", "rests"), [("1", [processes.REST_SECONDS]), ("", [])], ids=["up", "by-hand"])
def test_refusal_rests_before_it_is_tried_again(
    var: Var, monkeypatch: pytest.MonkeyPatch, supervised: str, rests: list[float]
) -> None:
    rested: list[float] = []

    def wait(_event: threading.Event, seconds: float | None = None) -> bool:
        rested.append(seconds or 0)
        return True

    monkeypatch.setattr(processes, "end_with_parent", lambda _environ: None)
    monkeypatch.setattr(threading.Event, "wait", wait)
    environ = {"SUPERVISOR_ENABLED": supervised, "TWILIO_AUTH_TOKEN": "not-the-clocks"}
    with pytest.raises(SettingsRefused, match="TWILIO_AUTH_TOKEN"):
        processes.run("clock", var, environ)
    assert rested == rests
