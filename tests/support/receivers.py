"""Receivers of webhooks on real sockets: good ones that keep what they got, and bad ones of every kind."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]
Choose = Callable[["Got"], Reply | None]
"""Chooses what a request is answered with; None hangs up in the middle."""

TAKEN: Reply = (204, {}, b"")


@dataclass(frozen=True)
class Got:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        """Read its CloudEvents, in whichever of the three modes they are."""
        kind = self.headers.get("content-type", "")
        if kind.startswith("application/cloudevents-batch+json"):
            return list(json.loads(self.body))
        if kind.startswith("application/cloudevents+json"):
            return [json.loads(self.body)]
        found = {name[3:]: value for name, value in self.headers.items() if name.startswith("ce-")}
        return [{**found, "datacontenttype": kind, "data": json.loads(self.body)}]


def consent(got: Got, rate: str = "*") -> Reply:
    """Agree to the handshake."""
    return 200, {"WebHook-Allowed-Origin": got.headers["webhook-request-origin"], "WebHook-Allowed-Rate": rate}, b""


def taking(got: Got) -> Reply:
    """Agree to everything and take everything."""
    return consent(got) if got.method == "OPTIONS" else TAKEN


@dataclass
class Receiver:
    """A server on a port of its own. `choose` may be changed at any time; `got` holds every request."""

    choose: Choose = taking
    got: list[Got] = field(default_factory=list)
    url: str = ""
    host: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def posts(self) -> list[Got]:
        """List what was delivered, in the order it came."""
        return [one for one in self.got if one.method == "POST"]

    @property
    def ids(self) -> list[str]:
        """List the ids of all events that came, repeats included."""
        return [event["id"] for one in self.posts for event in one.events]

    def take(self, got: Got) -> Reply | None:
        """Keep a request and choose the answer."""
        with self._changed:
            self.got.append(got)
            self._changed.notify_all()
        return self.choose(got)

    def wait(self, done: Callable[[], bool], seconds: float = 30) -> bool:
        """Wait until something has come; false when it did not in time."""
        with self._changed:
            return self._changed.wait_for(done, seconds)


class _Handler(BaseHTTPRequestHandler):
    """Answers as its receiver chooses; a class of its own is made for each receiver."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    receiver: Receiver
    connections: list[socket.socket]

    def setup(self) -> None:
        super().setup()
        self.connections.append(self.connection)

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.receiver.take(Got(self.command, self.path, headers, self.rfile.read(length)))
        if answer is None:
            self._die()
            return
        status, given, body = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **given}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    do_OPTIONS = do_GET = do_POST  # noqa: N815 - names that http.server looks for

    def _die(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Type: text/plain\r\n\r\nhalf")
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def receiving(choose: Choose = taking, trust: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on loopback."""
    made, connections = Receiver(choose), list[socket.socket]()
    handler = type("_Handler", (_Handler,), {"receiver": made, "connections": connections})
    server = _Server(("127.0.0.1", 0), handler)
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    made.host = f"127.0.0.1:{port}"
    made.url = f"{'https' if trust else 'http'}://127.0.0.1:{port}/events"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        for connection in connections:  # A server that is gone does not go on answering whoever it knew.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def dripping(piece: bytes, every_seconds: float = 0.05) -> Iterator[str]:
    """Run a server that answers each connection with the same few bytes, again and again; answers its URL."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def drip(connection: socket.socket) -> None:
        with connection:
            while not stop.wait(every_seconds):
                try:
                    connection.sendall(piece)
                except OSError:
                    return

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        stop.set()
        thread.join()
        listener.close()
