"""What comes at the same time shares one act; what fails together is tried one by one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from gateway.core.errors import Unavailable
from gateway.front import group
from gateway.front.group import AT_ONCE, Group


def _gather(act: Group[int, int], items: Sequence[int]) -> list[int | BaseException]:
    async def run() -> list[int | BaseException]:
        return await asyncio.gather(*(act(item) for item in items), return_exceptions=True)

    return asyncio.run(run())


def test_group_answers_each_with_its_own_result() -> None:
    assert _gather(Group(lambda items: [item * 2 for item in items]), range(100)) == [n * 2 for n in range(100)]


def test_group_gathers_what_comes_while_it_acts() -> None:
    calls: list[int] = []
    released = threading.Event()

    def act(items: Sequence[int]) -> list[int]:
        calls.append(len(items))
        released.wait(timeout=10)
        return list(items)

    async def run() -> list[int]:
        group = Group(act)
        tasks = [asyncio.create_task(group(n)) for n in range(200)]
        while len(calls) < AT_ONCE:  # noqa: ASYNC110 - what is waited for happens in threads
            await asyncio.sleep(0)
        released.set()
        return [await task for task in tasks]

    assert asyncio.run(run()) == list(range(200))
    assert sum(calls) == 200
    assert len(calls) < 20


def test_group_tries_one_by_one_what_fails_together() -> None:
    def act(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise ValueError(f"of {len(items)}")
        return list(items)

    found = _gather(Group(act), range(6))
    assert [one for one in found if not isinstance(one, BaseException)] == [0, 1, 2, 4, 5]
    assert str(found[3]) == "of 1"


def test_group_asks_no_second_time_of_a_database_that_is_away() -> None:
    calls: list[int] = []

    def act(items: Sequence[int]) -> list[int]:
        calls.append(len(items))
        raise Unavailable

    found = _gather(Group(act), range(10))
    assert all(isinstance(one, Unavailable) for one in found)
    assert sum(calls) == 10


def test_group_tells_everyone_when_no_thread_can_be_had_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def run() -> None:
        acting: Group[int, int] = Group(list)
        with monkeypatch.context() as patched:
            patched.setattr(group, "run_in_threadpool", no_thread)
            asked = asyncio.gather(*(acting(n) for n in range(100)), return_exceptions=True)
            assert {type(one) for one in await asyncio.wait_for(asked, timeout=5)} == {RuntimeError}
        assert await asyncio.wait_for(acting(7), timeout=5) == 7

    asyncio.run(run())


@pytest.mark.parametrize("count", [1, 2, 500])
def test_group_works_again_after_a_rest(count: int) -> None:
    async def run() -> int:
        acting: Group[int, int] = Group(list)
        for _ in range(3):
            await asyncio.gather(*(acting(n) for n in range(count)))
        return await acting(7)

    assert asyncio.run(run()) == 7
