"""The public ASGI app: the portal, webhooks, a sign of life. The console's is in `responders`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.portal import routes as portal
from channels.portal.desk import Desk
from gateway.core import problems
from responders.web.headers import Headers, safety

WEBHOOK_BYTES = 64 * 1024
"""The most that a webhook's body may have; Twilio's own stay under 10 kB."""

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def intake(desk: Desk, webhooks: Sequence[BaseRoute], public_url: str, close: Callable[[], None]) -> Starlette:
    """Make the public app. `close` is called when it ends."""
    secure = public_url.startswith("https://")
    shown = {kind: portal.as_page(desk, handler) for kind, handler in problems.HANDLERS.items()}

    async def unforeseen(request: Request, error: Exception) -> Response:
        """Answer as `problems` does; Starlette does this outside of all middleware, so the headers are put on here."""
        answer = await shown[Exception](request, error)
        answer.headers.update(safety(request.url.path, secure=secure, public=True))
        return answer

    return Starlette(
        routes=[Route("/healthz", _health, methods=["GET"]), *webhooks, *portal.of(desk)],
        middleware=[Middleware(Headers, secure=secure, public=True)],
        exception_handlers={**shown, Exception: unforeseen},
        max_body_size=WEBHOOK_BYTES,
        lifespan=_until(close),
    )


def _health(_request: Request) -> Response:
    """Say that the process answers; whether it can work is what `/readyz` tells."""
    return JSONResponse({"status": "ok"})


def _until(close: Callable[[], None]) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(close)

    return lifespan
