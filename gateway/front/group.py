"""Group commit: what several requests want stored at the same time is stored in one commit, and each waits for it.

While two commits are under way the next requests gather; so one alone never waits for company, and many together wait
for one write to disk instead of many. Two, so that one group is sealed while the other waits for the database; with
more of them each is smaller, and every text pays more of what a commit costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from gateway.core.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
AT_ONCE = 2
MOST = 32
"""How many share a commit: enough for speed, few enough that each is still quick."""


class Group(Generic[Item, Result]):
    """Calls `act` with what has gathered, in a thread; it answers for each in order, or does nothing and raises.

    What fails together is tried again one by one, so that nobody fails for another's sake; a database that does not
    answer is not asked again.

    It belongs to one event loop.
    """

    def __init__(self, act: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        """Prepare; nothing runs before the first item."""
        self._act = act
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0

    async def __call__(self, item: Item) -> Result:
        """Have an item acted on, and give its result. Raises: what its act raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._busy < AT_ONCE:
            self._busy += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)  # The loop itself would forget it.
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                results = await run_in_threadpool(self._each, [item for item, _ in taken])
            except Exception as error:  # noqa: BLE001 - e.g. no thread can be had: whoever waits must hear of it
                results = [error] * len(taken)
            for (_, future), result in zip(taken, results, strict=True):
                if future.done():
                    continue  # It waits no more: its connection is gone. What was stored stays stored.
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        self._busy -= 1

    def _each(self, items: Sequence[Item]) -> list[Result | Exception]:
        try:
            return [*self._act(items)]
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits for it hears of it
            if len(items) == 1:
                return [error]
            return [result for item in items for result in self._each([item])]
