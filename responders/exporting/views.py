"""The console's page of what a case can be exported as, and the downloads."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from responders.accounts.gate import Visit, action, field_of, page
from responders.cases.views import find
from responders.exporting import service
from responders.exporting.formats import FORMATS
from responders.exporting.reading import Reader
from responders.exporting.service import Wanted


@page
def offer(request: Request, visit: Visit) -> Response:
    """Show the formats, and what is in them."""
    with visit.console.database.read() as session:
        case = find(session, visit, request.path_params["number"])
    policy = visit.console.policy
    return visit.render("exporting/export.html", here="case", case=case, formats=FORMATS.values(), policy=policy)


@action
def download(request: Request, visit: Visit, form: FormData) -> Response:
    """Hand out the document. It is a form's, since that somebody had it is noted: no link can note it for them."""
    console = visit.console
    wanted = Wanted(
        visit.account.district_id,
        request.path_params["number"],
        request.path_params["format"],
        field_of(form, "flavour") or None,
    )
    reader = Reader(console.keys, console.url, console.policy, visit.now)
    document = service.export(console.database, reader, wanted, visit.actor)
    headers = {
        "Content-Disposition": f'attachment; filename="{document.filename}"',
        "Content-Type": document.media_type,
    }
    return Response(document.content, headers=headers)


ROUTES = (
    Route("/cases/{number}/export", offer, methods=["GET"]),
    Route("/cases/{number}/export/{format}", download, methods=["POST"]),
)
