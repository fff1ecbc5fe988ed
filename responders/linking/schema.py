"""GraphQL of linking: what a case may be one with and why, what was joined into it, joining and refusing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import strawberry
from sqlalchemy.orm import Session

from gateway.core.errors import NotAllowed
from responders.api.context import Info
from responders.api.ids import expect
from responders.cases import records
from responders.cases import service as cases
from responders.cases.schema import CasePayload, may_write
from responders.cases.schema_types import Case
from responders.linking import reading, service


@strawberry.enum(description="As what two cases are alike.")
class LikenessKind(StrEnum):
    """The kinds of `records.Likeness` that are proposed."""

    SAME = "same"
    EARLIER = "earlier"
    COPY = "copy"


@strawberry.type(description="Why two cases are alike: the words of each that say so.")
class LikenessReason:
    """A reason."""

    kind: str = strawberry.field(description="name, place, day, time, thing, who, color, about or word.")
    here: str
    there: str


@strawberry.type(description="Another case that may be one with this. Nobody has joined or refused it yet.")
class Likeness:
    """A proposal."""

    kind: LikenessKind
    case: Case
    proposed_at: datetime
    reasons: list[LikenessReason]
    cue: str | None = strawberry.field(description="How a copied message asks to be passed on, if it does.")

    @classmethod
    def of(cls, one: reading.Proposal) -> Likeness:
        """Show an opened row."""
        reasons = [LikenessReason(kind=r.kind, here=r.here, there=r.there) for r in one.reasons]
        return cls(
            kind=LikenessKind(one.kind), case=Case.of(one.other), proposed_at=one.at, reasons=reasons, cue=one.cue
        )


def likenesses_of(info: Info, root: strawberry.Parent[Case]) -> list[Likeness]:
    """List what a case may be one with."""
    context = info.context
    return [Likeness.of(one) for one in reading.proposals(context.session, context.keys, root.record)]


def joined_of(info: Info, root: strawberry.Parent[Case]) -> list[Case]:
    """List what was joined into a case."""
    return [Case.of(one) for one in reading.joined(info.context.session, root.record)]


@strawberry.type
class CaseFields:
    """What linking adds to the type `Case`."""

    likenesses: list[Likeness] = strawberry.field(
        resolver=likenesses_of, description="Cases that it may be one with, for a person to join or refuse."
    )
    joined: list[Case] = strawberry.field(resolver=joined_of, description="The cases that were joined into it.")


@strawberry.input
class JoinCasesInput:
    """Which two cases are one."""

    case_id: strawberry.ID
    other_id: strawberry.ID


@strawberry.input
class RefuseJoiningInput:
    """Which two cases are two."""

    case_id: strawberry.ID
    other_id: strawberry.ID


@strawberry.type
class Mutation:
    """What can be done about cases that may be one."""

    @strawberry.mutation(
        description="Join two cases, proposed or not: the open one of both goes on, else the earlier."
        " Conversations stay apart."
    )
    def join_cases(self, info: Info, input: JoinCasesInput) -> CasePayload:  # noqa: A002 - GraphQL's own name
        """Join two cases."""
        context = info.context

        def work(session: Session, one: records.Case, other: records.Case) -> str:
            return service.join(session, context.keys, one, other, context.viewer.actor, context.now).id

        return _decide(info, input.case_id, input.other_id, work)

    @strawberry.mutation(description="Say that two cases are two: they are not proposed again.")
    def refuse_joining(self, info: Info, input: RefuseJoiningInput) -> CasePayload:  # noqa: A002 - GraphQL's own name
        """Refuse a pair."""
        context = info.context

        def work(session: Session, one: records.Case, other: records.Case) -> str:
            service.refuse(session, one, other, context.viewer.actor, context.now)
            return one.id

        return _decide(info, input.case_id, input.other_id, work)


def _decide(
    info: Info,
    case_id: strawberry.ID,
    other_id: strawberry.ID,
    work: Callable[[Session, records.Case, records.Case], str],
) -> CasePayload:
    """Do something with two cases of the viewer's district, and show the one that goes on. Raises: Forbidden."""
    may_write(info)

    def found(session: Session) -> str:
        both = [cases.by_id(session, info.context.district_id, expect(one, "Case")) for one in (case_id, other_id)]
        if both[0] is None or both[1] is None:
            raise NotAllowed(service.ELSEWHERE)
        return work(session, both[0], both[1])

    done, errors = info.context.attempt(found, wake="worker")
    return CasePayload(case=Case.find(info, done) if done else None, user_errors=errors)
