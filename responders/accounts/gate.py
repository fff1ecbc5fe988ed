"""The gate: who is asking. Every console page and action passes here; it alone reads the session cookie."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from gateway.core.characters import typed
from gateway.core.errors import NotAllowed
from gateway.core.records import District
from responders.accounts import service
from responders.accounts.records import Account
from responders.web import state, words
from responders.web.state import Console

LIVE = "/live"
QUIET_HEADER = "x-fragment"
"""Sent by a page that refreshes itself: nobody is there, so it does not keep a session alive."""


@dataclass(frozen=True)
class Visit:
    """One request of a member of staff who is signed in."""

    console: Console
    account: Account
    district: District
    csrf: str = field(repr=False)
    now: datetime

    @property
    def actor(self) -> str:
        """How events name this person."""
        return f"account:{self.account.id}"

    def render(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Render a page with what every layout shows."""
        shared = {
            "me": self.account,
            "district": self.district,
            "csrf": self.csrf,
            "zone": words.zone(self.district.timezone),
        }
        return self.console.pages.render(template, {**shared, **context}, now=self.now, status=status)


Page = Callable[[Request, Visit], Response]
Action = Callable[[Request, Visit, FormData], Response]


def visitor(connection: HTTPConnection) -> Visit | None:
    """Find who a request or websocket belongs to by its session cookie; call it in the thread pool.

    For a writing request also require `csrf_fits`, unless `responders.web.origin` stands before it.
    """
    console = state.of(connection)
    cookie, now = connection.cookies.get(console.cookie, ""), console.clock()
    with console.database.read() as session:
        found = service.who(session, cookie, now)
        if found is None:
            return None
        account, live = found
        visit = Visit(console, account, session.get_one(District, account.district_id), live.csrf, now)
    if service.stale(live, now) and not is_quiet(connection):
        with console.database.write() as session:
            service.touch(session, cookie, now)
    return visit


def csrf_fits(visit: Visit, given: object) -> bool:
    """Compare a form's token with the session's, in constant time."""
    return isinstance(given, str) and hmac.compare_digest(visit.csrf.encode(), given.encode("utf-8", "replace"))


def page(show: Page) -> Callable[[Request], Response]:
    """Make an endpoint of a page for people who are signed in; others are sent to sign in and brought back."""

    @wraps(show)
    def endpoint(request: Request) -> Response:
        visit = visitor(request)
        return _turn_away(request) if visit is None else show(request, visit)

    return endpoint


def action(do: Action) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a form's target: signed in, CSRF token right, `do` run in the thread pool."""

    @wraps(do)
    async def endpoint(request: Request) -> Response:
        visit = await run_in_threadpool(visitor, request)
        if visit is None:
            return _turn_away(request)
        async with request.form(max_files=0, max_fields=50) as form:
            if not csrf_fits(visit, form.get("csrf")):
                raise NotAllowed("This form is from another sign-in. Go back, reload the page and try again.")
            return await run_in_threadpool(do, request, visit, form)

    return endpoint


def field_of(form: FormData, name: str) -> str:
    """Read a text field of a form, fit to be kept and sent; empty when it is not there."""
    value = form.get(name)
    return typed(value) if isinstance(value, str) else ""


def safe_next(target: str) -> str:
    """Keep a way back only when it is a path of our own. Source: OWASP, Unvalidated Redirects."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    parts = urlsplit(target) if plain and target.startswith("/") and not target.startswith("//") else None
    return target if parts is not None and not parts.scheme and not parts.netloc else "/"


def see(path: str) -> RedirectResponse:
    """Go and look: the answer to every action (303, so that a reload does not repeat it)."""
    return RedirectResponse(path, 303)


def is_quiet(connection: HTTPConnection) -> bool:
    """Tell whether a page asks by itself: nobody need be there to look at it."""
    return QUIET_HEADER in connection.headers or connection.url.path == LIVE


def _turn_away(request: Request) -> Response:
    if is_quiet(request):
        return PlainTextResponse("Sign in.", 401)
    query = f"?{request.url.query}" if request.url.query else ""
    back = request.url.path + query if request.method == "GET" else "/"
    return see(f"/sign-in?next={quote(back, safe='/')}")
