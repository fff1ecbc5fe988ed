"""Commands of retention: deadlines, runs, the report; and legal holds on cases."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import courier, erasing, key_ends, keys
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.records import District
from gateway.core.settings import Settings
from gateway.core.times import iso, utc_now
from gateway.front import environment
from gateway.front.places import Var
from gateway.front.wiring import retention as wiring
from responders.cases import holds
from responders.cases.records import Case
from responders.retention import destroying, report, rules, service
from responders.retention.destroying import Destroyer
from responders.retention.records import KeyEnd

_ACTOR = "operator"


def show(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Show the deadlines of each district."""
    with closing(_database(var, environ)) as database, database.read() as session:
        districts = session.scalars(select(District).order_by(District.slug)).all()
        found = {one.slug: dict(rules.of_district(session, one.id)) for one in districts}
    if options.json:
        print(json.dumps(found, indent=1))
    for slug, deadlines in found.items() if not options.json else ():
        print(slug + "".join(f"\n  {kind:<11} {duration}" for kind, duration in deadlines.items()))
    return 0


def change(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Set the deadline of a kind in a district."""
    rules.check(options.kind, options.duration)
    with closing(_database(var, environ)) as database, database.write() as session:
        rules.change(session, _district(session, options.district), options.kind, options.duration, _ACTOR, utc_now())
    print(f"{options.kind} of {options.district} are kept for {options.duration}.")
    return 0


def run(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Order a run, or say with --dry-run what one would do, or do it in this very process with --here."""
    settings = environment.load(_ACTOR, var, environ)
    if options.dry_run or options.here:
        settings = settings.model_copy(update={"database_url": environment.owner_url(var, environ)})
    with closing(Database(settings.database_url)) as database:
        if options.dry_run:
            with database.read() as session:
                found = report.preview(session, settings.keys_dir / "worker", utc_now())
            print(json.dumps(found, indent=1) if options.json else "\n".join(_plan(found)))
            return 0
        with database.write() as session:
            run_id = service.order(session, _ACTOR, utc_now()).id
        if options.here:
            _here(settings, database)
        if options.json:
            print(json.dumps({"run": run_id, "done": options.here}))
        elif options.here:
            print("Done. `tipline retention report` says what went.")
        else:
            print("Ordered. The worker begins within a minute; `tipline retention report` says what went.")
    return 0


def _here(settings: Settings, database: Database) -> None:
    """Do what worker, courier, console and clock do, as the one user that owns all their folders."""
    root = settings.keys_dir
    while Destroyer(database, keys.load(root / "worker", "worker"), root / "worker", utc_now).work():
        pass
    courier.forget_all(database)
    destroying.end_keys_of_console(database, root / "console", utc_now)
    wiring.trim(settings.model_copy(update={"process": "clock"}), database, utc_now)
    with database.read() as session:
        ended = session.scalars(select(KeyEnd).where(KeyEnd.console_gone_at.is_not(None))).all()
    for end in ended:
        for process in sorted({*keys.PROCESSES} - {"worker", "console"}):
            key_ends.destroy(root / process, end.district, end.month, utc_now())
    erasing.sweep_files(database, vacuum=True)


def tell(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Report what was destroyed, and when. Exit code 1 when a month's keys could not be."""
    with closing(_database(var, environ)) as database, database.read() as session:
        found, stuck = report.past(session), report.stuck(session)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(line for one in found for line in _run(one)) or "There was no run so far.")
    return 1 if stuck else 0


def hold(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Keep a case, its words and all that belongs to it, beyond any deadline."""
    with closing(_database(var, environ)) as database, database.write() as session:
        case = _case(session, options)
        placed = holds.place(session, case, options.reason_code, _ACTOR, utc_now())
    print(f"Case {options.case} is held{'' if placed else ' already'}: {options.reason_code}.")
    return 0


def release(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """End every hold of a case."""
    with closing(_database(var, environ)) as database, database.write() as session:
        ended = holds.release(session, _case(session, options), _ACTOR, utc_now())
    print(f"Case {options.case} is not held any more." if ended else f"Case {options.case} was not held.")
    return 0


def held(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """List the cases under a hold."""
    with closing(_database(var, environ)) as database, database.read() as session:
        numbers = {case_id: session.get_one(Case, case_id).number for case_id in holds.held_ids(session)}
        found = [
            {"case": numbers[one.case_id], "reason": one.reason_code, "since": iso(one.placed_at), "by": one.placed_by}
            for one in holds.standing(session, numbers)
        ]
    lines = [f"{one['case']}  {one['reason']}  since {one['since']} by {one['by']}" for one in found]
    print(json.dumps(found, indent=1) if options.json else "\n".join(lines) or "No case is held.")
    return 0


def _database(var: Var, environ: dict[str, str]) -> Database:
    return Database(environment.load(_ACTOR, var, environ).database_url)


def _district(session: Session, slug: str) -> District:
    found = session.scalar(select(District).where(District.slug == slug))
    if found is None:
        raise NotFound("There is no such district. `tipline retention` lists them.")
    return found


def _case(session: Session, options: argparse.Namespace) -> Case:
    query = select(Case).where(Case.number == options.case)
    if options.district:
        query = query.where(Case.district_id == _district(session, options.district).id)
    found = session.scalars(query).all()
    if not found:
        raise NotFound("There is no case of that number.")
    if len(found) > 1:
        raise BadInput("Several districts have a case of that number. Say which with --district.")
    return found[0]


def _plan(found: dict[str, Any]) -> Iterator[str]:
    yield from (_count(row) for row in found["destroyed"])
    yield _kept(found["kept"])
    for end in found["keys"]:
        yield f"  keys of {end['district']} {end['month']} would be destroyed"
    yield "Nothing was changed."


def _run(found: dict[str, Any]) -> Iterator[str]:
    state = f"done {found['finished']}" if found["finished"] else "not done yet"
    yield f"{found['ordered_at']}  by {found['ordered_by']}, {state}"
    yield from (_count(row) for row in found["destroyed"])
    yield _kept(found["kept"])
    for end in found["keys"]:
        gone = [process for process in ("worker", "console") if end[process]]
        words = f"destroyed at {' and '.join(gone)}" if gone else end["finding"] or "not destroyed yet"
        yield f"  keys of {end['district']} {end['month']}: {end['resealed']} envelopes went on, {words}"


def _count(row: dict[str, Any]) -> str:
    more = f", {row['messages']} messages" if row.get("messages") else ""
    return f"  {row['district']} {row['month']} {row['kind']}: {row['things']}{more}"


def _kept(kept: dict[str, int]) -> str:
    return (
        f"  past a deadline and kept: {kept['held']} held, {kept['open']} open, {kept['carrier']} wait for the carrier"
    )
