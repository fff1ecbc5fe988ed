"""Console pages of cases: the inbox, and what people do with a case. The case page itself is in `conversation`."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import NotFound
from responders.accounts.gate import Visit, action, field_of, page, see
from responders.cases import holds, listing, masks, service, weekly, words
from responders.cases.records import Case


def find(session: Session, visit: Visit, number: str) -> Case:
    """Find a case of the visitor's own district. Raises: NotFound, for another district's too."""
    case = service.by_number(session, visit.account.district_id, number)
    if case is None:
        raise NotFound
    return case


@page
def inbox(request: Request, visit: Visit) -> Response:
    """Show the cases, most urgent first."""
    shown = request.query_params.get("show", "open")
    shown = shown if shown in listing.FILTERS else "open"
    wanted = request.query_params.get("page", "1")
    with visit.console.database.read() as session:
        found = listing.read(
            session, visit.account, shown, int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 1
        )
    return visit.render(
        "cases/inbox.html", here="inbox", listing=found, shown=shown, filters=listing.FILTERS, words=words
    )


@page
def report(_request: Request, visit: Visit) -> Response:
    """Show week by week what responders said that triage had missed or called too grave."""
    with visit.console.database.read() as session:
        weeks = weekly.read(session, visit.console.keys, visit.account.district_id, visit.now)
    return visit.render("cases/weekly.html", here="weekly", weeks=weeks, words=words)


@action
def note(request: Request, visit: Visit, form: FormData) -> Response:
    """Write a note for colleagues."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        case = find(session, visit, number)
        service.add_note(session, visit.console.keys, case, field_of(form, "text").strip(), visit.actor, visit.now)
    return see(f"/cases/{number}#notes")


@action
def assign(request: Request, visit: Visit, form: FormData) -> Response:
    """Put the case in somebody's hands."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        service.assign(session, find(session, visit, number), field_of(form, "account") or None, visit.actor, visit.now)
    return see(f"/cases/{number}#handling")


@action
def move(request: Request, visit: Visit, form: FormData) -> Response:
    """Move the case to another state, with a reason."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        case = find(session, visit, number)
        service.change_state(session, case, field_of(form, "to"), field_of(form, "why"), visit.actor, visit.now)
    return see(f"/cases/{number}#handling")


@action
def hold(request: Request, visit: Visit, form: FormData) -> Response:
    """Keep the case beyond any deadline."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        holds.place(session, find(session, visit, number), field_of(form, "reason"), visit.actor, visit.now)
    return see(f"/cases/{number}#holding")


@action
def release(request: Request, visit: Visit, _form: FormData) -> Response:
    """End every hold of the case."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        holds.release(session, find(session, visit, number), visit.actor, visit.now)
    return see(f"/cases/{number}#holding")


@action
def unmask(request: Request, visit: Visit, form: FormData) -> Response:
    """Let staff read one span in which a reporter names themselves."""
    number, message_id = request.path_params["number"], request.path_params["message"]
    span = field_of(form, "span")
    ask = masks.Ask(
        ordinal=int(span) if span.isdecimal() and len(span) < 6 else -1,
        kind=field_of(form, "kind"),
        rules=field_of(form, "rules"),
        reason_code=field_of(form, "reason"),
        note=field_of(form, "note"),
    )
    with visit.console.database.write() as session:
        said = service.messages(session, find(session, visit, number))
        message = next((one for one in said if one.id == message_id), None)
        if message is None:
            raise NotFound
        masks.lift(session, visit.console.keys, message, ask, visit.actor, visit.now)
    return see(f"/cases/{number}#m-{message_id}")


ROUTES = (
    Route("/", inbox, methods=["GET"]),
    Route("/triage", report, methods=["GET"]),
    Route("/cases/{number}/notes", note, methods=["POST"]),
    Route("/cases/{number}/assign", assign, methods=["POST"]),
    Route("/cases/{number}/state", move, methods=["POST"]),
    Route("/cases/{number}/messages/{message}/unmask", unmask, methods=["POST"]),
    Route("/cases/{number}/hold", hold, methods=["POST"]),
    Route("/cases/{number}/release", release, methods=["POST"]),
)
