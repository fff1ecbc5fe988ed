"""`tipline lines`: what our numbers are for, and what happens to their texts at the carrier."""

from __future__ import annotations

import argparse
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.events import emit
from gateway.core.records import Line
from gateway.core.times import iso, utc_now
from gateway.front import environment
from gateway.front.places import Var


def lines(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Show the lines, or change one."""
    database = Database(environment.load("operator", var, environ).database_url)
    wanted = {
        "deletes_at_carrier": options.delete_at_carrier,
        "proof_every_minutes": options.prove_every,
        "texts_per_minute": options.texts_per_minute,
        "thread_texts_per_minute": options.thread_texts_per_minute,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    if changes and not options.number:
        raise BadInput("Say which number to change.")
    try:
        if changes:
            with database.write() as session:
                _change(session, options.number, changes)
        with database.read() as session:
            found = [_row(line) for line in _find(session, options.number)]
    finally:
        database.close()
    print(json.dumps(found, indent=1) if options.json else "\n".join(_sentence(row) for row in found))
    return 0


def _find(session: Session, number: str | None) -> list[Line]:
    query = select(Line).order_by(Line.number)
    found = list(session.scalars(query.where(Line.number == number) if number else query))
    if number and not found:
        raise NotFound("That is none of our lines. `tipline lines` lists them.")
    return found


def _change(session: Session, number: str, changes: dict[str, bool | int]) -> None:
    if changes.get("proof_every_minutes", 0) < 0:
        raise BadInput("Minutes are 0, for never, or more.")
    if min(changes.get("texts_per_minute", 0), changes.get("thread_texts_per_minute", 0)) < 0:
        raise BadInput("Texts in a minute are 0, for no limit, or more.")
    (line,) = _find(session, number)
    for name, value in changes.items():
        setattr(line, name, value)
    emit(
        session, "line.changed", subject=f"line/{line.id}", actor="operator", at=utc_now(),
        district_id=line.district_id, **changes,
    )  # fmt: skip


def _row(line: Line) -> dict[str, str | int | bool | None]:
    return {
        "number": line.number,
        "purpose": line.purpose,
        "label": line.label,
        "delete_at_carrier": line.deletes_at_carrier,
        "prove_every_minutes": line.proof_every_minutes if line.purpose == "reports" else 0,
        "texts_per_minute": line.texts_per_minute,
        "thread_texts_per_minute": line.thread_texts_per_minute,
        "listed_until": iso(line.listed_until) if line.listed_until else None,
    }


def _sentence(row: dict[str, str | int | bool | None]) -> str:
    kept = "deleted at the carrier once safe here" if row["delete_at_carrier"] else "kept at the carrier"
    every = row["prove_every_minutes"]
    proved = f"; proved every {every} minutes" if every else ""
    return f"{row['number']}  {row['purpose']}  {row['label']}: {kept}{proved}"
