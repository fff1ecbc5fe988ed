"""The CloudEvents Subscriptions API: other systems of the district subscribe by themselves, with a bearer token.

Source: https://github.com/cloudevents/spec/blob/main/subscriptions/spec.md §3 (HTTP, JSON). `config` holds what is our
own: `name` and `mode`. `sinkcredential` is taken and never shown; the signing secret is shown once, when it is made.
When an access token ends is not kept: its receiver refuses it then, which the subscription shows.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.core.errors import BadInput, NotAllowed
from gateway.core.problems import no_token
from responders.accounts.schema import authenticate
from responders.api.context import Viewer
from responders.subscriptions import service
from responders.subscriptions.records import Subscription
from responders.subscriptions.service import Wish
from responders.subscriptions.troubles import trouble
from responders.web import state
from responders.web.state import Console

PATH = "/api/subscriptions"
_KNOWN = frozenset({
    "id", "source", "types", "config", "filters", "sink", "sinkcredential", "protocol", "protocolsettings",
})  # fmt: skip
_CONFIG = frozenset({"name", "mode"})
_CREDENTIAL = frozenset({"credentialtype", "accesstoken", "accesstokentype", "accesstokenexpiresutc"})

Answer = Callable[[Console, Viewer, Request, Any], Response]


def _endpoint(scopes: Sequence[str], answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint for who shows a token with all of some scopes; a browser's cookie is not enough."""

    @wraps(answer)
    async def respond(request: Request) -> Response:
        return await run_in_threadpool(_respond, request, await request.body())

    def _respond(request: Request, body: bytes) -> Response:
        viewer = authenticate(request) if "authorization" in request.headers else None
        if viewer is None:
            return no_token(request, "Send a bearer token.")
        if missing := [scope for scope in scopes if scope not in viewer.scopes]:
            raise NotAllowed(f"This needs a token with the scope {missing[0]}.")
        given = _json(request, body) if request.method in {"POST", "PUT"} else None
        return answer(state.of(request), viewer, request, given)

    return respond


def _list(console: Console, viewer: Viewer, _request: Request, _given: Any) -> Response:
    with console.database.read() as session:
        rows = service.of_district(session, viewer.district_id)
    return JSONResponse([shown(console, row) for row in rows])


def _create(console: Console, viewer: Viewer, _request: Request, given: Any) -> Response:
    wish = _wish(console, viewer, given)
    with console.database.write() as session:
        made = service.create(
            session, console.keys, console.hosts, viewer.district_id, wish, viewer.actor, console.clock()
        )
    console.waker.wake("worker")
    body = shown(console, made.row)
    body["config"]["signingsecret"] = made.secret
    return JSONResponse(body, 201, headers={"Location": f"{console.url}{PATH}/{made.row.id}"})


def _show(console: Console, viewer: Viewer, request: Request, _given: Any) -> Response:
    with console.database.read() as session:
        row = service.find(session, viewer.district_id, request.path_params["id"])
    return JSONResponse(shown(console, row))


def _replace(console: Console, viewer: Viewer, request: Request, given: Any) -> Response:
    wish, now = _wish(console, viewer, given), console.clock()
    if isinstance(given, dict) and given.get("id", request.path_params["id"]) != request.path_params["id"]:
        raise BadInput("The id is not that of the address.")
    with console.database.write() as session:
        row = service.find(session, viewer.district_id, request.path_params["id"], lock=True)
        service.change(session, console.keys, console.hosts, row, wish, viewer.actor, now)
    console.waker.wake("worker")
    return JSONResponse(shown(console, row))


def _end(console: Console, viewer: Viewer, request: Request, _given: Any) -> Response:
    with console.database.write() as session:
        row = service.find(session, viewer.district_id, request.path_params["id"], lock=True)
        service.end(session, row, viewer.actor, console.clock())
    return Response(status_code=204)


def shown(console: Console, row: Subscription) -> dict[str, Any]:
    """Write a subscription as the API shows it."""
    return {
        "id": row.id,
        "source": _source(console, row.district_id),
        "types": row.types,
        "filters": row.filters,
        "config": {
            "name": row.name,
            "mode": row.mode,
            "state": row.state,
            "code": row.code,
            "trouble": trouble(row.code),
        },
        "sink": row.sink,
        "protocol": "HTTP",
        "protocolsettings": {"method": "POST"},
    }


def _source(console: Console, district_id: str) -> str:
    return f"{console.url}/districts/{district_id}"


def _wish(console: Console, viewer: Viewer, given: Any) -> Wish:
    """Read what somebody wants. Raises: BadInput naming the member that is wrong."""
    if not isinstance(given, dict) or (unknown := sorted(set(given) - _KNOWN)):
        raise BadInput(f"There is no member {unknown[0][:40]}." if isinstance(given, dict) else "Send one JSON object.")
    if given.get("source", _source(console, viewer.district_id)) != _source(console, viewer.district_id):
        raise BadInput("source must be left out, or that of your district.")
    if given.get("protocol", "HTTP") != "HTTP" or given.get("protocolsettings", {}) not in ({}, {"method": "POST"}):
        raise BadInput("protocol must be HTTP, and its method POST.")
    config = _members(given, "config", _CONFIG | {"state", "code", "trouble", "signingsecret"})
    types, filters = given.get("types", []), given.get("filters", [])
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        raise BadInput("types must be a list of types.")
    if not isinstance(filters, list):
        raise BadInput("filters must be a list of expressions.")
    credential = _members(given, "sinkcredential", _CREDENTIAL)
    return Wish(
        name=_text(config, "name", viewer.name), sink=_text(given, "sink", ""),
        mode=_text(config, "mode", "structured"), types=types, filters=filters,
        token=_token(credential, console.clock()),
    )  # fmt: skip


def _token(found: Mapping[str, Any], now: datetime) -> str | None:
    """Read the credential: an access token that is sent as a bearer's. Source: Subscriptions §3.2.2."""
    if not found:
        return None
    kind, bearer = str(found.get("credentialtype", "")), str(found.get("accesstokentype", "bearer"))
    if kind.upper() != "ACCESSTOKEN" or bearer.lower() != "bearer":
        raise BadInput("sinkcredential must be an ACCESSTOKEN of the type bearer.")
    try:
        ends = datetime.fromisoformat(_text(found, "accesstokenexpiresutc", "9999-12-31T00:00:00Z"))
    except ValueError:
        raise BadInput("accesstokenexpiresutc must be a time, e.g. 2026-11-29T08:15:00Z.") from None
    if (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) <= now:
        raise BadInput("The access token has ended already.")
    return _text(found, "accesstoken", "")


def _members(given: Mapping[str, Any], name: str, known: frozenset[str]) -> Mapping[str, Any]:
    found = given.get(name, {})
    if not isinstance(found, dict) or not set(found) <= known:
        raise BadInput(f"{name} must be an object with members of: {', '.join(sorted(known))}.")
    return found


def _text(given: Mapping[str, Any], name: str, otherwise: str) -> str:
    found = given.get(name, otherwise)
    if not isinstance(found, str):
        raise BadInput(f"{name} must be a text.")
    return found


def _json(request: Request, body: bytes) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadInput("Send JSON, and say so: Content-Type: application/json.")
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        raise BadInput("That is not JSON.") from None


_READ, _WRITE = (service.SCOPE_READ,), (service.SCOPE_WRITE,)
_BOTH = (*_READ, *_WRITE)
"""Who says where events go to is shown what was written, and may send them to itself: it must be able to read them."""
ROUTES = (
    Route(PATH, _endpoint(_READ, _list), methods=["GET"]),
    Route(PATH, _endpoint(_BOTH, _create), methods=["POST"]),
    Route(PATH + "/{id}", _endpoint(_READ, _show), methods=["GET"]),
    Route(PATH + "/{id}", _endpoint(_BOTH, _replace), methods=["PUT"]),
    Route(PATH + "/{id}", _endpoint(_WRITE, _end), methods=["DELETE"]),
)
