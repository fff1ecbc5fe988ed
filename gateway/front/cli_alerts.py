"""`tipline alerts`: the key that signs, how a district warns, where its schools are, where alerts go."""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports import cap
from gateway.core import cap_keys, key_files, keys
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.http import Guarded
from gateway.core.records import District, School
from gateway.core.settings import Settings
from gateway.core.times import iso, utc_now
from gateway.front import environment
from gateway.front.places import Var
from responders.directory.records import SchoolArea
from responders.escalation import service, setting


def show(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Show how each district warns, where its schools are, and where alerts go."""
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.read() as session:
        rows = [_row(session, district) for district in session.scalars(select(District).order_by(District.slug))]
    found = cap_keys.current(settings.keys_dir / cap_keys.HOLDER)
    until = iso(found.not_valid_after_utc) if found else None
    if options.json:
        print(json.dumps({"certificate_until": until, "districts": rows}, indent=1, ensure_ascii=False))
        return 0
    print(
        f"Signed with a certificate that holds until {until}." if until else "Alerts are not signed: there is no key."
    )
    for row in rows:
        print(_sentence(row, settings.public_url))
    return 0


def key(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Make the key and certificate that sign alerts, or take a pair that an authority made."""
    root, now = environment.load("operator", var, environ).keys_dir, utc_now()
    if bool(options.key) != bool(options.certificate) or bool(options.key) == bool(options.name):
        raise BadInput("Say --name NAME, or --key FILE and --certificate FILE.")
    if options.key:
        pair = cap_keys.bring(_bytes(options.key), _bytes(options.certificate))
    else:
        pair = cap_keys.bring(*cap.signature.make_key(_name(options.name), now, options.days))
    in_use = cap_keys.install(root, pair, now, key_files.replace)
    path = root / cap_keys.HOLDER / ("cap.pub" if in_use else "cap-next.pub")
    words = (
        f"Alerts are signed from now on. {path} is the certificate: give it to whoever is to trust them."
        if in_use
        else f"{path} is the next certificate: give it to whoever trusts the present one, then "
        "`tipline keys rotate cap --finish`."
    )
    print(json.dumps({"certificate": str(path), "fingerprint": pair.id, "in_use": in_use}) if options.json else words)
    return 0


def change(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Change how a district warns; a new link to its feed is printed once."""
    names = ("sender", "second_person", "ipaws", "folder")
    values = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    settings = environment.load("operator", var, environ)
    token = secrets.token_urlsafe(24)
    with _writing(settings) as (session, now):
        district = _district(session, options.district)
        if options.feed == "token":
            setting.issue_link(session, district, token, now)
        elif options.feed is not None:
            values["feed"] = options.feed
        setting.change(session, district, now, **values)
    middle = {"token": f"/{token}", "public": ""}.get(options.feed or "off")
    link = None if middle is None else f"{settings.public_url}/alerts/{options.district}{middle}/feed.atom"
    print(json.dumps({"feed": link}) if options.json else link or "Changed.")
    return 0


def area(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Say where a school is, for its alerts."""
    slug, _, school_slug = options.school.partition("/")
    with _writing(environment.load("operator", var, environ)) as (session, now):
        district = _district(session, slug)
        query = select(School).where(School.district_id == district.id, School.slug == school_slug)
        school = session.scalar(query)
        if school is None:
            raise NotFound("There is no such school. Name it as DISTRICT/SCHOOL; `tipline portal` lists them.")
        shapes = (options.polygon, options.circle, options.geocode)
        setting.place(session, school, district, options.description or school.name, shapes, now)
    print(json.dumps({"school": options.school}) if options.json else "Alerts of this school begin with that place.")
    return 0


def add(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Have alerts sent to a server or an e-mail address; a server's secret is printed once."""
    settings = environment.load("operator", var, environ)
    key_set, client = keys.load(settings.keys_dir / "intake", "intake"), Guarded(settings.allowed_hosts)
    with closing(client), _writing(settings) as (session, now):
        district, statuses = _district(session, options.district), options.status or setting.WANTED
        secret = setting.add_target(session, key_set, client, district, options.address, statuses, now)
    words = f"Its requests are signed (Standard Webhooks) with {secret}" if secret else "Alerts are mailed there."
    print(json.dumps({"secret": secret}) if options.json else words)
    return 0


def remove(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Send no more alerts somewhere."""
    with _writing(environment.load("operator", var, environ)) as (session, now):
        setting.remove_target(session, _district(session, options.district), options.address, now)
    print(json.dumps({"removed": options.address}) if options.json else "No more alerts go there.")
    return 0


@contextmanager
def _writing(settings: Settings) -> Iterator[tuple[Session, datetime]]:
    with closing(Database(settings.database_url)) as database, database.write() as session:
        yield session, utc_now()


def _district(session: Session, slug: str) -> District:
    found = session.scalar(select(District).where(District.slug == slug))
    if found is None:
        raise NotFound("There is no such district. `tipline alerts` lists them.")
    return found


def _row(session: Session, district: District) -> dict[str, Any]:
    rules = service.rules_of(session, district.id)
    query = select(School.slug, SchoolArea.description).outerjoin(SchoolArea, SchoolArea.school_id == School.id)
    places = session.execute(query.where(School.district_id == district.id).order_by(School.slug))
    return {
        "district": district.slug,
        "sender": rules.sender or f"tipline-{district.slug}",
        "second_person": rules.second_person,
        "ipaws": rules.ipaws,
        "feed": rules.feed,
        "folder": rules.folder,
        "schools": {f"{district.slug}/{slug}": description for slug, description in places},
        "targets": [
            {"way": one.way, "address": one.address, "statuses": one.statuses}
            for one in setting.targets(session, district.id)
        ],
    }


def _sentence(row: dict[str, Any], public_url: str) -> str:
    two = "a second person approves" if row["second_person"] else "one person is enough"
    feed = f"{public_url}/alerts/{row['district']}/feed.atom" if row["feed"] == "public" else row["feed"]
    lines = [f"{row['district']}  sender {row['sender']}; {two}; feed: {feed}"]
    lines += [f"    {slug}: {place or 'no place yet'}" for slug, place in row["schools"].items()]
    lines += ["    folder"] if row["folder"] else []
    lines += [f"    {one['address']}: {', '.join(one['statuses'])}" for one in row["targets"]]
    return "\n".join(lines)


def _name(given: str) -> str:
    if not 0 < len(given.strip()) <= 64:
        raise BadInput("Say who signs, in up to 64 characters, e.g. the district's name.")
    return given.strip()


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        raise BadInput(f"{path} cannot be read.") from None
