"""Linking: all that other rooms may ask of it, and the only writer of its table.

Whatever is said here of a case holds for all that was joined with it: a pair is refused for the whole of both.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from gateway.core.errors import NotAllowed
from gateway.core.keys import KeySet
from gateway.core.records import District, new_id
from responders.cases import joining, moves
from responders.cases.records import Case
from responders.directory import service as directory
from responders.linking.records import Likeness
from responders.paging import service as paging
from triage.likeness.comparing import Kind, Reason

ACTOR = "process:worker"
SAME_CASE = "These are one case already."
NOT_PROPOSED = "Nobody proposed to join these two, or it has been decided."
ELSEWHERE = "That case is not here. Its time may be over, or it is another district's."


@dataclass(frozen=True)
class Found:
    """Two cases that are alike, the later one first, and why."""

    case_id: str
    other_id: str
    kind: Kind
    reasons: tuple[Reason, ...] = field(repr=False)
    cue: str | None = field(default=None, repr=False)


def root(session: Session, case: Case) -> Case:
    """Find the case that a case's messages belong to by now."""
    while case.joined_into_id is not None:
        case = session.get_one(Case, case.joined_into_id)
    return case


def whole(session: Session, case_id: str) -> set[str]:
    """Name a case and all that were joined into it."""
    found, fresh = {case_id}, {case_id}
    while fresh:
        fresh = set(session.scalars(select(Case.id).where(Case.joined_into_id.in_(fresh)))) - found
        found |= fresh
    return found


def between(session: Session, one: Collection[str], other: Collection[str]) -> list[Likeness]:
    """List what is known of pairs that lead from some cases to some others."""
    there = and_(Likeness.case_id.in_(one), Likeness.other_id.in_(other))
    back = and_(Likeness.case_id.in_(other), Likeness.other_id.in_(one))
    return list(session.scalars(select(Likeness).where(or_(there, back)).order_by(Likeness.at, Likeness.id)))


def is_known(session: Session, case_id: str, other_id: str) -> bool:
    """Tell whether two cases are one by now, or were proposed or refused before, themselves or what is in them."""
    case, other = session.get(Case, case_id), session.get(Case, other_id)
    if case is None or other is None:
        return True
    here, there = root(session, case), root(session, other)
    if here.id == there.id:
        return True
    return bool(between(session, whole(session, here.id), whole(session, there.id)))


def is_refused(session: Session, ids: Collection[str], other: Case) -> bool:
    """Tell whether a person has said of some cases, joined into one, that they and another whole are two."""
    return any(one.state == "refused" for one in between(session, ids, whole(session, other.id)))


def of_first(session: Session, found: Found) -> Found:
    """Tie a copy to the first that came, not to another copy of that: it stands for all."""
    first = found.other_id
    while found.kind == "copy":
        tied = Likeness.case_id == first, Likeness.kind == "copy", Likeness.state != "refused"
        earlier = session.scalar(select(Likeness.other_id).where(*tied).limit(1))
        if earlier is None:
            break
        first = earlier
    return replace(found, other_id=first)


def propose(session: Session, keys: KeySet, found: Found, now: datetime) -> Likeness | None:
    """Propose to join two cases; nothing when they are one by now, or it was proposed before."""
    case = session.get(Case, found.case_id)
    if case is None:
        return None
    directory.hold(session, case.district_id)
    if is_known(session, found.case_id, found.other_id):
        return None
    row = _row(session, keys, case, found.other_id, found.kind, now, found.reasons, found.cue)
    moves.tell(session, case, "case.likened", ACTOR, now, other=found.other_id, what=found.kind, likeness=row.id)
    return row


def join(session: Session, keys: KeySet, case: Case, other: Case, actor: str, now: datetime) -> Case:
    """Join two cases of a district; answers the one that goes on: the open one of both, else the earlier.

    Nobody is paged less for it, severity never falls, and conversations stay apart. The worker then judges the whole
    anew. Raises: NotAllowed for one and the same case, and for cases of two districts.
    """
    if case.district_id != other.district_id:
        raise NotAllowed(ELSEWHERE)
    moves.hold(session, case)
    moves.hold(session, other)
    here, there = root(session, case), root(session, other)
    if here.id == there.id:
        raise NotAllowed(SAME_CASE)
    known = between(session, whole(session, here.id), whole(session, there.id))
    linked = joining.join(session, here, there, actor, now)
    paging.carry(session, linked, now)
    decided = [one for one in known if one.state == "proposed"]
    if not decided:
        decided = [_row(session, keys, case, other.id, "person", now)] if not known else known[-1:]
    for one in decided:
        one.state, one.decided_at, one.decided_by, one.judged_at = "joined", now, actor, None
    return linked.case


def refuse(session: Session, case: Case, other: Case, actor: str, now: datetime) -> None:
    """Say that two cases are two: they are not proposed again. Raises: NotAllowed when they are not proposed."""
    moves.hold(session, case)
    here, there = root(session, case), root(session, other)
    pairs = [] if here.id == there.id else between(session, whole(session, here.id), whole(session, there.id))
    proposed = [one for one in pairs if one.state == "proposed"]
    if not proposed:
        raise NotAllowed(NOT_PROPOSED)
    for one in proposed:
        one.state, one.decided_at, one.decided_by = "refused", now, actor
    moves.tell(session, here, "case.not_likened", actor, now, other=there.id)


def to_judge(session: Session, most: int) -> Sequence[str]:
    """Name likenesses whose cases were joined, and not judged anew as a whole yet."""
    query = select(Likeness.id).where(Likeness.state == "joined", Likeness.judged_at.is_(None))
    return session.scalars(query.order_by(Likeness.decided_at, Likeness.id).limit(most)).all()


def judged(session: Session, case_id: str, before: datetime) -> str | None:
    """Name the likeness by which a case was joined last, if the whole has been judged, but not since then."""
    ids = whole(session, case_id)
    joined = or_(Likeness.case_id.in_(ids), Likeness.other_id.in_(ids)), Likeness.state == "joined"
    rows = session.execute(
        select(Likeness.id, Likeness.judged_at).where(*joined).order_by(Likeness.decided_at.desc(), Likeness.id)
    ).all()
    times = [row.judged_at for row in rows]
    return rows[0].id if times and all(at is not None and at < before for at in times) else None


def judge_again(session: Session, likeness_id: str) -> None:
    """Have what was joined by a likeness judged as a whole once more: somebody has told more of it."""
    session.execute(update(Likeness).where(Likeness.id == likeness_id).values(judged_at=None))


def forget_cases(session: Session, case_ids: Collection[str]) -> None:
    """Delete what is known of cases that are being erased, with whatever they were like."""
    session.execute(delete(Likeness).where(or_(Likeness.case_id.in_(case_ids), Likeness.other_id.in_(case_ids))))


def _row(
    session: Session,
    keys: KeySet,
    case: Case,
    other_id: str,
    kind: str,
    now: datetime,
    reasons: Iterable[Reason] = (),
    cue: str | None = None,
) -> Likeness:
    district = session.get_one(District, case.district_id)
    row = Likeness(
        id=new_id(), district_id=district.id, case_id=case.id, other_id=other_id, kind=kind, state="proposed", at=now
    )
    said = [{"kind": one.kind, "here": one.here, "there": one.there} for one in reasons]
    detail = json.dumps({"reasons": said, "cue": cue})
    row.detail_sealed = keys.seal_words(district.slug, now, detail, row.bound("detail"))
    session.add(row)
    session.flush()
    return row
