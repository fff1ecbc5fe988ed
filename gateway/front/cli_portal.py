"""`tipline portal`: the schools' links, whose numbers stand on their pages, and how much is much."""

from __future__ import annotations

import argparse
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.portal import help_lines, schools
from gateway.core import numbers
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.events import emit
from gateway.core.records import District, School
from gateway.core.times import utc_now
from gateway.front import environment
from gateway.front.places import Var

_LONGEST_NAME = 40
"""Beside its number it stands on one line of a phone."""


def portal(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Show what the portal shows of each school, or change some of it."""
    settings = environment.load("operator", var, environ)
    database = Database(settings.database_url)
    changing = options.line or options.no_lines or options.leave_url is not None or _limits(options)
    if changing and not options.slug:
        raise BadInput("Say which district or school to change.")
    try:
        if changing:
            with database.write() as session:
                _change(session, options)
        with database.read() as session:
            found = [_row(place, settings.public_url) for place in schools.all_of(session)]
    finally:
        database.close()
    wanted = [row for row in found if not options.slug or f"{row['school']}/".startswith(f"{options.slug}/")]
    if not wanted:
        raise NotFound("There is no such district or school. `tipline portal` lists them.")
    print(json.dumps(wanted, indent=1, ensure_ascii=False) if options.json else "\n".join(map(_sentence, wanted)))
    return 0


def _change(session: Session, options: argparse.Namespace) -> None:
    slug, _, school_slug = options.slug.partition("/")
    district = session.scalar(select(District).where(District.slug == slug))
    school = district and session.scalar(
        select(School).where(School.district_id == district.id, School.slug == school_slug)
    )
    if district is None or (school_slug and school is None):
        raise NotFound("There is no such district or school. `tipline portal` lists them.")
    if options.line or options.no_lines:
        (school or district).help_lines = [_line(given, district.country) for given in options.line or ()] or None
    if options.leave_url is not None:
        if school:
            raise BadInput("The way out is a district's.")
        if options.leave_url and not options.leave_url.startswith("https://"):
            raise BadInput("The way out is an https:// address.")
        district.leave_url = options.leave_url or None
    if limits := _limits(options):
        if school:
            raise BadInput("Limits are a district's; they hold for each of its schools.")
        if min(limits.values()) < 0:
            raise BadInput("Reports in a minute are 0, for no limit, or more.")
        for name, value in limits.items():
            setattr(district, name, value)
    emit(
        session, "portal.changed", subject=f"school/{school.id}" if school else f"district/{district.id}",
        actor="operator", at=utc_now(), district_id=district.id, **_limits(options),
    )  # fmt: skip


def _limits(options: argparse.Namespace) -> dict[str, int]:
    """Name the limits that are to be set, by their columns."""
    wanted = {
        "reports_per_minute": options.reports_per_minute,
        "thread_reports_per_minute": options.thread_reports_per_minute,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _line(given: str, country: str) -> dict[str, str]:
    name, _, number = (part.strip() for part in given.rpartition("="))
    if not name or len(name) > _LONGEST_NAME:
        raise BadInput(f"A line is NAME=NUMBER, its name up to {_LONGEST_NAME} characters.")
    address = numbers.normalize(number, country)
    if address.kind == "other":
        raise BadInput("That is no phone number.")
    return {"name": name, "number": address.value}


def _row(place: schools.Place, public_url: str) -> dict[str, Any]:
    shown = help_lines.of(place.district, place.school)
    return {
        "school": f"{place.district.slug}/{place.school.slug}",
        "name": place.school.name,
        "link": f"{public_url}{place.path}",
        "poster": f"{public_url}{place.path}/poster",
        "help": [f"{line.short}: {line.shown}" for line in shown.lines],
        "leave_url": shown.leave_url,
        "reports_per_minute": place.district.reports_per_minute,
        "thread_reports_per_minute": place.district.thread_reports_per_minute,
    }


def _sentence(row: dict[str, Any]) -> str:
    return f"{row['school']}  {row['name']}  {row['link']}\n    {'; '.join(row['help'])}; way out: {row['leave_url']}"
