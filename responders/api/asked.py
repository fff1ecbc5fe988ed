"""What a client asks: the parameters of a GraphQL request, read strictly. Source: GraphQL over HTTP, §4 and §5."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from gateway.core.errors import BadInput


class NotJson(BadInput):
    """The body is not declared as JSON: a form of another site could have sent it."""


class Malformed(BadInput):
    """The parameters are not those of a GraphQL request."""


@dataclass(frozen=True)
class Asked:
    """One operation to run."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


def parse(request: Request, body: bytes) -> Asked:
    """Read the parameters from a POST body or a GET query string. Raises: NotJson, Malformed."""
    return _asked(_from_body(request, body) if request.method == "POST" else _from_url(request))


def _from_body(request: Request, body: bytes) -> Mapping[str, Any]:
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if kind.strip() != "application/json" or charset not in {"", "charset=utf-8"}:
        raise NotJson
    try:
        given = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON in UTF-8.") from None
    if not isinstance(given, dict):
        raise Malformed("The body is not one JSON object.")
    return given


def _from_url(request: Request) -> Mapping[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            try:
                given[name] = json.loads(given[name])
            except (ValueError, RecursionError):
                raise Malformed(f"The parameter {name} is not JSON.") from None
        else:
            given[name] = None
    return given


def _asked(given: Mapping[str, Any]) -> Asked:
    query, name, variables = given.get("query"), given.get("operationName"), given.get("variables")
    if not isinstance(query, str) or not query.strip():
        raise Malformed("The parameter query must be a string with a document.")
    if not isinstance(name, str | None):
        raise Malformed("The parameter operationName must be a string.")
    if not isinstance(variables, dict | None):
        raise Malformed("The parameter variables must be an object.")
    if not isinstance(given.get("extensions"), dict | None):
        raise Malformed("The parameter extensions must be an object.")
    return Asked(query, name or None, variables)
