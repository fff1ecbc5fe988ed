"""The console page of who is on call. It names people, never their numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.records import School
from responders.accounts.gate import Visit, page
from responders.directory import service
from responders.directory.records import Responder
from triage.policy import PagingPolicy

ROLE = {
    "counsellor": "Counselor",
    "administrator": "Administrator",
    "officer": "School resource officer",
    "operator": "Night operator",
}
"""Role codes as the console names them."""


@dataclass(frozen=True)
class Roster:
    """Who is called out for a school, in order: first `on_call`, then `next`."""

    school: str
    on_call: list[Responder]
    next: list[Responder]


@page
def on_call(_request: Request, visit: Visit) -> Response:
    """Show who is on call for each school of the district."""
    with visit.console.database.read() as session:
        rosters = _rosters(session, visit.account.district_id)
    return visit.render("directory/on_call.html", here="on-call", rosters=rosters, roles=ROLE, policy=PagingPolicy())


def _rosters(session: Session, district_id: str) -> list[Roster]:
    schools = session.scalars(select(School).where(School.district_id == district_id).order_by(School.name))
    places: list[tuple[str, str | None]] = [(school.name, school.id) for school in schools]
    return [
        Roster(name, both[service.ON_CALL], both[service.ESCALATION])
        for name, key in [*places, ("Whole district", None)]
        for both in [service.lists(session, district_id, key)]
    ]


ROUTES = (Route("/on-call", on_call, methods=["GET"]),)
