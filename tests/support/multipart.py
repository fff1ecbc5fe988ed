"""Forms with files, byte by byte: as browsers send them, and as enemies and bad lines do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.types import Message as Event

BOUNDARY = "----tipline"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
END = f"--{BOUNDARY}--\r\n".encode()


def field(name: str, value: str | bytes) -> bytes:
    """One field."""
    content = value if isinstance(value, bytes) else value.encode()
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"


def opened(filename: str | bytes = "IMG_0001.jpg", name: str = "files", kind: str = "image/jpeg") -> bytes:
    """Where a file begins."""
    called = filename if isinstance(filename, bytes) else filename.encode()
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="'.encode() + called
    return head + f'"\r\nContent-Type: {kind}\r\n\r\n'.encode()


def file(content: bytes, filename: str | bytes = "IMG_0001.jpg", name: str = "files") -> bytes:
    """One file."""
    return opened(filename, name) + content + b"\r\n"


def form(fields: dict[str, str], *contents: bytes) -> bytes:
    """A whole form with its fields first, as our pages have them."""
    parts = [field(name, value) for name, value in fields.items()]
    return b"".join([*parts, *(file(content) for content in contents), END])


def broken_off(app: Any, path: str, pieces: Iterable[bytes], *, gone: bool = False) -> tuple[int, str]:
    """Send the beginning of a form and then nothing more, or hang up; the answer is status and page."""
    return asyncio.run(_send(app, path, pieces, gone=gone))


async def _send(app: Any, path: str, pieces: Iterable[bytes], *, gone: bool) -> tuple[int, str]:
    coming, sent = iter(pieces), list[Event]()

    async def receive() -> Event:
        if (piece := next(coming, None)) is not None:
            return {"type": "http.request", "body": piece, "more_body": True}
        if not gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(event: Event) -> None:
        sent.append(event)

    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"accept", b"text/html"), (b"host", b"x")]
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "https", "path": path,
        "raw_path": path.encode(), "query_string": b"", "headers": headers, "server": ("x", 443), "client": None,
        "root_path": "", "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    page = b"".join(event.get("body", b"") for event in sent if event["type"] == "http.response.body")
    return int(sent[0]["status"]), page.decode()
