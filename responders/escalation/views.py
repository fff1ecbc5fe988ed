"""Console pages of alerts: escalating from a case, looking at one, a second person's yes, what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exports import cap
from gateway.core.errors import BadInput, NotAllowed, NotFound
from responders.accounts.gate import Visit, action, field_of, page, see
from responders.cases.records import Case
from responders.cases.views import find
from responders.escalation import beginning, forms, service, showing
from responders.escalation.drafts import LANGUAGES, LENGTHS, Draft
from responders.escalation.records import Alert
from responders.web import words


@page
def listing(_request: Request, visit: Visit) -> Response:
    """Show the district's alerts, newest first."""
    with visit.console.database.read() as session:
        found = service.of_district(session, visit.account.district_id)
    return visit.render("escalation/listing.html", here="alerts", alerts=found, showing=showing)


@page
def show(request: Request, visit: Visit) -> Response:
    """Show one alert: as people read it, as XML, and how far it got."""
    return _shown(request, visit)


@page
def document(request: Request, visit: Visit) -> Response:
    """Hand out an alert's XML: as it was issued, or as it would be."""
    with visit.console.database.read() as session:
        shown = service.preview(session, visit.console.keys, _own(session, request, visit), visit.now)
    if not shown.document:
        raise NotFound
    return Response(shown.document, media_type=cap.CONTENT_TYPE)


@page
def begin(request: Request, visit: Visit) -> Response:
    """Show the form of a case's first alert, filled in from its assessment and its school; nothing is kept yet."""
    with visit.console.database.read() as session:
        case = find(session, visit, request.path_params["number"])
        code = request.query_params.get("scenario") or beginning.suggested(case)
        status = request.query_params.get("status") or cap.Status.ACTUAL
        draft = beginning.of_case(session, case, code, status, visit.now)
    return _form(request, visit, draft, case=case)


@action
def keep(request: Request, visit: Visit, form: FormData) -> Response:
    """Keep the first draft about a case."""

    def work(session: Session, draft: Draft) -> Alert:
        case = find(session, visit, request.path_params["number"])
        return service.compose(session, visit.console.keys, case, "alert", draft, visit.actor, visit.now)

    return _kept(request, visit, form, work)


@page
def edit(request: Request, visit: Visit) -> Response:
    """Show the form of a draft."""
    with visit.console.database.read() as session:
        row = _own(session, request, visit)
        shown = service.preview(session, visit.console.keys, row, visit.now)
    if shown.draft is None:
        raise NotAllowed("This alert can no longer be changed.")
    return _form(request, visit, shown.draft, alert=row)


@action
def change(request: Request, visit: Visit, form: FormData) -> Response:
    """Keep a changed draft."""

    def work(session: Session, draft: Draft) -> Alert:
        row = _own(session, request, visit)
        service.revise(session, visit.console.keys, row, draft, visit.actor, visit.now)
        return row

    return _kept(request, visit, form, work)


@page
def follow(request: Request, visit: Visit) -> Response:
    """Show the form of what follows an alert: an update, an all clear, a cancel."""
    kind = request.path_params["kind"]
    with visit.console.database.read() as session:
        row = _own(session, request, visit)
        issued = service.preview(session, visit.console.keys, row, visit.now).alert
        if kind not in service.KINDS or row.state != "issued" or issued is None:
            raise NotFound
        service.must_be_open(session, row, visit.now)
        draft = beginning.of_alert(session, row, issued, kind, visit.now)
    return _form(request, visit, draft, alert=row, kind=kind)


@action
def keep_following(request: Request, visit: Visit, form: FormData) -> Response:
    """Keep the draft of what follows."""

    def work(session: Session, draft: Draft) -> Alert:
        row, kind = _own(session, request, visit), request.path_params["kind"]
        return service.compose(session, visit.console.keys, row, kind, draft, visit.actor, visit.now)

    return _kept(request, visit, form, work)


@action
def propose(request: Request, visit: Visit, form: FormData) -> Response:
    """Ask a second person."""
    return _move(request, visit, form, service.propose)


@action
def approve(request: Request, visit: Visit, form: FormData) -> Response:
    """Approve, as the second person, or as the only one where the district has it so."""
    done = _move(request, visit, form, service.approve)
    visit.console.waker.wake("worker")
    return done


@action
def hand_back(request: Request, visit: Visit, _form: FormData) -> Response:
    """Send it back to be changed."""
    with visit.console.database.write() as session:
        service.hand_back(session, _own(session, request, visit), visit.actor, visit.now)
    return see(f"/alerts/{request.path_params['alert']}")


@action
def discard(request: Request, visit: Visit, _form: FormData) -> Response:
    """Throw a draft away."""
    with visit.console.database.write() as session:
        service.discard(session, _own(session, request, visit), visit.actor, visit.now)
    return see("/alerts")


@action
def send_again(request: Request, visit: Visit, _form: FormData) -> Response:
    """Try again at once where it was given up."""
    with visit.console.database.write() as session:
        service.send_again(session, _own(session, request, visit), visit.actor, visit.now)
    visit.console.waker.wake("worker")
    return see(f"/alerts/{request.path_params['alert']}")


def _own(session: Session, request: Request, visit: Visit) -> Alert:
    row = service.by_id(session, visit.account.district_id, request.path_params["alert"])
    if row is None or row.state == "discarded":
        raise NotFound
    return row


def _move(request: Request, visit: Visit, form: FormData, work: Callable[..., None]) -> Response:
    """Do something with the revision that was looked at; a refusal is shown on the alert's own page."""
    given = field_of(form, "revision")
    revision = int(given) if given.isdecimal() and len(given) < 6 else 0
    try:
        with visit.console.database.write() as session:
            row = _own(session, request, visit)
            work(session, visit.console.keys, row, revision, visit.actor, visit.now)
    except (BadInput, NotAllowed) as error:
        if isinstance(error, NotFound):
            raise
        return _shown(request, visit, fault=error.public, status=error.status)
    return see(f"/alerts/{request.path_params['alert']}")


def _shown(request: Request, visit: Visit, fault: str = "", status: int = 200) -> Response:
    with visit.console.database.read() as session:
        found = showing.page(session, visit, _own(session, request, visit))
    return visit.render(
        "escalation/alert.html", status, here="alerts", page=found, alert=found.alert, showing=showing, fault=fault
    )


def _kept(request: Request, visit: Visit, form: FormData, work: Callable[[Session, Draft], Alert]) -> Response:
    """Keep what was typed, or show the form again, with all that was typed and what is wrong with it."""
    zone = words.zone(visit.district.timezone)
    try:
        draft = forms.read(form, zone)
        with visit.console.database.write() as session:
            row = work(session, draft)
    except BadInput as error:
        if isinstance(error, NotFound):
            raise
        return _form_again(request, visit, form, error)
    return see(f"/alerts/{row.id}")


def _form_again(request: Request, visit: Visit, form: FormData, error: BadInput) -> Response:
    # When to send it stays as typed: a fault elsewhere must not make "at once" of it, and it may be the fault itself.
    rest = FormData([(name, value) for name, value in form.multi_items() if name != "starts_at"])
    draft, starts_at = forms.read(rest, words.zone(visit.district.timezone)), field_of(form, "starts_at")
    with visit.console.database.read() as session:
        if "number" in request.path_params:
            case, row = find(session, visit, request.path_params["number"]), None
        else:
            case, row = None, _own(session, request, visit)
    kind = request.path_params.get("kind", "")
    return _form(request, visit, draft, starts_at, case=case, alert=row, kind=kind, fault=error.public)


def _form(
    request: Request,
    visit: Visit,
    draft: Draft,
    starts_at: str | None = None,
    *,
    case: Case | None = None,
    alert: Alert | None = None,
    kind: str = "",
    fault: str = "",
) -> Response:
    if starts_at is None:
        starts_at = forms.local(draft.starts_at, words.zone(visit.district.timezone))
    shared: dict[str, Any] = {
        "draft": draft, "case": case, "alert": alert, "kind": kind, "fault": fault, "action": request.url.path,
        "choices": forms.CHOICES, "event_codes": forms.EVENT_CODES, "languages": LANGUAGES, "lengths": LENGTHS,
        "scenarios": beginning.scenarios(), "showing": showing, "starts_at": starts_at,
        "follows": bool(kind) or (alert is not None and alert.msg_type != "Alert"),
    }  # fmt: skip
    return visit.render("escalation/form.html", 400 if fault else 200, here="alerts", **shared)


ROUTES = (
    Route("/alerts", listing, methods=["GET"]),
    Route("/alerts/{alert}.xml", document, methods=["GET"]),
    Route("/alerts/{alert}", show, methods=["GET"]),
    Route("/cases/{number}/escalate", begin, methods=["GET"]),
    Route("/cases/{number}/escalate", keep, methods=["POST"]),
    Route("/alerts/{alert}/edit", edit, methods=["GET"]),
    Route("/alerts/{alert}/edit", change, methods=["POST"]),
    Route("/alerts/{alert}/follow/{kind}", follow, methods=["GET"]),
    Route("/alerts/{alert}/follow/{kind}", keep_following, methods=["POST"]),
    Route("/alerts/{alert}/propose", propose, methods=["POST"]),
    Route("/alerts/{alert}/approve", approve, methods=["POST"]),
    Route("/alerts/{alert}/hand-back", hand_back, methods=["POST"]),
    Route("/alerts/{alert}/discard", discard, methods=["POST"]),
    Route("/alerts/{alert}/send-again", send_again, methods=["POST"]),
)
