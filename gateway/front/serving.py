"""Serves an ASGI app as one process. There is no access log: its lines would hold IP addresses."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from gateway.core.errors import SettingsRefused
from gateway.front import garbage
from gateway.front.places import Place
from gateway.front.signals import stop_on_signal

_STREAMS_SECONDS = 3
"""How long an answer that is under way may hold up the end."""


def serve(app: Starlette, host: str, place: Place) -> None:
    """Serve until told to stop. Raises: SettingsRefused when it cannot listen."""
    config = uvicorn.Config(
        app,
        host=host,
        port=place.port,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STREAMS_SECONDS,
    )
    server = Server(config, place.note_ready)
    garbage.settle()
    stop_on_signal()  # Uvicorn raises a signal anew when it is done: by then nothing is left to kill.
    try:
        server.run()
    except SystemExit:
        raise SettingsRefused(f"{place.process} could not listen on {host}:{place.port}.") from None


class Server(uvicorn.Server):
    """Uvicorn that says when it listens, and ends the streams of open pages when it is told to stop."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at a signal, without waiting for pages that stay open all day."""
        if isinstance(self.config.app, Starlette):
            getattr(self.config.app.state, "close_streams", lambda: None)()
        super().handle_exit(sig, frame)
