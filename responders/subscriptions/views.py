"""The console's pages of subscriptions, for administrators; and what anybody may ask: consent, and the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import wraps

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from exports import cloud_events, event_catalogue
from gateway.core.errors import BadInput, NotAllowed, NotFound
from gateway.core.records import School
from responders.accounts import service as accounts
from responders.accounts.gate import Action, Page, Visit, action, field_of, page, see
from responders.cases.records import Case
from responders.subscriptions import asking, filters, service
from responders.subscriptions.records import MODES, Subscription
from responders.subscriptions.service import Wish
from responders.subscriptions.troubles import trouble
from responders.web import state, words
from triage.model import Severity

_ADMINISTRATORS = "Where events go to is the administrators' to say."


@dataclass(frozen=True)
class Shown:
    """A subscription as its page shows it."""

    row: Subscription
    counts: dict[str, int]
    wants: str
    trouble: str | None


def shown(session: Session, row: Subscription) -> Shown:
    """Put together what a page shows of a subscription."""
    types = f"type is {' or '.join(row.types)}" if row.types else ""
    wants = " and ".join(filter(None, (types, filters.told(row.filters) if row.filters or not types else "")))
    return Shown(row, service.counts(session, row.id), wants, trouble(row.code))


def _of_administrators(show: Page) -> Page:
    @wraps(show)
    def shown_to(request: Request, visit: Visit) -> Response:
        _need_administrator(visit)
        return show(request, visit)

    return shown_to


def _by_administrators(do: Action) -> Action:
    @wraps(do)
    def done_by(request: Request, visit: Visit, form: FormData) -> Response:
        _need_administrator(visit)
        return do(request, visit, form)

    return done_by


def _need_administrator(visit: Visit) -> None:
    if visit.account.role != accounts.ADMINISTRATOR:
        raise NotAllowed(_ADMINISTRATORS)


@page
@_of_administrators
def index(_request: Request, visit: Visit) -> Response:
    """List the subscriptions, with the form of a new one."""
    return _index(visit)


def _index(visit: Visit, fault: str | None = None, given: FormData | None = None) -> Response:
    with visit.console.database.read() as session:
        rows = service.of_district(session, visit.account.district_id)
        listed = [shown(session, row) for row in rows]
        schools = list(session.scalars(_schools(visit.account.district_id)))
    return visit.render(
        "subscriptions/index.html", 200 if fault is None else 400, here="subscriptions", listed=listed,
        schools=schools, severities=[one.value for one in Severity], things=filters.THINGS, modes=MODES, fault=fault,
        given={name: field_of(given, name) if given else "" for name in ("name", "sink")},
    )  # fmt: skip


@action
@_by_administrators
def create(_request: Request, visit: Visit, form: FormData) -> Response:
    """Make a subscription, and show its secret this once."""
    chosen = {name: [str(one) for one in form.getlist(name)] for name in ("thing", "school", "severity")}
    wish = Wish(
        name=field_of(form, "name"), sink=field_of(form, "sink").strip(), mode=field_of(form, "mode"),
        filters=filters.of_choices(chosen["thing"], chosen["school"], chosen["severity"]),
        token=field_of(form, "token") or None,
    )  # fmt: skip
    console = visit.console
    try:
        with console.database.write() as session:
            made = service.create(
                session, console.keys, console.hosts, visit.account.district_id, wish, visit.actor, visit.now
            )
    except BadInput as error:
        return _index(visit, error.public, form)
    console.waker.wake("worker")
    return visit.render("subscriptions/secret.html", here="subscriptions", row=made.row, secret=made.secret, old=False)


@page
@_of_administrators
def show(request: Request, visit: Visit) -> Response:
    """Show a subscription and its latest deliveries."""
    with visit.console.database.read() as session:
        row = service.find(session, visit.account.district_id, request.path_params["id"])
        latest = service.latest(session, row.id)
        one, numbers = shown(session, row), _numbers(session, [delivery.lane for delivery, _ in latest])
    deliveries = [
        (delivery, event_catalogue.type_of(kind) if kind else None, trouble(delivery.code), numbers.get(delivery.lane))
        for delivery, kind in latest
    ]
    return visit.render("subscriptions/show.html", here="subscriptions", one=one, deliveries=deliveries,
                        askable=service.ASKABLE)  # fmt: skip


Work = Callable[[Session, Subscription, Visit, FormData], object]


def _doing(work: Work) -> Callable[[Request], object]:
    """Make an endpoint that does something with a subscription and shows it again."""

    @action
    @_by_administrators
    def do(request: Request, visit: Visit, form: FormData) -> Response:
        subscription_id = request.path_params["id"]
        with visit.console.database.write() as session:
            row = service.find(session, visit.account.district_id, subscription_id, lock=True)
            work(session, row, visit, form)
        visit.console.waker.wake("worker")
        return see(f"/subscriptions/{subscription_id}")

    return do


def _ask(session: Session, row: Subscription, visit: Visit, _form: FormData) -> None:
    service.ask_again(session, row, visit.actor, visit.now)


def _try_now(session: Session, row: Subscription, visit: Visit, _form: FormData) -> None:
    service.try_now(session, row, visit.actor, visit.now)


def _replay(session: Session, row: Subscription, visit: Visit, form: FormData) -> object:
    return service.replay_dead(session, row, visit.actor, visit.now, field_of(form, "delivery") or None)


def _replay_since(session: Session, row: Subscription, visit: Visit, form: FormData) -> object:
    since = _moment(field_of(form, "since"), words.zone(visit.district.timezone))
    return service.replay_since(session, row, since, visit.actor, visit.now)


@action
@_by_administrators
def rotate(request: Request, visit: Visit, _form: FormData) -> Response:
    """Make a new secret, and show it this once."""
    with visit.console.database.write() as session:
        row = service.find(session, visit.account.district_id, request.path_params["id"], lock=True)
        secret = service.rotate_secret(session, visit.console.keys, row, visit.actor, visit.now)
    return visit.render("subscriptions/secret.html", here="subscriptions", row=row, secret=secret, old=True)


@action
@_by_administrators
def end(request: Request, visit: Visit, _form: FormData) -> Response:
    """End a subscription."""
    with visit.console.database.write() as session:
        row = service.find(session, visit.account.district_id, request.path_params["id"], lock=True)
        service.end(session, row, visit.actor, visit.now)
    return see("/subscriptions")


def consent(request: Request) -> Response:
    """Take a receiver's consent that it gives by calling back. Source: CloudEvents HTTP Webhook 1.0.2 §4.1.3."""
    console = state.of(request)
    rate = request.headers.get("webhook-allowed-rate", "").strip()
    with console.database.write() as session:
        asking.agree_later(
            session, request.path_params["id"], request.query_params.get("key", ""), rate, console.clock()
        )
    console.waker.wake("worker")
    return PlainTextResponse("Thank you. Events will be sent from now on.\n")


def catalogue(request: Request) -> Response:
    """List every type of event, what it tells, and where its schema is."""
    origin = state.of(request).url
    listed = [
        {"type": name, "description": about, "dataschema": f"{origin}{cloud_events.SCHEMAS_PATH}/{name}.json"}
        for name, about in event_catalogue.types().items()
    ]
    return JSONResponse({"types": listed})


def schema(request: Request) -> Response:
    """Give the JSON Schema of a type's data. Raises: NotFound."""
    found = event_catalogue.schema(request.path_params["name"])
    if found is None:
        raise NotFound
    return JSONResponse(json.loads(found), media_type="application/schema+json")


def _moment(given: str, zone: tzinfo) -> datetime:
    """Read a date and time of a form, in the district's zone where it says none. Raises: BadInput."""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise BadInput("Give a date and a time.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _numbers(session: Session, lanes: Sequence[str]) -> dict[str, str]:
    """Name the cases of some lanes as people do."""
    keys = [lane.removeprefix("case/") for lane in lanes if lane.startswith("case/")]
    found = session.execute(select(Case.id, Case.number).where(Case.id.in_(keys)))
    return {f"case/{key}": number for key, number in found}


def _schools(district_id: str) -> Select[School]:
    return select(School).where(School.district_id == district_id).order_by(School.name)


ROUTES = (
    Route("/subscriptions", index, methods=["GET"]),
    Route("/subscriptions", create, methods=["POST"]),
    Route("/subscriptions/{id}", show, methods=["GET"]),
    Route("/subscriptions/{id}/ask", _doing(_ask), methods=["POST"]),
    Route("/subscriptions/{id}/try", _doing(_try_now), methods=["POST"]),
    Route("/subscriptions/{id}/replay", _doing(_replay), methods=["POST"]),
    Route("/subscriptions/{id}/replay-since", _doing(_replay_since), methods=["POST"]),
    Route("/subscriptions/{id}/secret", rotate, methods=["POST"]),
    Route("/subscriptions/{id}/end", end, methods=["POST"]),
    Route("/subscriptions/{id}/consent", consent, methods=["GET", "POST"]),
    Route(cloud_events.SCHEMAS_PATH, catalogue, methods=["GET"]),
    Route(cloud_events.SCHEMAS_PATH + "/{name}.json", schema, methods=["GET"]),
)
