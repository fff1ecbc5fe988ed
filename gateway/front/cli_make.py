"""Commands that make something: token, migrate."""

from __future__ import annotations

import argparse
import json
from contextlib import closing

from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.records import District
from gateway.core.times import utc_now
from gateway.front import environment, migrations
from gateway.front.places import Var
from gateway.front.roles import granting
from responders.accounts import service as accounts


def token(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Make a bearer token and print it, once: only its hash is kept."""
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.write() as session:
        slugs = list(session.scalars(select(District.slug)))
        wanted = options.district or (slugs[0] if len(slugs) == 1 else None)
        if wanted is None:
            raise BadInput(f"Name a district with --district: {', '.join(sorted(slugs)) or 'there is none yet'}.")
        district = session.scalar(select(District).where(District.slug == wanted))
        if district is None:
            raise NotFound(f"There is no district {wanted!r}.")
        plain = accounts.issue_token(session, district.id, options.name, options.scope, utc_now(), options.days)
    print(json.dumps({"token": plain}) if options.json else plain)
    return 0


def migrate(_options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Bring the database's tables up to date, and the roles' rights in them; safe to run twice at once."""
    var.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(Database(environment.owner_url(var, environ))) as database:
        changed = migrations.upgrade(database)
        if granting.exist(database):
            granting.apply(database)
    print("The tables are up to date now." if changed else "The tables were up to date already.")
    return 0
