"""`tipline export`: a case as a document, by whoever may read the console's keys."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from exports.words import Policy
from gateway.core import keys
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.records import District
from gateway.core.times import utc_now
from gateway.front import environment
from gateway.front.places import Var
from responders.cases.records import Case
from responders.exporting import service
from responders.exporting.reading import Reader
from responders.exporting.service import Wanted

_ACTOR = "operator"


def export(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Write a case as a document, to a file or to the terminal."""
    settings = environment.load("console", var, environ)
    policy = Policy(settings.report_minutes, settings.names_staff)
    reader = Reader(keys.load(settings.keys, "console"), settings.console_url, policy, utc_now())
    with closing(Database(settings.database_url)) as database:
        with database.read() as session:
            district_id = _district(session, options.case, options.district)
        wanted = Wanted(district_id, options.case, options.format, options.flavour)
        document = service.export(database, reader, wanted, _ACTOR)
    if options.out:
        environment.write_private(Path(options.out), document.content.decode())
    else:
        sys.stdout.buffer.write(document.content)
    return 0


def _district(session: Session, number: str, slug: str | None) -> str:
    """Find whose case it is. Raises: NotFound; BadInput when several have one of that number."""
    query = select(District.id).join(Case, Case.district_id == District.id).where(Case.number == number)
    found = session.scalars(query.where(District.slug == slug) if slug else query).all()
    if not found:
        raise NotFound("There is no case of that number.")
    if len(found) > 1:
        raise BadInput("Several districts have a case of that number. Say which with --district.")
    return found[0]
