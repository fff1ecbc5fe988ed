"""What a case's page shows of linking: what it may be one with, and why; what was joined. Nothing here writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.core.errors import KeyRefused
from gateway.core.keys import KeySet
from responders.cases.records import Case
from responders.linking import service
from responders.linking.records import Likeness
from triage.likeness.comparing import Reason

_ORDER = {"same": 0, "copy": 1, "earlier": 2}


@dataclass(frozen=True)
class Proposal:
    """Another case that may be one with this: `reasons` have the words of this case as `here`, the other's as `there`.

    `cue` is how a copied message asks to be passed on, if it does.
    """

    kind: str
    other: Case
    at: datetime
    reasons: tuple[Reason, ...] = field(repr=False)
    cue: str | None = field(repr=False)


def proposals(session: Session, keys: KeySet, case: Case) -> list[Proposal]:
    """List the cases that a case may be one with: one thing first, then copies, then earlier concerns.

    What was refused for one of those that are joined here, or there, is refused for all of them.
    """
    ids = service.whole(session, case.id)
    query = select(Likeness).where(
        Likeness.state == "proposed", or_(Likeness.case_id.in_(ids), Likeness.other_id.in_(ids))
    )
    found: dict[str, Proposal] = {}
    for row in session.scalars(query.order_by(Likeness.at, Likeness.id)):
        mine = row.case_id in ids
        other = service.root(session, session.get_one(Case, row.other_id if mine else row.case_id))
        if other.id not in ids and other.id not in found and not service.is_refused(session, ids, other):
            found[other.id] = _opened(keys, row, other, mine=mine)
    return sorted(found.values(), key=lambda one: (_ORDER.get(one.kind, 3), one.other.opened_at, one.other.number))


def joined(session: Session, case: Case) -> list[Case]:
    """List the cases that were joined into one: people know them by their numbers still."""
    ids = service.whole(session, case.id) - {case.id}
    return list(session.scalars(select(Case).where(Case.id.in_(ids)).order_by(Case.number)))


def _opened(keys: KeySet, row: Likeness, other: Case, *, mine: bool) -> Proposal:
    try:
        detail = json.loads(keys.open(row.detail_sealed, row.bound("detail")))
    except KeyRefused:
        detail = {"reasons": [], "cue": None}
    said = [(one["kind"], one["here"], one["there"]) for one in detail["reasons"]]
    reasons = tuple(Reason(kind, here, there) if mine else Reason(kind, there, here) for kind, here, there in said)
    return Proposal(row.kind, other, row.at, reasons, detail["cue"])
