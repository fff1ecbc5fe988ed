"""Safety headers on every response, whatever made it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers as Pairs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms, and `origin.py` could not tell
    # them from a stranger's. Other sites get nothing either way. Source: Fetch, "append a request Origin header".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_FILES = "/static/"
HSTS = "max-age=63072000; includeSubDomains"


PUBLIC = {"Referrer-Policy": "no-referrer"}
"""For pages whose forms no cookie goes with: not even their own next page learns where a reader came from."""


def safety(path: str, *, secure: bool, public: bool = False) -> dict[str, str]:
    """Name the headers of an answer at `path`; `secure` when browsers come by https, `public` when reporters come."""
    # Our own script and style hold nothing secret, and say by ETag whether they changed.
    cache = "no-cache" if _is_file(path) else "no-store"
    more = PUBLIC if public else {}
    return {**HEADERS, **more, "Cache-Control": cache, **({"Strict-Transport-Security": HSTS} if secure else {})}


class Headers:
    """ASGI middleware: pages run only our script, nothing frames them, no cache keeps them."""

    def __init__(self, app: ASGIApp, *, secure: bool, public: bool = False) -> None:
        self.app = app
        # As they are sent, once and not with each answer.
        self._of_pages, self._of_files = (_raw(safety(path, secure=secure, public=public)) for path in ("/", _FILES))
        self._names = frozenset(name for name, _ in self._of_pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to whatever answers, in place of any of the same name."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [header for header in message["headers"] if header[0] not in self._names]
                message["headers"] = others + (self._of_files if _is_file(scope["path"]) else self._of_pages)
            await send(message)

        await self.app(scope, receive, send_with if scope["type"] == "http" else send)


def _is_file(path: str) -> bool:
    return path.startswith(_FILES)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return Pairs(headers).raw
