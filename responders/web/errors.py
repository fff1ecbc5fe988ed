"""Errors as pages for people, as RFC 9457 problems for everything else."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.core import problems
from gateway.core.errors import NotFound, TiplineError
from responders.web import state
from responders.web.headers import safety

_SENTENCES = {
    403: "You may not do that.",
    404: "This page does not exist, or is not yours to see.",
    405: "This page does not do that.",
    503: "A part we need does not answer just now. Your page stays; try again in a few seconds.",
}


async def of_tipline_error(request: Request, error: Exception) -> Response:
    """Show one of our own errors in its public words."""
    made = await problems.of_tipline_error(request, error)
    told = isinstance(error, TiplineError) and error.status < 500 and not isinstance(error, NotFound)
    return _page(request, made, str(error) if told else None)


async def of_http_exception(request: Request, error: Exception) -> Response:
    """Show Starlette's own refusals (404, 405)."""
    made = await problems.of_http_exception(request, error)
    return made if isinstance(error, HTTPException) and error.status_code < 400 else _page(request, made, None)


async def of_any(request: Request, error: Exception) -> Response:
    """Show that something unforeseen went wrong, telling nothing of it.

    Starlette answers this outside of all middleware, so the safety headers are put on here.
    """
    page = _page(request, await problems.of_any(request, error), None)
    page.headers.update(safety(request.url.path, secure=state.of(request).secure))
    return page


def _page(request: Request, problem: Response, sentence: str | None) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        return problem
    console, status = state.of(request), problem.status_code
    context = {
        "status": status,
        "title": HTTPStatus(status).phrase,
        "sentence": sentence or _SENTENCES.get(status, "Something went wrong. It has been written down."),
    }
    page = console.pages.render("web/error.html", context, now=console.clock(), status=status)
    if retry := problem.headers.get("retry-after"):
        page.headers["Retry-After"] = retry
    return page


HANDLERS = {TiplineError: of_tipline_error, HTTPException: of_http_exception, Exception: of_any}
"""For `Starlette(exception_handlers=…)`."""
