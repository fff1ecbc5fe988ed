"""GraphQL of escalation: drafting an alert, changing it, asking for approval, approving, following it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry
from sqlalchemy.orm import Session, undefer

from exports import cap
from gateway.core.characters import typed
from gateway.core.errors import NotAllowed, NotFound
from gateway.core.queues import Name
from responders.accounts.schema import SCOPE
from responders.api.context import Info
from responders.api.errors import UserError
from responders.api.ids import expect
from responders.cases import service as cases
from responders.escalation import beginning, drafts, records, service
from responders.escalation.drafts import Draft, Texts
from responders.escalation.schema_types import NODES, Alert, CaseFields, Query

__all__ = ["NODES", "CaseFields", "Mutation", "Query"]

WRITE = "alerts:write"


@strawberry.enum(description="What an alert is about: the template that it begins with.")
class AlertScenario(StrEnum):
    """Scenarios that a first alert may have."""

    LOCKDOWN = "lockdown"
    EVACUATE = "evacuate"
    SHELTER = "shelter"
    HOLD = "hold"
    TIMELY_WARNING = "timely_warning"
    EMERGENCY_NOTIFICATION = "emergency_notification"


@strawberry.enum(description="What may follow an alert. ALL_CLEAR: the danger is over; CANCEL: it was sent in error.")
class AlertFollowUp(StrEnum):
    """The keys of `service.KINDS`."""

    UPDATE = "update"
    ALL_CLEAR = "all_clear"
    CANCEL = "cancel"


@strawberry.input
class AlertTextsInput:
    """What to say in one language; what is left out stays as it is."""

    language: str
    event: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    short: str | None = None
    long: str | None = None


@strawberry.input
class AlertChanges:
    """What to change of a draft; what is left out stays as it is."""

    status: cap.Status | None = None
    scope: cap.Scope | None = None
    restriction: str | None = None
    addresses: list[str] | None = None
    note: str | None = None
    category: cap.Category | None = None
    response_type: cap.ResponseType | None = None
    urgency: cap.Urgency | None = None
    severity: cap.Severity | None = None
    certainty: cap.Certainty | None = None
    event_code: str | None = None
    area: str | None = None
    polygons: list[str] | None = None
    circles: list[str] | None = None
    geocodes: list[str] | None = None
    contact: str | None = None
    web: str | None = None
    lasts_minutes: int | None = None
    starts_at: datetime | None = None
    texts: list[AlertTextsInput] | None = None


@strawberry.input
class DraftAlertInput:
    """From which case, with which template, and what of it to change."""

    case_id: strawberry.ID
    scenario: AlertScenario
    status: cap.Status = cap.Status.ACTUAL
    changes: AlertChanges | None = None


@strawberry.input
class FollowAlertInput:
    """What to follow up, how, and what of that to change."""

    alert_id: strawberry.ID
    kind: AlertFollowUp
    changes: AlertChanges | None = None


@strawberry.input
class ReviseAlertInput:
    """Which draft to change, and what of it."""

    alert_id: strawberry.ID
    changes: AlertChanges


@strawberry.input
class AlertRevisionInput:
    """Which alert, and which revision of it was looked at."""

    alert_id: strawberry.ID
    revision: int


@strawberry.input
class AlertInput:
    """Which alert."""

    alert_id: strawberry.ID


@strawberry.type
class AlertPayload:
    """The alert as it is now, or why it was not touched."""

    alert: Alert | None
    user_errors: list[UserError]


@strawberry.type
class Mutation:
    """What can be done about alerts."""

    @strawberry.mutation(description="Draft an alert from a case. Nothing that was written to us is put into it.")
    def draft_alert(self, info: Info, input: DraftAlertInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Draft a first alert."""
        context = info.context

        def work(session: Session) -> records.Alert:
            case = cases.by_id(session, context.district_id, expect(input.case_id, "Case"))
            if case is None:
                raise NotFound
            begun = beginning.of_case(session, case, input.scenario, input.status, context.now)
            draft = _changed(begun, input.changes)
            return service.compose(session, context.keys, case, "alert", draft, context.viewer.actor, context.now)

        return _payload(info, work)

    @strawberry.mutation(description="Draft an update, an all clear or a cancel after an alert that was sent.")
    def follow_alert(self, info: Info, input: FollowAlertInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Draft what follows."""
        context = info.context

        def work(session: Session) -> records.Alert:
            row = _own(session, info, input.alert_id)
            issued = service.preview(session, context.keys, row, context.now).alert
            if row.state != records.ISSUED or issued is None:
                raise NotAllowed("Only what was sent can be followed up.")
            begun = beginning.of_alert(session, row, issued, input.kind, context.now)
            draft = _changed(begun, input.changes)
            return service.compose(session, context.keys, row, input.kind, draft, context.viewer.actor, context.now)

        return _payload(info, work)

    @strawberry.mutation(description="Change a draft; what was asked or approved counts no more.")
    def revise_alert(self, info: Info, input: ReviseAlertInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Change a draft."""
        context = info.context

        def work(session: Session) -> records.Alert:
            row = _own(session, info, input.alert_id)
            loaded = session.get_one(
                records.Alert, row.id, options=[undefer(records.Alert.draft_sealed)], populate_existing=True
            )
            draft = drafts.opened(context.keys, loaded)
            if draft is None:
                raise NotAllowed("This alert can no longer be changed.")
            changed = _changed(draft, input.changes)
            service.revise(session, context.keys, row, changed, context.viewer.actor, context.now)
            return row

        return _payload(info, work)

    @strawberry.mutation(description="Ask a second person to approve a draft.")
    def propose_alert(self, info: Info, input: AlertRevisionInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Ask for approval."""
        return _payload(info, _moving(info, input, service.propose))

    @strawberry.mutation(
        description="Approve what somebody else asked for: it goes out, now or at its time. A person signed in does "
        "this; a token cannot."
    )
    def approve_alert(self, info: Info, input: AlertRevisionInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Approve."""
        return _payload(info, _moving(info, input, service.approve), wake="worker")

    @strawberry.mutation(description="Send a proposed alert back, or hold an approved one that has not gone out.")
    def hand_back_alert(self, info: Info, input: AlertInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Hand it back."""
        return _payload(info, _ending(info, input, service.hand_back))

    @strawberry.mutation(description="Throw a draft away; its words are gone.")
    def discard_alert(self, info: Info, input: AlertInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Discard it."""
        return _payload(info, _ending(info, input, service.discard))

    @strawberry.mutation(description="Try again at once where an alert was given up, while it still holds.")
    def send_alert_again(self, info: Info, input: AlertInput) -> AlertPayload:  # noqa: A002 - GraphQL's own name
        """Send it again."""
        return _payload(info, _ending(info, input, service.send_again), wake="worker")


Work = Callable[[Session], records.Alert]


def _payload(info: Info, work: Work, wake: Name | None = None) -> AlertPayload:
    """A payload shows what was written, so writing needs the reading scope as well. Raises: Forbidden."""
    info.context.need(SCOPE)
    info.context.need(WRITE)
    row, errors = info.context.attempt(work, wake)
    return AlertPayload(alert=Alert.find(info, row.id) if row else None, user_errors=errors)


def _moving(info: Info, given: AlertRevisionInput, move: Callable[..., None]) -> Work:
    context = info.context

    def work(session: Session) -> records.Alert:
        row = _own(session, info, given.alert_id)
        move(session, context.keys, row, given.revision, context.viewer.actor, context.now)
        return row

    return work


def _ending(info: Info, given: AlertInput, end: Callable[..., None]) -> Work:
    def work(session: Session) -> records.Alert:
        row = _own(session, info, given.alert_id)
        end(session, row, info.context.viewer.actor, info.context.now)
        return row

    return work


def _own(session: Session, info: Info, given: strawberry.ID) -> records.Alert:
    row = service.by_id(session, info.context.district_id, expect(given, "Alert"))
    if row is None:
        raise NotFound
    return row


def _changed(draft: Draft, changes: AlertChanges | None) -> Draft:
    """Put what is given over what is there."""
    if changes is None:
        return draft
    names = {"response_type": "response"}
    lines = {"polygons", "circles", "geocodes", "addresses"}
    given: dict[str, Any] = {}
    for name, value in vars(changes).items():
        if value is None or name == "texts":
            continue
        told = "\n".join(map(typed, value)) if name in lines else typed(value) if isinstance(value, str) else value
        given[names.get(name, name)] = told
    return replace(draft, **given, texts=_texts(draft, changes.texts or []))


def _texts(draft: Draft, changes: list[AlertTextsInput]) -> dict[str, Texts]:
    texts = dict(draft.texts)
    for one in changes:
        given = {name: typed(value) for name, value in vars(one).items() if name != "language" and value is not None}
        texts[one.language] = replace(draft.told(one.language), **given)
    return texts
