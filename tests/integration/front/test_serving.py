"""A server that is told to stop does so at once, open pages or not."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.front import serving
from gateway.front.places import Place, Var
from tests.support.house import free_ports


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Put back what was there: serving sets handlers of its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_open_page_does_not_hold_up_the_end(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def stream() -> AsyncIterator[str]:
        yield "data: hello\n\n"
        await closed.wait()

    async def live(_request: Request) -> Response:
        loop = asyncio.get_running_loop()
        app.state.close_streams = lambda: loop.call_soon_threadsafe(closed.set)
        return StreamingResponse(stream(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/live", live)])
    port = free_ports(1)[0]
    place = Place("console", Var(tmp_path), {"TIPLINE_CONSOLE_PORT": str(port)})
    told: list[float] = []

    def open_page_and_stop_the_server() -> None:
        while not place.var.ready("console").exists():
            threading.Event().wait(0.01)
        with httpx.stream("GET", f"http://127.0.0.1:{port}/live", trust_env=False) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "data: hello"
            told.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGTERM)
            assert list(lines) == [""], "the stream ends in good order"

    page = threading.Thread(target=open_page_and_stop_the_server)
    page.start()
    serving.serve(app, "127.0.0.1", place)
    page.join()
    assert time.monotonic() - told[0] < serving._STREAMS_SECONDS
