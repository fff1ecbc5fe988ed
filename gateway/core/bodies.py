"""Bodies of requests: no longer than they may be."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.errors import TooLarge


class Limited:
    """ASGI middleware: whoever reads a body of more than `most` bytes gets TooLarge, at once where its length is told.

    So it is answered as every other error is, in the form of each interface: Starlette's own limit answers by itself.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        is_over = told.isascii() and told.isdigit() and int(told[:19]) > self.most
        read = 0

        async def receive_some() -> Message:
            nonlocal read
            message = {} if is_over else await receive()
            read += len(message.get("body", b""))
            if is_over or read > self.most:
                raise TooLarge(f"That is too much to send: a request has up to {self.most // 1024} KB.")
            return message

        await self.app(scope, receive_some, send)
