"""`tipline sources`: the other systems that may tell us things."""

from __future__ import annotations

import argparse
import json
from contextlib import closing

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import systems
from gateway.core.database import Database
from gateway.core.errors import NotFound
from gateway.core.records import District, School, Source
from gateway.core.times import utc_now
from gateway.front import environment
from gateway.front.places import Var


def show(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """List them, with the address that each sends to."""
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.read() as session:
        rows = [
            {"district": one.slug, "name": source.name, "signs": source.public_key is not None,
             "address": _address(settings.public_url, source)}
            for one in session.scalars(select(District).order_by(District.slug))
            for source in systems.of_district(session, one.id)
        ]  # fmt: skip
    if options.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for row in rows:
        print(f"{row['district']}  {row['name']}: {row['address']}, {'signs' if row['signs'] else 'shows a token'}")
    if not rows:
        print("No other system may tell us things. `tipline sources add DISTRICT NAME` lets one.")
    return 0


def add(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Let a system tell us things; its token is printed once."""
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.write() as session:
        district = _district(session, options.district)
        school = _school(session, district, options.school) if options.school else None
        source, token = systems.add(session, district, school, options.name, options.public_key, utc_now())
        address = _address(settings.public_url, source)
    words = f"It sends CloudEvents to {address}" + (
        f" with the header\nAuthorization: Bearer {token}" if token else ", signed (Standard Webhooks, v1a)"
    )
    print(json.dumps({"address": address, "token": token}) if options.json else words)
    return 0


def remove(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Hear a system no more."""
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.write() as session:
        systems.remove(session, _district(session, options.district), options.name, utc_now())
    print(json.dumps({"removed": options.name}) if options.json else "It is heard no more.")
    return 0


def _address(public_url: str, source: Source) -> str:
    return f"{public_url}/inbound/{source.id}"


def _district(session: Session, slug: str) -> District:
    found = session.scalar(select(District).where(District.slug == slug))
    if found is None:
        raise NotFound("There is no such district. `tipline alerts` lists them.")
    return found


def _school(session: Session, district: District, slug: str) -> School:
    found = session.scalar(select(School).where(School.district_id == district.id, School.slug == slug))
    if found is None:
        raise NotFound("The district has no such school. `tipline portal` lists them.")
    return found
