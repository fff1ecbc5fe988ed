"""Safety headers on every response, whatever made it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
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
FILES = "/attachments/"
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
"""What strangers sent is shown in a sandbox: no script, no form, no origin. Browsers style bare pictures themselves."""
HSTS = "max-age=63072000; includeSubDomains"


def safety(path: str, *, secure: bool) -> dict[str, str]:
    """Name the headers of an answer at `path`; `secure` when browsers come by https."""
    # Our own script and style hold nothing secret, and say by ETag whether they changed.
    cache = "no-cache" if path.startswith("/static/") else "no-store"
    sandbox = {"Content-Security-Policy": SANDBOX} if path.startswith(FILES) else {}
    return {**HEADERS, **sandbox, "Cache-Control": cache, **({"Strict-Transport-Security": HSTS} if secure else {})}


class Headers:
    """ASGI middleware: pages run only our script, nothing frames them, no cache keeps them."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to whatever answers."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(safety(scope["path"], secure=self.secure))
            await send(message)

        await self.app(scope, receive, send_with if scope["type"] == "http" else send)
