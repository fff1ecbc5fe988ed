"""`tipline database roles`: PostgreSQL roles of the processes, shown as SQL or made."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Mapping
from contextlib import closing

from gateway.core.database import Database
from gateway.core.errors import BadInput
from gateway.front import environment
from gateway.front.places import Var
from gateway.front.roles import drift, granting

_PASSWORD_BYTES = 24


def roles(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Print the SQL; or run it as the database's owner, and with --passwords give each process its own way in."""
    if options.passwords and not options.apply:
        raise BadInput("--passwords goes with --apply.")
    if not options.apply:
        print(granting.script())
        return 0
    url = environment.owner_url(var, environ)
    with closing(Database(url)) as database:
        granting.apply(database)
        print("Each role has the rights of its process, and no other.")
        if options.passwords:
            _hand_out(var, url, granting.set_passwords(database, lambda: secrets.token_urlsafe(_PASSWORD_BYTES)))
        with database.read() as session:
            return _told(drift.differences(session))


def _hand_out(var: Var, owner: str, urls: Mapping[str, str]) -> None:
    """Write each process's URL into its own file; the owner's is kept apart, for migrations and the like."""
    _note(var, "owner", owner)
    for process, url in urls.items():
        _note(var, process, url)
    print(f"DATABASE_URL is in {var.env('<process>')} for each; yours, as the owner, in {var.env('owner')}.")
    print("Take DATABASE_URL out of the environment, where it would win over these files. Then restart Tipline.")


def _note(var: Var, process: str, url: str) -> None:
    path = var.env(process)
    environment.write(path, {**environment.read(path), "DATABASE_URL": url})


def _told(differences: list[str]) -> int:
    """Say what is granted in other ways than ours, e.g. by membership in another role."""
    for one in differences:
        print(f"tipline: {one}")
    return 1 if differences else 0
