"""GraphQL over HTTP, to the letter of the specification, for a synchronous Strawberry schema.

Source: https://graphql.github.io/graphql-over-http/draft/ (the npm package graphql-http judges it, `make conformance`).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry import Schema
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.core.problems import no_token, problem
from responders.api.asked import Asked, Malformed, NotJson, parse
from responders.api.context import Context, Viewer
from responders.api.errors import ONE_OPERATION, is_ours_to_mend, present
from responders.web.state import Console

PATH = "/graphql"
CSRF_HEADER = "x-csrf-token"
JSON, GRAPHQL = "application/json", "application/graphql-response+json"

Authenticate = Callable[[Request], Viewer | None]
"""Finds who asks; called in the thread pool."""


@dataclass(frozen=True)
class Endpoint:
    """The endpoint: one schema, one console."""

    schema: Schema
    console: Console
    authenticate: Authenticate

    def route(self) -> Route:
        """Say where it is."""
        return Route(PATH, self.respond, methods=["GET", "POST"])

    async def respond(self, request: Request) -> Response:
        """Answer one request; everything but reading its body happens in the thread pool."""
        return await run_in_threadpool(self._answer, request, await request.body())

    def _answer(self, request: Request, body: bytes) -> Response:
        viewer = self.authenticate(request)
        if viewer is None:
            return no_token(request, "Sign in, or send a token.")
        media = negotiate(request.headers.get("accept", "*/*"))
        if media is None:
            return problem(406, "not_acceptable", f"This answers with {GRAPHQL} or {JSON}.")
        try:
            asked = parse(request, body)
        except NotJson:
            return problem(415, "not_json", f"POST a body of the type {JSON}, in UTF-8.", {"Accept-Post": JSON})
        except Malformed as error:
            return _write(400, {"errors": [present(GraphQLError(error.public, original_error=error))]}, media)
        return self._execute(request, asked, viewer, media)

    def _execute(self, request: Request, asked: Asked, viewer: Viewer, media: str) -> Response:
        allowed = {OperationType.QUERY}
        if request.method == "POST" and may_write(request, viewer):
            allowed.add(OperationType.MUTATION)
        context = Context(self.console, viewer, self.console.clock())
        try:
            result = self.schema.execute_sync(
                asked.query,
                variable_values=asked.variables,
                operation_name=asked.operation_name,
                context_value=context,
                allowed_operation_types=allowed,
            )
        except InvalidOperationTypeError as error:
            return _refused(request, error.operation_type, media)
        except (CannotGetOperationTypeError, MissingQueryError):
            return _write(_status(media), {"errors": [present(GraphQLError(ONE_OPERATION))]}, media)
        finally:
            context.close()
        return _result(result, media)


def negotiate(accept: str) -> str | None:
    """Choose a media type: what is listed first among equals; a wildcard means JSON. Nothing when none fits."""
    wanted = []
    for entry in accept.split(","):
        name, _, parameters = entry.strip().lower().partition(";")
        quality = next((p.strip()[2:] for p in parameters.split(";") if p.strip().startswith("q=")), "1")
        weight = float(quality) if quality.replace(".", "", 1).isdigit() else 1.0
        if weight > 0:
            wanted.append((-weight, name.strip()))
    fits = {JSON: JSON, GRAPHQL: GRAPHQL, "*/*": JSON, "application/*": JSON, "": JSON}
    return next((fits[name] for _, name in sorted(wanted, key=lambda entry: entry[0]) if name in fits), None)


def may_write(request: Request, viewer: Viewer) -> bool:
    """Tell whether a mutation may run: a browser must show its session's CSRF token; a bearer token is proof enough."""
    given = request.headers.get(CSRF_HEADER, "")
    return viewer.csrf is None or hmac.compare_digest(viewer.csrf.encode(), given.encode())


def _refused(request: Request, operation: OperationType, media: str) -> Response:
    if operation is OperationType.SUBSCRIPTION:
        return _write(_status(media), {"errors": [present(GraphQLError("There are no subscriptions."))]}, media)
    if request.method != "POST":
        return problem(405, "http_405", "A mutation is a POST request.", {"Allow": "POST"})
    return problem(403, "not_allowed", "The header X-CSRF-Token does not fit this session. Reload the page.")


def _result(result: ExecutionResult, media: str) -> Response:
    """A fault before execution has no `data` (June 2018, §7.1.1) and, in the newer media type, a 4xx or 5xx status."""
    errors = result.errors or []
    shown: dict[str, Any] = {"errors": [present(error) for error in errors]} if errors else {}
    if result.data is None and all(error.path is None for error in errors):
        return _write(500 if any(map(is_ours_to_mend, errors)) else _status(media), shown, media)
    return _write(200, {**shown, "data": result.data}, media)


def _status(media: str) -> int:
    return 400 if media == GRAPHQL else 200


def _write(status: int, content: dict[str, Any], media: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Type": f"{media}; charset=utf-8", "Vary": "Accept"}
    return Response(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), status, headers
    )
