"""`tipline token`: the bearer tokens of other systems."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.records import District
from gateway.core.times import iso, utc_now
from gateway.front import environment
from gateway.front.places import Var
from responders.accounts import service as accounts
from responders.accounts.records import ApiToken


def make(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Make a bearer token and print it, once: only its hash is kept."""
    if not options.name or not options.scope:
        raise BadInput("A new token needs --name and --scope. `tipline token list` shows those there are.")
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.write() as session:
        slugs = list(session.scalars(select(District.slug)))
        wanted = options.district or (slugs[0] if len(slugs) == 1 else None)
        if wanted is None:
            raise BadInput(f"Name a district with --district: {', '.join(sorted(slugs)) or 'there is none yet'}.")
        district = _district(session, wanted)
        plain = accounts.issue_token(session, district.id, options.name, options.scope, utc_now(), options.days)
    print(json.dumps({"token": plain}) if options.json else plain)
    return 0


def listing(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """List tokens; what is kept of one tells nobody what it is."""
    _refuse_of_new(options)
    settings, now = environment.load("operator", var, environ), utc_now()
    with closing(Database(settings.database_url)) as database, database.read() as session:
        district = _district(session, options.district) if options.district else None
        slugs = {key: slug for key, slug in session.execute(select(District.id, District.slug))}  # noqa: C416 - rows are not pairs to mypy
        found = accounts.tokens(session, district.id if district else None)
        rows = [_shown(one, slugs[one.district_id], now) for one in found]
    if options.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for row in rows:
        until = f", until {row['expires_at']}" if row["expires_at"] and row["state"] == "valid" else ""
        print(f"{row['id']}  {row['district']}  {row['name']}: {', '.join(row['scopes'])}. {row['state']}{until}")
    if not rows:
        print("No other system has a token. `tipline token --name NAME --scope SCOPE` makes one.")
    return 0


def revoke(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """End a token."""
    _refuse_of_new(options)
    if options.district:
        raise BadInput("An id needs no --district: `tipline token revoke ID`.")
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database, database.write() as session:
        name = accounts.revoke_token(session, options.token, utc_now()).name
    print(json.dumps({"revoked": options.token}) if options.json else f"The token of {name} counts no more.")
    return 0


def _refuse_of_new(options: argparse.Namespace) -> None:
    """Say that no token is made by a command that makes none. Raises: BadInput."""
    if options.name or options.scope or options.days is not None:
        raise BadInput("--name, --scope and --days are for a new token: leave `list` or `revoke` out to make one.")


def _shown(token: ApiToken, district: str, now: datetime) -> dict[str, Any]:
    ran_out = token.expires_at is not None and token.expires_at <= now
    state = "revoked" if token.revoked_at else "run out" if ran_out else "valid"
    times = {"created_at": token.created_at, "expires_at": token.expires_at, "revoked_at": token.revoked_at}
    return {
        "id": token.id, "district": district, "name": token.name, "scopes": token.scopes, "state": state,
        **{name: iso(at) if at else None for name, at in times.items()},
    }  # fmt: skip


def _district(session: Session, slug: str) -> District:
    found = session.scalar(select(District).where(District.slug == slug))
    if found is None:
        raise NotFound(f"There is no district {slug!r}.")
    return found
