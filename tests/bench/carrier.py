"""A light carrier: takes texts as Twilio's Messages API does, notes when, and reports each as delivered.

The phones of the demo keep screens and a log on disk, which would be measured with us. This one answers with the same
JSON (`channels.phone.api.render_message`), lists nothing and deletes anything.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from channels.phone.api import render_message
from channels.phone.records import Message
from channels.sms import sign
from tests.bench.texts import Place, request

_QUIET_SECONDS = 2.0
"""When no text has left for so long, none is to come."""


@dataclass
class Connection:
    """A connection that stays open."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect on loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, raw: bytes) -> int:
        """Send a request, read its whole answer, give its status."""
        self.writer.write(raw)
        head, _ = await read(self.reader)
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


async def read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one message of HTTP: its head and, as long as that says, its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head, await reader.readexactly(length) if length else b""


class Carrier:
    """The carrier; `taken` is filled with the SID it gave each text and when it had it, in monotonic seconds."""

    def __init__(self, place: Place, taken: dict[str, float]) -> None:
        self._place, self._taken = place, taken
        self._numbers = itertools.count(1)
        self._reports: set[asyncio.Task[None]] = set()
        self._free: list[Connection] = []

    async def listen(self, port: int) -> asyncio.Server:
        """Begin."""
        return await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def settled(self, seconds: float) -> None:
        """Wait until no text has come for a while, or so many seconds."""
        end = time.monotonic() + seconds
        latest = time.monotonic()
        while time.monotonic() < min(end, latest + _QUIET_SECONDS):
            await asyncio.sleep(0.1)
            latest = max([latest, *self._taken.values()])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, body = await read(reader)
                method, target, _ = head.split(b" ", 2)
                writer.write(self._answer(method.decode(), target.decode(), body))
        except asyncio.IncompleteReadError:
            writer.close()

    def _answer(self, method: str, target: str, body: bytes) -> bytes:
        if method == "DELETE":
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if method == "GET":
            return _json(200, {"messages": [], "next_page_uri": None, "page": 0, "page_size": 50, "uri": target})
        form = dict(parse_qsl(body.decode()))
        sid, now = f"SM{'f' * 8}{next(self._numbers):024x}", datetime.now(UTC)
        self._taken[sid] = time.monotonic()
        message = Message(
            sid, target.split("/")[3], form["From"], form["To"], form["Body"], "outbound-api", "queued", now, now
        )
        report = asyncio.get_running_loop().create_task(self._report(message, form["StatusCallback"]))
        self._reports.add(report)
        report.add_done_callback(self._reports.discard)
        return _json(201, render_message(message))

    async def _report(self, message: Message, callback: str) -> None:
        """Tell how the text fared, as Twilio does, a moment later."""
        form = {
            "SmsSid": message.sid, "SmsStatus": "delivered", "MessageStatus": "delivered", "To": message.recipient,
            "MessageSid": message.sid, "AccountSid": message.account_sid, "From": message.sender,
            "ApiVersion": "2010-04-01",
        }  # fmt: skip
        await asyncio.sleep(0.2)
        parts = urlsplit(callback)
        headers = sign(callback, form, self._place.secret, "HMAC_SHA256")
        line = self._free.pop() if self._free else await Connection.open(parts.port or 80)
        try:
            await line.ask(request("POST", self._place.url, f"{parts.path}?{parts.query}", form, headers))
            self._free.append(line)
        except (OSError, asyncio.IncompleteReadError):
            line.close()


def _json(status: int, body: dict[str, object]) -> bytes:
    raw = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n"
        f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}\r\n\r\n"
    ).encode() + raw
