"""Writing down a new version of a district's pack, and reading what there is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.core.characters import typed
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.events import emit
from gateway.core.keys import KeySet
from gateway.core.records import District, new_id
from responders.directory import service as directory
from responders.tuning.records import RulePack
from triage import packs
from triage.pack_files import PackRefused
from triage.school_days import SchoolDays

TUNED = "rules.tuned"
_NAME = 20
"""Characters of a district's short name in a pack's name: both versions fit into 40."""


class Overtaken(BadInput):
    """Somebody else saved a version after the one that this change was written into."""


def name(district: District, version: int) -> str:
    """Name a version as assessments do: `lincoln-3`."""
    return f"{district.slug[:_NAME]}-{version}"


def current(session: Session, district_id: str) -> RulePack | None:
    """Find the version in force; None when the district has no words of its own."""
    return in_force(session, [district_id]).get(district_id)


def in_force(session: Session, district_ids: Iterable[str]) -> dict[str, RulePack]:
    """Find the versions in force of some districts, by the districts' ids."""
    newest = (
        select(RulePack.district_id, func.max(RulePack.version).label("version"))
        .where(RulePack.district_id.in_(set(district_ids)))
        .group_by(RulePack.district_id)
        .subquery()
    )
    same = (RulePack.district_id == newest.c.district_id) & (RulePack.version == newest.c.version)
    return {pack.district_id: pack for pack in session.scalars(select(RulePack).join(newest, same))}


def history(session: Session, district_id: str) -> list[RulePack]:
    """List all versions, the newest first."""
    query = select(RulePack).where(RulePack.district_id == district_id)
    return list(session.scalars(query.order_by(RulePack.version.desc())))


def opened(keys: KeySet, pack: RulePack | None) -> str:
    """Open a version's file; nothing where there is no version. Raises: KeyRefused."""
    return keys.open(pack.words_sealed, pack.bound("words")) if pack else ""


def _same(keys: KeySet, pack: RulePack, text: str) -> bool:
    try:
        return opened(keys, pack) == text
    except KeyRefused:
        return False


def school_days(session: Session, keys: KeySet, district_id: str) -> SchoolDays | None:
    """Read when school is in; None where the district has not said so, or it cannot be read."""
    pack = current(session, district_id)
    try:
        days = packs.read(opened(keys, pack)).school
    except (KeyRefused, PackRefused):
        return None
    return days if days != SchoolDays() else None


def checked(text: str) -> packs.Source:
    """Read a pack that is to be used. Raises: BadInput, with a sentence a line for each thing that is wrong."""
    try:
        return packs.check(text)
    except PackRefused as error:
        raise BadInput("\n".join(error.faults)) from error


def change(
    session: Session, keys: KeySet, district: District, text: str, *, based_on: int | None, author: str, now: datetime
) -> RulePack:
    """Write a new version, in force from the commit on. The same words as now in force make none.

    `based_on` is the version that the writer saw (0: none); None writes over whatever there is.
    Raises: BadInput for a pack that cannot be used; Overtaken when somebody else was faster.
    """
    text = typed(text).strip() + "\n"
    source = checked(text)
    directory.hold(session, district.id)
    before = current(session, district.id)
    version = before.version if before else 0
    if based_on not in (None, version):
        raise Overtaken(f"Somebody saved version {version} meanwhile. Look at it, and write your change into it.")
    if before is not None and _same(keys, before, text):
        return before
    pack = RulePack(district_id=district.id, version=version + 1, at=now, author=author)
    pack.id = new_id()
    pack.words_sealed = keys.seal_words(district.slug, now, text, pack.bound("words"))
    session.add(pack)
    emit(
        session, TUNED, subject=f"district/{district.id}", actor=author, at=now, district_id=district.id,
        version=pack.version, entries=len(source.entries), muted=len(source.muted),
    )  # fmt: skip
    return pack
