"""Safety headers on every response, whatever made it."""

from __future__ import annotations

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
_STATIC = "/static/"
FILES = "/attachments/"
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
"""What strangers sent is shown in a sandbox: no script, no form, no origin. Browsers style bare pictures themselves."""
_KINDS = (_STATIC, FILES, "/")
HSTS = "max-age=63072000; includeSubDomains"


PUBLIC = {"Referrer-Policy": "no-referrer"}
"""For pages whose forms no cookie goes with: not even their own next page learns where a reader came from."""


def safety(path: str, *, secure: bool, public: bool = False) -> dict[str, str]:
    """Name the headers of an answer at `path`; `secure` when browsers come by https, `public` when reporters come."""
    # Our own script and style hold nothing secret, and say by ETag whether they changed.
    cache = "no-cache" if path.startswith(_STATIC) else "no-store"
    sandbox = {"Content-Security-Policy": SANDBOX} if path.startswith(FILES) else {}
    transport = {"Strict-Transport-Security": HSTS} if secure else {}
    return {**HEADERS, **(PUBLIC if public else {}), **sandbox, "Cache-Control": cache, **transport}


class Headers:
    """ASGI middleware: pages run only our script, nothing frames them, no cache keeps them."""

    def __init__(self, app: ASGIApp, *, secure: bool, public: bool = False) -> None:
        self.app = app
        # As they are sent, once and not with each answer.
        self._raw = {kind: Pairs(safety(kind, secure=secure, public=public)).raw for kind in _KINDS}
        self._names = frozenset(name for name, _ in self._raw["/"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to whatever answers, in place of any of the same name."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [header for header in message["headers"] if header[0] not in self._names]
                kind = next(kind for kind in _KINDS if scope["path"].startswith(kind) or kind == "/")
                message["headers"] = others + self._raw[kind]
            await send(message)

        await self.app(scope, receive, send_with if scope["type"] == "http" else send)
