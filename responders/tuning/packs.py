"""Packs at hand: each district's version in force, opened and compiled once, and never in a tip's way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from gateway.core.keys import KeySet
from gateway.core.logs import log
from gateway.core.records import District
from responders.tuning import service
from responders.tuning.records import RulePack
from triage import packs
from triage.local import Pack


@dataclass
class Packs:
    """What has been compiled, by district. A version that cannot be used leaves the one before it in use, or none."""

    keys: KeySet
    _held: dict[str, Pack] = field(default_factory=dict)
    _tried: dict[str, str] = field(default_factory=dict)

    def of(self, session: Session, district_ids: Iterable[str | None]) -> dict[str | None, Pack]:
        """Give the packs of those districts that have one."""
        wanted = {one for one in district_ids if one is not None}
        for district_id, found in service.in_force(session, wanted).items():
            if self._tried.get(district_id) != found.id:
                self._tried[district_id] = found.id
                self._take(session, found)
        return {one: self._held[one] for one in wanted if one in self._held}

    def _take(self, session: Session, found: RulePack) -> None:
        district = session.get_one(District, found.district_id)
        try:
            source = packs.read(service.opened(self.keys, found))
            self._held[district.id] = packs.compiled(source, service.name(district, found.version))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a pack, tips are judged
            log().error(
                "a district's pack cannot be used; the rules go on without it",
                code="pack_refused",
                pack=found.id,
                error=error,
            )
