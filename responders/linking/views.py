"""What people do at the console with cases that may be one. They are shown on the case page, in `conversation`."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import NotAllowed
from responders.accounts.gate import Visit, action, field_of, see
from responders.cases import service as cases
from responders.cases.records import Case
from responders.cases.views import find
from responders.linking import service


@action
def join(request: Request, visit: Visit, form: FormData) -> Response:
    """Join the other case with this one, and show the one that goes on."""
    with visit.console.database.write() as session:
        case = find(session, visit, request.path_params["number"])
        other = _other(session, visit, form)
        target = service.join(session, visit.console.keys, case, other, visit.actor, visit.now)
    visit.console.waker.wake("worker")
    return see(f"/cases/{target.number}#linking")


@action
def apart(request: Request, visit: Visit, form: FormData) -> Response:
    """Say that the other case is another thing."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        service.refuse(session, find(session, visit, number), _other(session, visit, form), visit.actor, visit.now)
    return see(f"/cases/{number}#linking")


def _other(session: Session, visit: Visit, form: FormData) -> Case:
    """Find the other case by its number, in the visitor's own district. Raises: NotAllowed for any other."""
    other = cases.by_number(session, visit.account.district_id, field_of(form, "other"))
    if other is None:
        raise NotAllowed(service.ELSEWHERE)
    return other


ROUTES = (
    Route("/cases/{number}/join", join, methods=["POST"]),
    Route("/cases/{number}/apart", apart, methods=["POST"]),
)
