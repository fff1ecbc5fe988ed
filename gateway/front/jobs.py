"""Runs courier or worker: duties on threads, RQ's wake-ups in the main thread, where it wants to be.

There is one RQ job. It carries nothing and decides nothing: it rings for the duties of the process it runs in.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from gateway.core import queues
from gateway.core.logs import log
from gateway.core.queues import Name
from gateway.front import garbage
from gateway.front.duties import Duty, stop_all, watch
from gateway.front.places import Place
from gateway.front.signals import stop_on_signal

_WORKER_TTL_SECONDS = 30
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 5.0

_on_call: list[Duty] = []


def take_calls(duties: Sequence[Duty]) -> None:
    """Say whom `drain` rings for in this process: RQ finds a job by its dotted name alone, so they meet here."""
    _on_call[:] = duties


def drain() -> None:
    """Ring for every duty on call in this process; `gateway.core.queues.JOB` names this function."""
    for duty in _on_call:
        if duty.on_call:
            duty.ring()


def work(name: Name, duties: Sequence[Duty], redis_url: str, place: Place) -> None:
    """Do these duties until told to stop."""
    stop = stop_on_signal()
    take_calls(duties)
    garbage.settle()
    for duty in duties:
        duty.start()
    threading.Thread(target=watch, args=(duties, stop), name="watch", daemon=True).start()
    place.note_ready()
    listen(name, redis_url, stop)
    stop_all(duties)


def listen(name: Name, redis_url: str, stop: threading.Event) -> None:
    """Take wake-ups from RQ until `stop` is set; while Redis is away, try again: the duties go on without."""
    pause = _FIRST_PAUSE_SECONDS
    while not stop.is_set():
        try:
            connection = queues.connect(redis_url)
            listener = _Listener(
                [queues.queue(name, connection)],
                connection=connection,
                serializer=JSONSerializer,
                worker_ttl=_WORKER_TTL_SECONDS,
                log_job_description=False,
            )
            listener.max_connection_wait_time = _LONGEST_PAUSE_SECONDS
            listener.stop = stop
            listener.work(logging_level=None)
            pause = _FIRST_PAUSE_SECONDS
        except RedisError as error:
            log().warning("Redis is away; sweeps find the work", error=error)
        except StopRequested:
            return
        finally:
            stop_on_signal(stop=stop)  # RQ has put handlers of its own in their place.
        stop.wait(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


class _Listener(SimpleWorker):
    """RQ's worker without a fork for each job; told to stop, it says so to whoever would start it again."""

    stop: threading.Event

    def _install_signal_handlers(self) -> None:
        def handle(number: int, frame: FrameType | None) -> None:
            self.stop.set()
            self.request_stop(number, frame)  # type: ignore[no-untyped-call]  # RQ annotates it half

        signal.signal(signal.SIGINT, handle)
        signal.signal(signal.SIGTERM, handle)
        if self.stop.is_set():  # It was told while it was still connecting.
            raise StopRequested

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Ring, and forget the job: all that RQ writes down about one that it runs is of no use to a bell.

        What that costs, twenty times a second, is more than what the bell is rung for.
        """
        drain()
        with self.connection.pipeline() as pipeline:
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.delete(job.key)
            pipeline.execute()

    def teardown(self) -> None:
        """Sign off; a Redis that is away forgets this worker by itself."""
        with suppress(RedisError):
            super().teardown()  # type: ignore[no-untyped-call]  # RQ does not annotate it
