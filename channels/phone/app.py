"""Puts the stand-in together."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.phone import errors, screen
from channels.phone.api import Api
from channels.phone.config import PhoneConfig
from channels.phone.errors import ApiError
from channels.phone.faults import Faults, FaultyApi
from channels.phone.hooks import Poster
from channels.phone.inbound import Receiver
from channels.phone.kit import Kit
from channels.phone.live import Live
from channels.phone.outbound import Sender
from channels.phone.screen import BadRequest, Screen
from channels.phone.store import Store
from channels.phone.timers import Timers

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create(
    config: PhoneConfig,
    *,
    now: Callable[[], datetime] = _utc_now,
    new_hex: Callable[[int], str] = secrets.token_hex,
) -> Starlette:
    """Make the ASGI app: API, page and control. Deliveries run only inside its lifespan.

    `now` gives UTC-aware times; `new_hex(n)` gives 2n random hex digits.
    """
    store = Store(config.store)
    faults = Faults({account.sid: account.name for account in config.accounts})
    timers, live = Timers(), Live()
    poster = Poster(config.webhook_timeout_seconds, new_hex)
    kit = Kit(config, store, faults, poster, timers, live, now, new_hex)
    sender = Sender(kit)
    receiver = Receiver(kit, sender)
    sender.hand_lines_to(receiver.receive)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        timers.start()
        sender.resume()
        try:
            yield
        finally:
            live.close()
            await run_in_threadpool(timers.close)
            poster.close()
            store.close()

    application = Starlette(
        routes=[*Api(kit, sender, now()).routes(), *Screen(kit, receiver).routes()],
        middleware=[Middleware(_Headers), Middleware(FaultyApi, faults=faults)],
        exception_handlers={ApiError: errors.handle, BadRequest: screen.refuse},
        lifespan=lifespan,
    )
    # Streams of open pages end only when told to: whoever stops the server calls this first.
    application.state.close_streams = live.close
    return application


class _Headers:
    """ASGI middleware: the page runs nothing but its own script, and nothing frames it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with if scope["type"] == "http" else send)
