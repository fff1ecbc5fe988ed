"""The public ASGI app: webhooks, a page that says what this is, a sign of life. The console's is in `responders`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.core import problems
from gateway.core.database import Database
from gateway.core.records import District, Line
from responders.web.headers import Headers, safety

_HERE = Path(__file__).parent
WEBHOOK_BYTES = 64 * 1024
"""The most that a webhook's body may have; Twilio's own stay under 10 kB."""

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def intake(database: Database, webhooks: Sequence[BaseRoute], public_url: str, close: Callable[[], None]) -> Starlette:
    """Make the public app. `close` is called when it ends."""
    pages = _Pages(database)
    secure = public_url.startswith("https://")

    async def unforeseen(request: Request, error: Exception) -> Response:
        """Answer as `problems` does; Starlette does this outside of all middleware, so the headers are put on here."""
        answer = await problems.of_any(request, error)
        answer.headers.update(safety(request.url.path, secure=secure))
        return answer

    return Starlette(
        routes=[
            Route("/", pages.welcome, methods=["GET"]),
            Route("/healthz", pages.health, methods=["GET"]),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            *webhooks,
        ],
        middleware=[Middleware(Headers, secure=secure)],
        exception_handlers={**problems.HANDLERS, Exception: unforeseen},
        max_body_size=WEBHOOK_BYTES,
        lifespan=_until(close),
    )


class _Pages:
    """What whoever opens the bare address gets to see, and what a watchdog asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )

    def welcome(self, _request: Request) -> Response:
        """Tell what this is, and which number to text."""
        with self._database.read() as session:
            query = select(Line.label, Line.number, District.name).join(District).where(Line.purpose == "reports")
            lines = session.execute(query.order_by(District.name, Line.label)).all()
        return HTMLResponse(self._templates.get_template("welcome.html").render(lines=lines))

    def health(self, _request: Request) -> Response:
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
