"""The page for developers, and the documents that it leads to; for people who are signed in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from exports import cloud_events, event_catalogue
from exports.niem import publishing
from gateway.core.errors import NotFound
from responders.accounts.gate import Visit, page
from responders.developers import openapi
from responders.schema import build

EXAMPLES: Mapping[str, str] = {
    "receiver.py": "Take events, in Python",
    "receiver.mjs": "Take events, in Node",
    "cases.sh": "Ask for cases with curl (GraphQL)",
    "case.sh": "Ask for the case of an event with curl (GraphQL)",
    "concern.sh": "Raise a concern with curl (CloudEvents)",
    "alerts.py": "Read alerts and check who signed them (CAP)",
}
"""The files of `examples/`, and what each is for."""


@cache
def example(name: str) -> str:
    """Read an example as it is shipped. Raises: NotFound."""
    if name not in EXAMPLES:
        raise NotFound
    return (files("responders.developers") / "examples" / name).read_text("utf-8")


@page
def index(_request: Request, visit: Visit) -> Response:
    """Show what there is, and how a case system is connected in an hour."""
    return visit.render(
        "developers/index.html", here="subscriptions", url=visit.console.url, types=event_catalogue.types(),
        public=visit.console.public_url or "https://public.address", minutes=visit.console.policy.report_minutes,
        schemas=cloud_events.SCHEMAS_PATH, niem=sorted(publishing.documents()), concern=openapi.CONCERN_TYPE,
        examples=[(name, about, example(name)) for name, about in EXAMPLES.items()],
    )  # fmt: skip


@page
def sdl(_request: Request, _visit: Visit) -> Response:
    """Give the schema of GraphQL in its own language."""
    return PlainTextResponse(build().as_str() + "\n")


@page
def rest(_request: Request, visit: Visit) -> Response:
    """Give the description of what is called by REST."""
    told = openapi.document(visit.console.url, visit.console.public_url)
    return JSONResponse(told, media_type="application/vnd.oai.openapi+json;version=3.1")


@page
def niem(request: Request, _visit: Visit) -> Response:
    """Give one of NIEM's schemas. Raises: NotFound."""
    name = request.path_params["name"]
    if name not in publishing.documents():
        raise NotFound
    kind = "application/schema+json" if name.endswith(".json") else "application/xml"
    return Response(publishing.published(name), media_type=kind)


@page
def file(request: Request, _visit: Visit) -> Response:
    """Give one of the examples as a file."""
    return PlainTextResponse(example(request.path_params["name"]))


ROUTES = (
    Route("/developers", index, methods=["GET"]),
    Route("/developers/schema.graphql", sdl, methods=["GET"]),
    Route("/developers/openapi.json", rest, methods=["GET"]),
    Route("/developers/niem/{name}", niem, methods=["GET"]),
    Route("/developers/examples/{name}", file, methods=["GET"]),
)
