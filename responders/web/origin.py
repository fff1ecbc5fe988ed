"""Whether what a browser sent came from our own pages: the first of two walls, the CSRF token being the second."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.core.problems import problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Origin:
    """ASGI middleware: refuses what another site makes a browser write, and the websockets it makes it open.

    Other systems send no `Origin` and show a bearer token, so they pass.
    """

    def __init__(self, app: ASGIApp, *, url: str) -> None:
        self.app = app
        self.own = urlsplit(url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is ours, safe, or no browser's."""
        writes = scope["type"] == "websocket" or (scope["type"] == "http" and scope["method"] not in _SAFE)
        if not writes or self._ours(HTTPConnection(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await problem(403, "other_site", "This did not come from our own page.")(scope, receive, send)

    def _ours(self, connection: HTTPConnection) -> bool:
        """Source: OWASP CSRF cheat sheet, "Fetch Metadata" and "Verifying origin"."""
        if connection.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        origin = connection.headers.get("origin")
        if origin is None:
            return True
        return urlsplit(origin).netloc in {self.own, connection.headers.get("host")} - {None, ""}
