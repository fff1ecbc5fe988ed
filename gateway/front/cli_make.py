"""`tipline migrate`: the tables of the database."""

from __future__ import annotations

import argparse
from contextlib import closing

from gateway.core.database import Database
from gateway.front import environment, migrations
from gateway.front.places import Var
from gateway.front.roles import granting


def migrate(_options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Bring the database's tables up to date, and the roles' rights in them; safe to run twice at once."""
    var.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(Database(environment.owner_url(var, environ))) as database:
        changed = migrations.upgrade(database)
        if granting.exist(database):
            granting.apply(database)
    print("The tables are up to date now." if changed else "The tables were up to date already.")
    return 0
