"""Somebody outside, whom the clock pings: a healthchecks.io of a test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "5e11a9c0-ping-me"


@dataclass
class Outside:
    """A healthchecks.io of our own, over real HTTP. `status` is what it answers; `hold` keeps it from answering."""

    heard: list[tuple[str, str, str]] = field(default_factory=list)
    status: int = 200
    hold: threading.Event | None = None
    url: str = ""

    def pings(self) -> int:
        """Count what said that all is well."""
        return sum(method == "GET" for method, _, _ in self.heard)

    def alarms(self) -> list[str]:
        """List what said that it is not."""
        return [body for method, _, body in self.heard if method == "POST"]


@contextmanager
def listening() -> Iterator[Outside]:
    """Serve one on a port of its own."""
    told = Outside()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            told.heard.append((self.command, self.path, body))
            if told.hold:
                told.hold.wait(20)
            self.send_response(told.status)
            if told.status == 302:
                self.send_header("Location", f"{told.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815 - what the library calls

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        told.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        yield told
        if told.hold:
            told.hold.set()
        server.shutdown()
        thread.join()
