"""What `tipline run NAME` runs: one process, in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType

import uvicorn
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from starlette.applications import Starlette

from channels.phone import app as phones
from channels.phone import config as phones_config
from gateway.core import keys, logs, queues
from gateway.core.database import Database
from gateway.core.errors import SettingsRefused, Unavailable
from gateway.core.logs import log
from gateway.core.queues import Name, Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import environment, jobs, migrations, sweeps, valkey, wiring
from gateway.front.duties import stop_all
from gateway.front.parent import end_with_parent
from gateway.front.places import Var, port

NAMES = ("intake", "courier", "worker", "console", "clock", "valkey", "phones")
_STREAMS_SECONDS = 3
"""How long open live views may hold up the end of a web process."""
_WORKER_TTL_SECONDS = 30
_LONGEST_PAUSE_SECONDS = 5.0


def run(name: str, var: Var, environ: Mapping[str, str]) -> None:
    """Run one process until it is told to stop.

    Raises: SettingsRefused, KeyRefused when it lacks something, or was given what it must not have.
    """
    end_with_parent(environ)
    var.ready(name).unlink(missing_ok=True)
    if name == "valkey":
        valkey.prepare(var)
        argv = valkey.command(var)
        _note_ready(var, name)
        os.execv(argv[0], argv)  # noqa: S606 - our own binary, without a shell
    if name == "phones":
        logs.setup(name, environ.get("LOG_LEVEL") or "INFO")
        serve(name, phones_app(var), "127.0.0.1", port(name, environ), var)
        return
    settings = environment.load(name, var, environ)
    logs.setup(name, settings.log_level)
    _require_tables(settings)
    if name in {"intake", "console"}:
        make = wiring.make_intake if name == "intake" else wiring.make_console
        serve(name, make(settings), settings.host, port(name, environ), var)
    elif name == "clock":
        keep_time(settings, var)
    else:
        work(name, settings, var)


def phones_app(var: Var) -> Starlette:
    """Make the stand-in carrier. Raises: SettingsRefused when nothing says what it should stand in for."""
    if not var.phones_config.exists():
        raise SettingsRefused(f"There is no {var.phones_config}: `tipline demo` makes it.")
    return phones.create(phones_config.load(var.phones_config))


def serve(name: str, app: Starlette, host: str, number: int, var: Var) -> None:
    """Serve an app. There is no access log: its lines would hold IP addresses."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=number,
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_STREAMS_SECONDS,
        ),
        lambda: _note_ready(var, name),
    )
    server.run()
    var.ready(name).unlink(missing_ok=True)
    if not server.started:
        raise SettingsRefused(f"{name} could not listen on {host}:{number}.")


def work(name: str, settings: Settings, var: Var) -> None:
    """Run courier or worker: duties on threads, RQ's wake-ups in the main thread."""
    made = wiring.make_courier(settings) if name == "courier" else wiring.make_worker(settings)
    stop = _stop_on_signal()
    jobs.take_calls(made.duties)
    for duty in made.duties:
        duty.start()
    _note_ready(var, name)
    listen("courier" if name == "courier" else "worker", settings.redis_url, stop)
    var.ready(name).unlink(missing_ok=True)
    stop_all(made.duties)
    made.close()


def keep_time(settings: Settings, var: Var) -> None:
    """Run the clock."""
    keys.load(settings.keys, "clock")  # It needs none; this is what refuses one too many.
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    stop = _stop_on_signal()
    _note_ready(var, "clock")
    sweeps.run(database, waker.wake, utc_now, stop)
    var.ready("clock").unlink(missing_ok=True)
    waker.close()
    database.close()


def listen(name: Name, redis_url: str, stop: threading.Event) -> None:
    """Take wake-ups from RQ until `stop` is set; while Redis is away, try again: the duties go on without."""
    pause = 0.25
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
            pause = 0.25
        except RedisError as error:
            log().warning("Redis is away; sweeps find the work", error=error)
        except StopRequested:
            return
        finally:
            _set_on_signal(stop)
        stop.wait(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


class _Listener(SimpleWorker):
    """RQ's worker without a fork for each job; told to stop, it says so to whoever restarts it."""

    stop: threading.Event

    def _install_signal_handlers(self) -> None:
        def handle(number: int, frame: FrameType | None) -> None:
            self.stop.set()
            self.request_stop(number, frame)  # type: ignore[no-untyped-call]  # RQ annotates it half

        signal.signal(signal.SIGINT, handle)
        signal.signal(signal.SIGTERM, handle)
        if self.stop.is_set():  # It was told while it was still connecting.
            raise StopRequested

    def teardown(self) -> None:
        """Sign off; a Redis that is away forgets this worker by itself."""
        with suppress(RedisError):
            super().teardown()  # type: ignore[no-untyped-call]  # RQ does not annotate it


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()


def _require_tables(settings: Settings) -> None:
    """Refuse to run on tables of another version. A database that is away may still come: each process waits for it."""
    database = Database(settings.database_url)
    try:
        if not migrations.is_current(database):
            raise SettingsRefused("The database lacks tables of this version. Run `tipline migrate`.")
    except Unavailable:
        log().warning("the database does not answer yet")
    finally:
        database.close()


def _note_ready(var: Var, name: str) -> None:
    path = var.ready(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(f"{os.getpid()}\n", "utf-8")


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    _set_on_signal(stop)
    return stop


def _set_on_signal(stop: threading.Event) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
