"""Wake-ups over RQ. The database says what is due; a wake-up only saves waiting for the next sweep.

A wake-up carries nothing, may be lost, may come twice, and never holds up or fails its caller.
"""

from __future__ import annotations

import threading
import time
from typing import Literal

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from gateway.core.logs import log

Name = Literal["courier", "worker"]
JOB = "gateway.front.jobs.drain"
_TIMEOUT_SECONDS = 120
_STALE_SECONDS = 30
_REST_SECONDS = 0.05
"""Between two wake-ups: under load many become one, and whoever is woken works instead of waking."""


def connect(redis_url: str) -> Redis:
    """Prepare a connection that gives up quickly; nothing is opened yet."""
    if redis_url.startswith("unix:"):
        return Redis.from_url(redis_url)  # A unix socket answers at once or not at all, and refuses the options of TCP.
    return Redis.from_url(redis_url, socket_connect_timeout=2, socket_keepalive=True)


def queue(name: Name, connection: Redis) -> Queue:
    """Name one of the two queues. JSON, never pickle."""
    return Queue(name, connection=connection, serializer=JSONSerializer)


class Waker:
    """Wakes the courier or the worker from a thread of its own; wake-ups of the same moment become one."""

    def __init__(self, redis_url: str) -> None:
        """Prepare; the thread starts with the first wake-up."""
        self._connection = connect(redis_url)
        self._pending: set[Name] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def wake(self, name: Name) -> None:
        """Ask that a process look at what is due. Answers at once, whatever state Redis is in."""
        with self._changed:
            self._pending.add(name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop the thread after what is pending."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join(timeout=3)
        self._connection.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed)
                names, self._pending = self._pending, set()
                if not names and self._closed:
                    return
            for name in sorted(names):
                self._enqueue(name)
            time.sleep(_REST_SECONDS)

    def _enqueue(self, name: Name) -> None:
        try:
            queue(name, self._connection).enqueue_call(
                JOB, timeout=_TIMEOUT_SECONDS, ttl=_STALE_SECONDS, result_ttl=0, failure_ttl=60, description="drain"
            )
        except RedisError as error:
            log().warning("a wake-up was lost; the next sweep will find the work", queue=name, error=error)
