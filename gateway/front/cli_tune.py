"""`tipline tune` and `tipline assess --replay`: a district's own words, and what new ones would change.

Both work as the console does, who alone may write a pack and open both packs and tips: with its settings
(`var/env/console.env`), its database role and its key folder. Whoever may not read those is refused. `operator` cannot:
a pack says what a district watches for, and that role opens nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.errors import BadInput, NotFound
from gateway.core.keys import KeySet
from gateway.core.records import District
from gateway.core.times import iso, utc_now
from gateway.front import environment
from gateway.front.places import Var
from responders import replaying
from responders.dispatch import ENGINE_SECONDS
from responders.judging import Judge
from responders.replaying import Replay
from responders.tuning import service
from responders.tuning.packs import Packs
from triage import engine, packs
from triage.pack_files import LARGEST

_ACTOR = "operator"


def tune(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Check a pack, write it down as a new version, or show the one in force."""
    text = _read(options.file) if options.file else None
    if options.show and text is not None:
        raise BadInput("--show takes no file.")
    if options.check:
        if text is None:
            raise BadInput("Say which file to check.")
        source = service.checked(text)
        print(f"Good: {len(source.entries)} entries, {len(source.muted)} muted. Nothing was changed.")
        return 0
    settings = environment.load("console", var, environ)
    key_set = keys.load(settings.keys, "console")
    with closing(Database(settings.database_url)) as database:
        if text is not None:
            print(_write(database, key_set, options.district, text))
        else:
            print(_show(database, key_set, options.district, as_json=options.json))
    return 0


def replay(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Show what a pack changes on past tips. Exit code 1 when somebody who was called would not be."""
    source = service.checked(_read(options.pack)) if options.pack else None
    settings = environment.load("console", var, environ)
    key_set = keys.load(settings.keys, "console")
    engine.prepare()
    judge = Judge(key_set, engine.assess, ENGINE_SECONDS)
    with closing(Database(settings.database_url)) as database:
        with database.read() as session:
            district = _district(session, options.replay)
            now = Packs(key_set).of(session, [district.id]).get(district.id)
            latest = service.current(session, district.id)
        following = service.name(district, (latest.version if latest else 0) + 1)
        # Without a file the question is what the pack in force has changed.
        old, new = (now, packs.compiled(source, following)) if source else (None, now)
        found = replaying.run(database, judge, district.id, old, new)
    print("\n".join(_table(found)))
    return 1 if found.silenced() else 0


def _table(found: Replay) -> Iterator[str]:
    yield f"{found.messages} messages of {len(found.before)} cases were judged twice. Nothing was changed."
    if found.unopened:
        yield f"{found.unopened} messages do not open and were left out."
    for (old, new), count in sorted(found.moved().items()):
        yield f"{count:7}  {old:20}  {'stays' if old == new else f'-> {new}'}"
    yield f"Up: {', '.join(found.up()) or 'none'}"
    yield f"Down: {', '.join(found.down()) or 'none'}"
    if silenced := found.silenced():
        yield f"WOULD CALL NOBODY ANY MORE: {', '.join(silenced)}"
        yield "Only words of the pack in force called people there, and they are missing from the new one."


def _write(database: Database, key_set: KeySet, slug: str, text: str) -> str:
    with database.write() as session:
        pack = service.change(
            session, key_set, _district(session, slug), text, based_on=None, author=_ACTOR, now=utc_now()
        )
        return f"Version {pack.version} of {slug} is in force."


def _show(database: Database, key_set: KeySet, slug: str, *, as_json: bool) -> str:
    with database.read() as session:
        district = _district(session, slug)
        found = service.history(session, district.id)
        text = service.opened(key_set, found[0] if found else None)
        rows: list[dict[str, Any]] = [{"version": p.version, "at": iso(p.at), "author": p.author} for p in found]
    if as_json:
        return json.dumps({"district": slug, "versions": rows, "pack": text}, indent=1, ensure_ascii=False)
    lines = [f"# version {row['version']}  {row['at']}  by {row['author']}" for row in rows]
    return "\n".join([*lines, text.rstrip("\n")]) if found else f"# {slug} has no words of its own."


def _district(session: Session, slug: str) -> District:
    found = session.scalar(select(District).where(District.slug == slug))
    if found is None:
        raise NotFound(f"There is no district {slug!r}.")
    return found


def _read(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            return file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as a text file.") from error
