"""GraphQL types of alerts: one as it is or would be, what is wrong with it, where it went."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

import strawberry
from sqlalchemy import select
from strawberry import relay

from exports import cap
from responders.accounts.schema import SCOPE
from responders.api.connections import Slice, by, connect
from responders.api.context import Info
from responders.cases.schema_types import Case
from responders.directory.schema import Actor, actor_of
from responders.escalation import records, service
from responders.escalation.service import Preview

for _kind, _name in (
    (cap.Status, "AlertStatus"), (cap.MsgType, "AlertMsgType"), (cap.Scope, "AlertScope"),
    (cap.Category, "AlertCategory"), (cap.ResponseType, "AlertResponseType"), (cap.Urgency, "AlertUrgency"),
    (cap.Severity, "AlertSeverity"), (cap.Certainty, "AlertCertainty"),
):  # fmt: skip
    strawberry.enum(_kind, name=_name, description="CAP 1.2's own codes.")

_NEWEST_FIRST = (by(records.Alert.drafted_at, descending=True), by(records.Alert.id, descending=True))


@strawberry.enum(description="Where an alert stands. PROPOSED waits for approval, APPROVED for its time.")
class AlertState(StrEnum):
    """The states of `records.Alert`."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    ISSUED = "issued"
    REFUSED = "refused"
    DISCARDED = "discarded"


@strawberry.enum(description="How an alert leaves: as a file, to a server, by e-mail.")
class AlertWay(StrEnum):
    """The ways of deliveries."""

    FOLDER = "folder"
    POST = "post"
    MAIL = "mail"


@strawberry.enum(description="How far an alert got on one way.")
class AlertDeliveryState(StrEnum):
    """The states of deliveries."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"


@strawberry.type(description="What an alert says in one language.")
class AlertInfo:
    """One `<info>`."""

    language: str | None
    event: str
    headline: str | None
    description: str | None
    instruction: str | None
    category: cap.Category
    response_types: list[cap.ResponseType]
    urgency: cap.Urgency
    severity: cap.Severity
    certainty: cap.Certainty
    area: str | None
    expires: datetime | None

    @classmethod
    def of(cls, info: cap.Info) -> Self:
        """Show one."""
        names = ("language", "event", "headline", "description", "instruction", "urgency", "severity", "certainty")
        return cls(
            **{name: getattr(info, name) for name in (*names, "expires")},
            category=info.categories[0],
            response_types=list(info.response_types),
            area=", ".join(area.area_desc for area in info.areas) or None,
        )


@strawberry.type(description="What is wrong with an alert, or, as advice, may be better.")
class AlertFinding:
    """One finding."""

    element: str = strawberry.field(description="The element's path, e.g. `info[1]/area[1]/polygon[1]`.")
    code: str
    message: str
    advice: bool


@strawberry.type(description="One alert on its way to one place.")
class AlertDelivery:
    """A delivery."""

    way: AlertWay
    destination: str | None = strawberry.field(description="A URL or an e-mail address; null for the folder.")
    state: AlertDeliveryState
    code: str | None = strawberry.field(description="The receipt, or why the last try failed.")
    attempts: int
    ended_at: datetime | None


@strawberry.type(description="One message that warns people, drafted or sent: CAP 1.2.")
class Alert(relay.Node):
    """An alert."""

    id: relay.NodeID[str]
    record: strawberry.Private[records.Alert]
    identifier: str = strawberry.field(description="CAP's `identifier`.")
    state: AlertState
    msg_type: cap.MsgType
    status: cap.Status
    scope: cap.Scope
    scenario: str
    revision: int = strawberry.field(description="Counts the changes: approving names what was looked at.")
    reason: str | None = strawberry.field(description="Why it was refused when its time had come: a code.")
    drafted_at: datetime
    starts_at: datetime | None
    issued_at: datetime | None
    expires_at: datetime | None
    signed: bool

    @strawberry.field(description="The case it came from; null once that is destroyed.")
    def case(self, info: Info) -> Case | None:
        """Find the case."""
        return Case.find(info, self.record.case_id) if self.record.case_id else None

    @strawberry.field(description="Who drafted it.")
    def drafted_by(self, info: Info) -> Actor | None:
        """Name who did."""
        return actor_of(info, self.record.drafted_by)

    @strawberry.field(description="Who approved it.")
    def approved_by(self, info: Info) -> Actor | None:
        """Name who did."""
        return actor_of(info, self.record.approved_by)

    @strawberry.field(description="What it says, a language each; empty while it cannot be built.")
    def infos(self, info: Info) -> list[AlertInfo]:
        """Show the infos."""
        alert = self._preview(info).alert
        return [AlertInfo.of(one) for one in (alert.infos if alert else ())]

    @strawberry.field(description="What is wrong with it; nothing of what was sent.")
    def findings(self, info: Info) -> list[AlertFinding]:
        """Show the findings."""
        return [AlertFinding(element=f.path, code=f.code, message=f.message, advice=f.advice)
                for f in self._preview(info).findings]  # fmt: skip

    @strawberry.field(description="The CAP document as it was sent, or would be now; null while something is wrong.")
    def xml(self, info: Info) -> str | None:
        """Show the document."""
        document = self._preview(info).document
        return document.decode() if document else None

    @strawberry.field(description="Where it went.")
    def deliveries(self, info: Info) -> list[AlertDelivery]:
        """List the deliveries."""
        return [
            AlertDelivery(
                way=AlertWay(row.way), destination=target.address if target else None,
                state=AlertDeliveryState(row.state), code=row.code, attempts=row.attempts, ended_at=row.ended_at,
            )
            for row, target in service.deliveries(info.context.session, self.record)
        ]  # fmt: skip

    @strawberry.field(description="The messages of the same incident, oldest first, itself among them.")
    def incident(self, info: Info) -> list[Alert]:
        """List the incident's messages."""
        return [Alert.of(one) for one in service.of_incident(info.context.session, self.record.incident)]

    def _preview(self, info: Info) -> Preview:
        context = info.context
        key = ("preview", self.record.id, self.record.revision, self.record.state)
        return context.once(
            key, lambda: service.preview(context.session, context.keys, self.record, context.now)
        )  # fmt: skip

    @classmethod
    def of(cls, record: records.Alert) -> Self:
        """Show a row."""
        names = ("id", "identifier", "scenario", "revision", "reason", "drafted_at", "starts_at", "issued_at",
                 "expires_at")  # fmt: skip
        return cls(
            **{name: getattr(record, name) for name in names},
            record=record,
            state=AlertState(record.state),
            msg_type=cap.MsgType(record.msg_type),
            status=cap.Status(record.status),
            scope=cap.Scope(record.scope),
            signed=record.signed_with is not None,
        )

    @classmethod
    def find(cls, info: Info, alert_id: str) -> Self | None:
        """Find one of the viewer's district. Raises: Forbidden."""
        info.context.need(SCOPE)
        record = info.context.row(records.Alert, alert_id)
        return cls.of(record) if record else None


def alerts_of(info: Info, root: strawberry.Parent[Case]) -> list[Alert]:
    """List the alerts of a case, oldest first."""
    return [Alert.of(record) for record in service.of_case(info.context.session, root.id)]


@strawberry.type
class CaseFields:
    """What alerts add to the type `Case`."""

    alerts: list[Alert] = strawberry.field(resolver=alerts_of, description="The alerts that came of it, oldest first.")


@strawberry.type
class Query:
    """What can be asked about alerts."""

    @strawberry.field(description="The district's alerts, newest first.")
    def alerts(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> relay.Connection[Alert]:
        """List alerts, discarded ones aside."""
        info.context.need(SCOPE)
        query = select(records.Alert).where(
            records.Alert.district_id == info.context.district_id, records.Alert.state != records.DISCARDED
        )
        part = Slice(first, after, last, before)
        return connect(info, query, _NEWEST_FIRST, part, lambda rows: [Alert.of(row) for row in rows])


NODES = {"Alert": Alert.find}
