"""Duties run when they are rung for, and by themselves; nothing that fails ends them."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest

from gateway.core.errors import Unavailable
from gateway.front import duties, jobs
from gateway.front.duties import Duty
from tests.support.world import START

SOON = 5.0
NEVER = 3600.0


class Runs:
    """Counts runs, and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.count = 0
        self._ran = threading.Semaphore(0)

    def __call__(self) -> None:
        self.count += 1
        self._ran.release()

    def await_one(self) -> bool:
        return self._ran.acquire(timeout=SOON)


def test_duty_begins_with_what_is_due() -> None:
    runs = Runs()
    duty = Duty("test", runs, every_seconds=NEVER)
    duty.start()
    assert runs.await_one()
    duties.stop_all([duty])
    assert runs.count == 1


def test_duty_runs_by_itself_when_nobody_rings() -> None:
    runs = Runs()
    duty = Duty("test", runs, every_seconds=0.01)
    duty.start()
    assert all(runs.await_one() for _ in range(3))
    duties.stop_all([duty])


def test_duty_runs_again_when_rung_for_during_a_run() -> None:
    inside, go_on, runs = threading.Event(), threading.Event(), Runs()

    def work() -> None:
        inside.set()
        assert go_on.wait(SOON)
        runs()

    duty = Duty("test", work, every_seconds=NEVER)
    duty.start()
    assert inside.wait(SOON)
    duty.ring()
    go_on.set()
    assert runs.await_one()
    assert runs.await_one()
    duties.stop_all([duty])
    assert runs.count == 2


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError()], ids=["ours", "unforeseen"])
def test_duty_outlives_a_step_that_fails(error: Exception) -> None:
    runs = Runs()

    def fail() -> None:
        raise error

    duty = Duty("test", fail, runs, every_seconds=NEVER)
    duty.start()
    assert runs.await_one(), "the next step has its turn"
    duty.ring()
    assert runs.await_one(), "and so has the next run"
    duties.stop_all([duty])
    assert runs.count == 2


def test_drain_rings_for_every_duty_of_the_process() -> None:
    first, second = Runs(), Runs()
    both = [Duty("first", first, every_seconds=NEVER), Duty("second", second, every_seconds=NEVER)]
    jobs.take_calls(both)
    for duty in both:
        duty.start()
    assert first.await_one()
    assert second.await_one()
    jobs.drain()
    assert first.await_one()
    assert second.await_one()
    duties.stop_all(both)
    jobs.take_calls([])


def test_duty_that_freezes_ends_the_process() -> None:
    frozen, go_on, stop, ended = threading.Event(), threading.Event(), threading.Event(), list[int]()

    def hang() -> None:
        frozen.set()
        go_on.wait(SOON)

    stuck, well = Duty("stuck", hang, every_seconds=NEVER), Duty("well", Runs(), every_seconds=NEVER)
    for duty in (stuck, well):
        duty.start()
    assert frozen.wait(SOON)
    duties.watch([well, stuck], stop, 0.1, ended.append)
    go_on.set()
    duties.stop_all([stuck, well])
    assert ended == [1]


def test_duty_that_is_idle_or_gets_on_is_left_alone() -> None:
    stop, ended, looks = threading.Event(), list[int](), Runs()

    def tell() -> datetime:
        looks()
        return START

    clock = duties.telling(tell)

    def work_long() -> None:
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            clock()
            threading.Event().wait(0.01)
        stop.set()

    busy, idle = Duty("busy", work_long, every_seconds=NEVER), Duty("idle", Runs(), every_seconds=NEVER)
    for duty in (busy, idle):
        duty.start()
    duties.watch([busy, idle], stop, 0.3, ended.append)
    duties.stop_all([busy, idle])
    assert (ended, looks.count > 1) == ([], True)
    assert clock() is START, "off the duty's thread it is a clock like any other"
