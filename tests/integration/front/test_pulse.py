"""A process knows from its own heartbeat whether it is ready, and says so to whoever asks over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from sqlalchemy import delete, select, text
from starlette.applications import Starlette

from gateway.core import heartbeats, keys
from gateway.core.database import Database
from gateway.core.errors import KeyRefused, TiplineError, Unavailable
from gateway.core.records import Heartbeat
from gateway.core.times import utc_now
from gateway.front import environment, pulse, revision
from gateway.front.duties import Duty, stop_all
from gateway.front.places import Var
from gateway.front.probes import Others
from gateway.front.pulse import Pulse
from gateway.front.wiring import console, intake
from tests.support.house import until
from tests.support.world import World


@pytest.fixture(autouse=True)
def current(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Say that the tables are current where they were made without migrations."""
    if "database" in request.fixturenames:
        monkeypatch.setattr(revision, "is_current", lambda _database: True)


def _row(database: Database) -> Heartbeat | None:
    with database.read() as session:
        return session.scalar(select(Heartbeat))


def test_pulse_beats_from_a_thread_of_its_own_and_tells_how_duties_fare(database: Database) -> None:
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise RuntimeError

    duties = [Duty("well", lambda: None), Duty("ill", fail)]
    beating = Pulse(database, "worker", utc_now, duties=duties, parts=[lambda: {"page": 1}])
    assert beating.trouble == "starting"
    for duty in duties:
        duty.start()
    assert failed.wait(5)
    until(lambda: duties[1].state(0.0)["failing"], "the failure")
    beating.start()
    row = until(lambda: _row(database), "a beat", 10)
    stop_all([*duties, beating])
    assert (row.process, row.instance, row.data["page"], row.data["trouble"]) == ("worker", beating.instance, 1, None)
    assert row.data["duties"]["well"]["failing"] == 0
    assert row.data["duties"]["ill"]["failing"] > 0
    assert beating.trouble is None


def test_pulse_beats_again_only_when_it_is_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = 1000.0
    monkeypatch.setattr("gateway.front.pulse.time.monotonic", lambda: tick)
    beating = Pulse(database, "worker", utc_now)
    beating.step()
    first = _row(database)
    tick += heartbeats.EVERY_SECONDS - 1
    beating.step()
    assert first is not None
    assert (again := _row(database)) is not None
    assert again.beat_at == first.beat_at
    tick += 1
    beating.step()
    assert (third := _row(database)) is not None
    assert third.beat_at > first.beat_at
    tick += heartbeats.STALE_SECONDS + 1
    assert beating.trouble == "stuck"


def _refuse() -> None:
    raise KeyRefused("no key")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("tables", "tables"), ("keys", "keys"), ("part", None), ("unforeseen part", None)],
)
def test_pulse_knows_what_keeps_a_process_from_work(
    database: Database, monkeypatch: pytest.MonkeyPatch, spoil: str, code: str | None
) -> None:
    def part() -> dict[str, str]:
        if spoil == "part":
            raise TiplineError
        if spoil == "unforeseen part":
            raise RuntimeError("hunter2")
        return {}

    if spoil == "tables":
        monkeypatch.setattr(revision, "is_current", lambda _database: False)
    beating = Pulse(database, "intake", utc_now, check=_refuse if spoil == "keys" else lambda: None, parts=[part])
    beating.step()
    assert beating.trouble == code
    row = _row(database)
    assert row is not None
    assert row.data.get("trouble") == code
    assert row.data.get("part") == ("error" if "part" in spoil else None)
    assert "hunter2" not in str(row.data)


def test_pulse_waits_for_a_database_that_is_away_and_beats_when_it_is_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick = 1000.0
    monkeypatch.setattr("gateway.front.pulse.time.monotonic", lambda: tick)
    beating = Pulse(database, "intake", utc_now)
    beating.step()

    def away(_database: Database) -> bool:
        raise Unavailable

    monkeypatch.setattr(revision, "is_current", away)
    tick += heartbeats.EVERY_SECONDS
    with pytest.raises(Unavailable):
        beating.step()
    assert beating.trouble == "database"
    monkeypatch.setattr(revision, "is_current", lambda _database: True)
    tick += pulse._AGAIN_SECONDS
    beating.step()
    assert beating.trouble is None


@pytest.mark.parametrize("process", keys.PROCESSES)
def test_pulse_needs_no_right_that_its_process_does_not_have(world: World, process: str) -> None:
    others = Others(world.of("console"), world.clock)
    beating = Pulse(world.of(process), process, world.clock, parts=[others.look] if process == "console" else [])
    beating.step()
    row = _row(world.database)
    assert row is not None
    assert (row.process, "part" in row.data) == (process, False)


@contextmanager
def _served(app: Starlette) -> Iterator[str]:
    """Serve an app over real HTTP; the value is its URL."""
    config = uvicorn.Config(app, port=0, log_config=None, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the server", 20)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        getattr(app.state, "close_streams", lambda: None)()
        server.should_exit = True
        thread.join()


def _get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10)


@pytest.mark.parametrize("process", ["intake", "console"])
def test_readyz_is_200_once_the_first_beat_is_written(var: Var, process: str) -> None:
    app = {"intake": intake, "console": console}[process].make(environment.load(process, var, {}))
    with _served(app) as url:
        until(lambda: _get(f"{url}/readyz").status_code == 200, "readiness", 10)
        answer = _get(f"{url}/readyz")
        assert answer.json()["status"] == "ok"
        assert answer.headers["Cache-Control"] == "no-store"
    database = Database(f"sqlite:///{var.database}")
    row = _row(database)
    database.close()
    assert row is not None
    assert row.process == process


@pytest.mark.parametrize("process", ["intake", "console"])
@pytest.mark.parametrize("fault", ["database", "tables"])
def test_readyz_is_a_problem_with_a_reason_and_healthz_well_all_the_same(var: Var, process: str, fault: str) -> None:
    settings = environment.load(process, var, {})
    if fault == "tables":
        database = Database(settings.database_url)
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        database.close()
    else:
        settings = environment.load(process, var, {"DATABASE_URL": "sqlite:////nowhere/at/all.db"})
    with _served({"intake": intake, "console": console}[process].make(settings)) as url:
        until(lambda: _get(f"{url}/readyz").json().get("code") == fault, "the reason", 10)
        answer = _get(f"{url}/readyz")
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert answer.headers["Retry-After"]
        assert set(answer.json()) == {"type", "title", "status", "detail", "code"}
        assert _get(f"{url}/healthz").status_code == 200


def test_readyz_of_the_console_tells_of_all_processes_whether_they_beat_and_no_more(var: Var) -> None:
    database = Database(f"sqlite:///{var.database}")
    with database.write() as session:
        session.execute(delete(Heartbeat))
        for process, data in (("courier", {}), ("worker", {"trouble": "keys"})):
            heartbeats.beat(session, process, process, "1", utc_now(), utc_now(), data)
    database.close()
    with _served(console.make(environment.load("console", var, {}))) as url:
        until(lambda: _get(f"{url}/readyz").status_code == 200, "readiness", 10)
        body = _get(f"{url}/readyz").json()
    assert body["processes"] == {
        "intake": "not_ok", "courier": "ok", "worker": "not_ok", "console": "not_ok", "clock": "not_ok",
    }  # fmt: skip
    assert set(body) == {"status", "processes"}


def test_the_console_knows_where_intake_is_reached(var: Var) -> None:
    app = console.make(environment.load("console", var, {"TIPLINE_PUBLIC_URL": "https://tips.cedar.example"}))
    assert app.state.console.public_url == "https://tips.cedar.example"
