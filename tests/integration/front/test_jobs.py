"""Courier and worker listen for wake-ups on a real Valkey, wait for one that is away, and stop when told."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from gateway.core.queues import Waker, connect, queue
from gateway.front import duties, jobs, valkey
from gateway.front.duties import Duty
from gateway.front.places import Var
from tests.support.house import until

SOON = 20.0


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Put back what was there: listening sets handlers of its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """Run an embedded Valkey."""
    var = Var(tmp_path)
    valkey.prepare(var)
    with subprocess.Popen(valkey.command(var), stdout=subprocess.DEVNULL) as server:
        connection = connect(valkey.url(var))
        until(lambda: _answers(connection), "valkey", SOON)
        yield valkey.url(var)
        connection.close()
        server.terminate()


def _answers(connection: object) -> bool:
    try:
        return bool(connection.ping())  # type: ignore[attr-defined]  # a Redis
    except RedisError:
        return False


def _terminate_once(done: threading.Event) -> threading.Thread:
    """Tell this very process to stop, as a supervisor would, once something has happened."""

    def wait_and_tell() -> None:
        done.wait(SOON)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=wait_and_tell)
    thread.start()
    return thread


def test_wake_up_rings_and_sigterm_ends_at_once(redis_url: str) -> None:
    rang, stop = threading.Event(), threading.Event()
    duty = Duty("test", rang.set, every_seconds=3600)
    jobs.take_calls([duty])
    duty.start()
    assert rang.wait(SOON)
    rang.clear()
    waker = Waker(redis_url)
    waker.wake("worker")
    teller = _terminate_once(rang)
    jobs.listen("worker", redis_url, stop)
    teller.join()
    assert stop.is_set()
    assert rang.is_set(), "the wake-up reached the duty through Valkey"
    duties.stop_all([duty])
    jobs.take_calls([])
    waker.close()


def test_wake_up_leaves_nothing_of_a_tip_in_valkey(redis_url: str) -> None:
    waker = Waker(redis_url)
    waker.wake("courier")
    waker.close()
    connection = connect(redis_url)
    job = queue("courier", connection).jobs[0]
    assert (job.func_name, list(job.args), job.kwargs) == ("gateway.front.jobs.drain", [], {})
    assert job.description == "drain"
    connection.close()


def test_valkey_that_is_away_is_waited_for_and_sigterm_still_ends(tmp_path: Path) -> None:
    stop, tried = threading.Event(), threading.Event()
    teller = _terminate_once(tried)
    threading.Timer(0.5, tried.set).start()
    jobs.listen("courier", f"unix://{tmp_path}/nobody.sock", stop)
    teller.join()
    assert stop.is_set()
