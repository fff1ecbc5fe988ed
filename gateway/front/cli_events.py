"""`tipline events`: the event log as others are sent it, the catalogue, and sending again."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from exports import cloud_events, event_catalogue
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.records import District, Event
from gateway.core.times import utc_now
from gateway.front import environment
from gateway.front.places import Var
from responders.cases.records import Case
from responders.subscriptions import places, service
from responders.subscriptions.records import DELETED, Subscription

_AT_ONCE = 200
_ACTOR = "process:operator"


def listing(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Print events as CloudEvents, one a line, oldest first."""
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.read() as session:
        query, left, after = _wanted(session, options), options.limit, 0
        while left > 0:
            page = query.where(Event.seq > after).order_by(Event.seq).limit(min(left, _AT_ONCE))
            events = list(session.scalars(page))
            if not events:
                break
            for one in places.snapshots(session, events, settings.report_minutes):
                print(cloud_events.render(one, settings.console_url).decode())
            left, after = left - len(events), events[-1].seq
    return 0


def catalogue(options: argparse.Namespace, _var: Var, _environ: dict[str, str]) -> int:
    """Print every type of event and what it tells; with --json the schema of each."""
    types = event_catalogue.types()
    if options.json:
        schemas = {name: json.loads(event_catalogue.schema(name) or "{}") for name in types}
        print(json.dumps(schemas, indent=1))
        return 0
    width = max(map(len, types))
    for name, about in types.items():
        print(f"{name.ljust(width)}  {about}")
    return 0


def replay(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Have events sent again: what was given up, or everything since a moment."""
    if options.since is None and not options.dead:
        raise BadInput("Say what to send again: --since TIME, or --dead.")
    since = None if options.since is None else moment(options.since)
    now, settings = utc_now(), environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.write() as session:
        rows = _subscriptions(session, options)
        done = {}
        for row in rows:
            count = service.replay_dead(session, row, _ACTOR, now) if options.dead else 0
            if since is not None and row.agreed_at is not None:  # One that never agreed keeps nothing from the others.
                count += service.replay_since(session, row, since, _ACTOR, now)
            done[row] = count
    for row, count in done.items():
        print(f"{row.name}: {count} events are sent again. ({row.id}, {row.state})")
    return 0


def moment(given: str) -> datetime:
    """Read a date or a time in ISO 8601, in UTC where it names no zone. Raises: BadInput."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise BadInput("A time is written as 2026-11-29 or 2026-11-29T08:15:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _wanted(session: Session, options: argparse.Namespace) -> Select[Event]:
    query = select(Event)
    if options.since is not None:
        query = query.where(Event.at >= moment(options.since))
    if options.type:
        query = query.where(Event.type.in_([_stored(one) for one in options.type]))
    if options.case is not None:
        case = session.scalar(select(Case.id).where(Case.number == options.case).order_by(Case.opened_at.desc()))
        if case is None:
            raise NotFound("There is no case of this number.")
        query = query.where(Event.subject.in_(places.lanes_of_cases(session, [case])))
    return query


def _stored(given: str) -> str:
    """Name a type as it is stored. Raises: NotFound."""
    kind = event_catalogue.stored_as(given).removeprefix(event_catalogue.PREFIX)
    if kind not in event_catalogue.KINDS:
        raise NotFound("There is no such type. `tipline events catalogue` lists them.")
    return event_catalogue.PREFIX + kind


def _subscriptions(session: Session, options: argparse.Namespace) -> list[Subscription]:
    query = select(Subscription).where(Subscription.state != DELETED)
    if options.subscription is not None:
        query = query.where(Subscription.id == options.subscription)
    if options.district is not None:
        district = select(District.id).where(District.slug == options.district).scalar_subquery()
        query = query.where(Subscription.district_id == district)
    rows = list(session.scalars(query.order_by(Subscription.created_at).with_for_update()))
    if not rows:
        raise NotFound("There is no such subscription. The console lists them under Subscriptions.")
    return rows
