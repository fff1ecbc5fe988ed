"""The staff app: every capability's pages in one list of routes, behind one gate and one set of safety headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from exports.words import Policy
from gateway.core.bodies import Limited
from gateway.core.database import Database
from gateway.core.http import Hosts
from gateway.core.keys import KeySet
from gateway.core.media.storing import Store
from gateway.core.times import Clock
from responders.accounts import gate
from responders.accounts import views as accounts
from responders.cases import views as cases
from responders.conversation import views as conversation
from responders.developers import views as developers
from responders.directory import views as directory
from responders.escalation import views as escalation
from responders.exporting import views as exporting
from responders.floods import views as floods
from responders.linking import views as linking
from responders.paging import views as paging
from responders.subscriptions import rest
from responders.subscriptions import views as subscriptions
from responders.tuning import views as tuning
from responders.web import errors, state
from responders.web.headers import Headers
from responders.web.live import Live
from responders.web.origin import Origin
from responders.web.pages import Pages
from responders.web.state import Console, Waker

CAPABILITIES = (
    accounts, directory, cases, floods, paging, linking, escalation, conversation, exporting, subscriptions, tuning,
    developers,
)  # fmt: skip
BODY_LIMIT = 64 * 1024
"""Bytes; a reply of 1,600 emoji in a form is below 20,000."""


def prepare(
    database: Database,
    keys: KeySet,
    clock: Clock,
    waker: Waker,
    console_url: str,
    store: Store | None = None,
    *,
    allowed_hosts: Sequence[str] = (),
    policy: Policy | None = None,
) -> Console:
    """Make the console's own parts.

    `console_url` is where browsers reach it, `store` where attachments lie; `policy` says how
    much of a case leaves.
    """
    pages = Pages(tuple(views.__name__.split(".")[-2] for views in CAPABILITIES))
    url, hosts = console_url.rstrip("/"), Hosts(allowed_hosts)
    live = Live(database)
    return Console(database, keys, clock, waker, url, pages, live, store, hosts, policy or Policy())


def create(console: Console, extra_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Make the ASGI app. `extra_routes` (GraphQL) stand behind the same headers; `gate.visitor` tells them who asks."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with console.live.running():
            yield

    app = Starlette(
        routes=[*routes(), *extra_routes],
        middleware=[
            Middleware(Headers, secure=console.secure),
            Middleware(Origin, url=console.url),
            Middleware(Limited, most=BODY_LIMIT),
        ],
        exception_handlers=errors.HANDLERS,
        lifespan=lifespan,
    )
    app.state.console = console
    # Streams of open pages end only when told to: whoever stops the server calls this first.
    app.state.close_streams = console.live.close
    return app


def routes() -> list[BaseRoute]:
    """List every page and action of the console."""
    static = StaticFiles(directory=str(files("responders.web") / "static"))
    return [
        *(route for views in CAPABILITIES for route in views.ROUTES),
        Route(gate.LIVE, live, methods=["GET"]),
        *rest.ROUTES,
        Route("/healthz", health, methods=["GET"]),
        Mount("/static", static),
    ]


async def live(request: Request) -> Response:
    """Stream a sign of life and every change in the visitor's district, as server-sent events."""
    visit = await run_in_threadpool(gate.visitor, request)
    if visit is None:
        return PlainTextResponse("Sign in.", 401)
    stream = state.of(request).live.listen(visit.account.district_id)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def health(_request: Request) -> Response:
    """Say that the process answers; nothing else is anyone's business."""
    return PlainTextResponse("ok")
