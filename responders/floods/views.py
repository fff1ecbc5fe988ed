"""The console page of what is held aside in a flood, and the one thing to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core import conversation
from gateway.core.errors import KeyRefused, NotFound
from gateway.core.records import Message, Thread
from responders.accounts.gate import Visit, action, page, see
from responders.cases import highlight, masks
from responders.cases import service as cases
from responders.cases.highlight import Piece
from responders.floods import service

_UNREADABLE = "These words cannot be opened here."


@dataclass(frozen=True)
class Shown:
    """A held text, as staff may read it."""

    at: datetime
    pieces: list[Piece]


@dataclass(frozen=True)
class Talk:
    """A conversation of which texts are held."""

    thread: Thread
    case_number: str | None
    count: int
    newest: list[Shown]


@dataclass(frozen=True)
class OfPlace:
    """What is held of what came in on one line, or on the web about one school."""

    label: str
    way: str
    count: int
    talks: list[Talk]


@page
def held(_request: Request, visit: Visit) -> Response:
    """Show what is held, place by place, with the newest texts."""
    with visit.console.database.read() as session:
        places = [_place(session, visit, one) for one in service.held(session, visit.account.district_id)]
    return visit.render("floods/held.html", here="held", places=places)


@action
def let_through(request: Request, visit: Visit, _form: FormData) -> Response:
    """Let the held texts of a conversation through into its case."""
    with visit.console.database.write() as session:
        thread = session.get(Thread, request.path_params["thread"])
        if thread is None or thread.district_id != visit.account.district_id:
            raise NotFound
        service.release(session, thread, visit.actor, visit.now)
    visit.console.waker.wake("worker")
    return see("/held")


def _place(session: Session, visit: Visit, held: service.HeldPlace) -> OfPlace:
    talks = [_talk(session, visit, one) for one in held.threads]
    if held.line:
        return OfPlace(held.line.label, held.line.number, held.count, talks)
    return OfPlace(held.school.name if held.school else visit.district.name, "on the web", held.count, talks)


def _talk(session: Session, visit: Visit, held: service.HeldThread) -> Talk:
    case = cases.case_of_thread(session, held.thread.id)
    lifted = masks.lifted(session, visit.console.keys, [message.id for message in held.newest])
    newest = [Shown(message.at, _pieces(visit, message, lifted.get(message.id, []))) for message in held.newest]
    return Talk(held.thread, case.number if case else None, held.count, newest)


def _pieces(visit: Visit, message: Message, lifted: list[masks.Lifted]) -> list[Piece]:
    try:
        words = conversation.words(visit.console.keys, message)
    except KeyRefused:
        return [Piece(_UNREADABLE)]
    return highlight.pieces(words, (), masks.of(message, words, visit.district.country, lifted))


ROUTES = (
    Route("/held", held, methods=["GET"]),
    Route("/held/{thread}/let-through", let_through, methods=["POST"]),
)
