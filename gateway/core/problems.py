"""Errors at the HTTP edge in their standard form: RFC 9457 problem details, internals stripped."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.core.errors import TiplineError, Unavailable
from gateway.core.logs import log

_NOT_LIVE = (
    "The token is not known, has run out or was revoked. One that counts is sent as `Authorization: Bearer TOKEN`."
)


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Render one problem. Source: RFC 9457 §3; `code` is our stable extension member."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/problem+json")


def no_token(request: Request, ask: str) -> JSONResponse:
    """Turn away who shows no token that counts; `ask` is what to tell who shows none. Source: RFC 6750 §3.

    What is wrong with one is not said: who guesses at tokens must not learn that one was right once.
    """
    shown = "authorization" in request.headers
    challenge = 'Bearer realm="tipline"' + (', error="invalid_token"' if shown else "")
    return problem(401, "unauthenticated", _NOT_LIVE if shown else ask, {"WWW-Authenticate": challenge})


async def of_tipline_error(_request: Request, error: Exception) -> Response:
    """Render one of our own errors; one of ours that is the server's fault is logged too."""
    known = error if isinstance(error, TiplineError) else TiplineError()
    if known.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log().error("a request failed", code=known.code, error=error)
    headers = {"Retry-After": "5"} if isinstance(known, Unavailable) else None
    return problem(known.status, known.code, known.public, headers)


async def of_http_exception(_request: Request, error: Exception) -> Response:
    """Render Starlette's own refusals (404, 405) in the same form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers) if isinstance(error, HTTPException) and error.headers else None
    return problem(status, f"http_{status}", HTTPStatus(status).description or HTTPStatus(status).phrase, headers)


async def of_any(_request: Request, error: Exception) -> Response:
    """Render what nobody foresaw, telling nothing of it."""
    log().error("a request failed unforeseen", error=error)
    return problem(500, "error", "Something went wrong.")


HANDLERS = {TiplineError: of_tipline_error, HTTPException: of_http_exception, Exception: of_any}
"""For `Starlette(exception_handlers=…)`."""
