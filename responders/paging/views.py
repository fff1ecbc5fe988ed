"""Console pages of paging: acknowledging with a button, and answers to pages that were not understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core import conversation
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.events import TYPE_PREFIX
from gateway.core.records import Event, Message
from responders.accounts.gate import Visit, action, field_of, page, see
from responders.cases.views import find
from responders.directory import service as directory
from responders.paging import service

_SHOWN = 50
_WHY = {
    "no_code": "no code in it",
    "unknown_code": "not the code of a page that is open",
    "not_a_responder": "from a phone that is nobody's on the list",
    "unreadable": "its words could not be opened",
}


@dataclass(frozen=True)
class Unclear:
    """An answer that acknowledged nothing."""

    name: str
    at: datetime
    text: str = field(repr=False)
    why: str


@action
def acknowledge(request: Request, visit: Visit, _form: FormData) -> Response:
    """Take a case up: it is acknowledged and its paging ends."""
    number = request.path_params["number"]
    with visit.console.database.write() as session:
        service.acknowledge(session, find(session, visit, number), visit.actor, visit.now)
    visit.console.waker.wake("worker")
    return see(f"/cases/{number}")


@action
def correct(request: Request, visit: Visit, form: FormData) -> Response:
    """Say what a case really is, with a reason; a grave one that nobody attends calls people out."""
    number, seen = request.path_params["number"], field_of(form, "seen")
    asked = (field_of(form, "severity"), field_of(form, "category"), field_of(form, "why"))
    try:
        seen_at = datetime.fromisoformat(seen)
    except ValueError as error:
        raise BadInput from error
    with visit.console.database.write() as session:
        service.correct(session, find(session, visit, number), *asked, visit.actor, visit.now, seen=seen_at)
    visit.console.waker.wake("worker")
    return see(f"/cases/{number}#sure")


@page
def unclear(_request: Request, visit: Visit) -> Response:
    """Show the latest answers to pages that were not understood: someone may think that they acknowledged."""
    with visit.console.database.read() as session:
        found = _unclear(session, visit)
    return visit.render("paging/unclear.html", here="unclear", answers=found)


def _unclear(session: Session, visit: Visit) -> list[Unclear]:
    of_district = Event.district_id == visit.account.district_id
    query = select(Event).where(of_district, Event.type == f"{TYPE_PREFIX}page.answer_unclear")
    return [_opened(session, visit, event) for event in session.scalars(query.order_by(Event.seq.desc()).limit(_SHOWN))]


def _opened(session: Session, visit: Visit, event: Event) -> Unclear:
    message = session.get_one(Message, event.data["message"])
    responder = directory.of_contact(session, message.contact_id) if message.contact_id else None
    try:
        text = conversation.words(visit.console.keys, message)
    except KeyRefused:
        text = ""
    why = _why(str(event.data.get("why")), text)
    return Unclear(responder.name if responder else "Somebody", message.at, text, why)


def _why(code: str, text: str) -> str:
    """Say why an answer was not understood; digits that are not four are a code that was mistyped."""
    if code == "no_code" and any(sign.isdecimal() for sign in text):
        return "not a 4-digit code"
    return _WHY.get(code, code.replace("_", " "))


ROUTES = (
    Route("/cases/{number}/acknowledge", acknowledge, methods=["POST"]),
    Route("/cases/{number}/correct", correct, methods=["POST"]),
    Route("/unclear", unclear, methods=["GET"]),
)
