"""The pages to sign in and out."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import NotAllowed
from responders.accounts import browsers, gate, service
from responders.accounts.gate import Visit, action, field_of, safe_next, see
from responders.web import state


def _form(request: Request, target: str, username: str = "", fault: str | None = None) -> Response:
    console = state.of(request)
    context = {"next": safe_next(target), "username": username, "fault": fault}
    return console.pages.render("accounts/sign_in.html", context, now=console.clock(), status=403 if fault else 200)


def show_sign_in(request: Request) -> Response:
    """Show the form; whoever is signed in already goes on at once."""
    target = request.query_params.get("next", "/")
    return see(safe_next(target)) if gate.visitor(request) else _form(request, target)


async def sign_in(request: Request) -> Response:
    """Check the form. A new session each time: an old cookie is never taken over."""
    async with request.form(max_files=0, max_fields=10) as form:
        return await run_in_threadpool(_sign_in, request, form)


def _sign_in(request: Request, form: FormData) -> Response:
    console = state.of(request)
    username, target = field_of(form, "username"), field_of(form, "next")
    try:
        made = service.sign_in(
            console.database,
            username,
            field_of(form, "password"),
            console.clock(),
            request.cookies.get(console.browser_cookie, ""),
        )
    except NotAllowed as error:
        return _form(request, target, username[:80], error.public)
    answer = see(safe_next(target))
    for name, value, lasts in (
        (console.cookie, made.cookie, service.LONGEST),
        (console.browser_cookie, made.browser, browsers.KEPT),
    ):
        answer.set_cookie(
            name,
            value,
            max_age=int(lasts.total_seconds()),
            httponly=True,
            # Lax, so that a link in a text message opens signed in; writing is held by origin and CSRF token.
            samesite="lax",
            secure=console.secure,
        )
    return answer


@action
def sign_out(request: Request, visit: Visit, _form: FormData) -> Response:
    """End the session here and in the browser."""
    console = visit.console
    with console.database.write() as session:
        service.sign_out(session, request.cookies.get(console.cookie, ""), visit.now)
    answer = see("/sign-in")
    answer.delete_cookie(console.cookie, httponly=True, samesite="lax", secure=console.secure)
    return answer


ROUTES = (
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
)
