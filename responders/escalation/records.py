"""Tables of the escalation capability. What is only drafted is sealed; what was issued was for everybody's eyes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id

DRAFT, PROPOSED, APPROVED, ISSUED, REFUSED, DISCARDED = (
    "draft", "proposed", "approved", "issued", "refused", "discarded",
)  # fmt: skip
UNFINISHED = (DRAFT, PROPOSED, APPROVED)
"""States from which an alert may still be issued."""


class EscalationRules(Base):
    """How a district warns; without a row it is as the defaults say, and goes nowhere."""

    __tablename__ = "escalation_rules"
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), primary_key=True)
    sender: Mapped[str | None] = mapped_column(String(120))
    """CAP's `sender`; made from the district's short name when there is none."""
    second_person: Mapped[bool] = mapped_column(default=True)
    """Whether somebody else than who wrote it must approve an alert."""
    ipaws: Mapped[bool] = mapped_column(default=False)
    """Whether alerts keep to the IPAWS profile, for an authority that posts them there."""
    feed: Mapped[str] = mapped_column(String(6), default="off")
    """Who reads the feed: `off`, `public`, or `token` (whoever has the link)."""
    feed_token_hash: Mapped[str | None] = mapped_column(String(64))
    folder: Mapped[bool] = mapped_column(default=False)
    """Whether each alert is put into the district's folder under `TIPLINE_ALERTS_DIR`."""


class Alert(Base):
    """One message that warns, or is to. Messages of one incident follow each other, each with a row of its own.

    Its id is its CAP identifier too, with a prefix. `msg_type` and `status` are CAP's own words.
    """

    __tablename__ = "alerts"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    """The case it came from; nothing once retention has destroyed that."""
    incident: Mapped[str] = mapped_column(Id, index=True)
    """The id of the incident's first message."""
    msg_type: Mapped[str] = mapped_column(String(6))
    status: Mapped[str] = mapped_column(String(8))
    scope: Mapped[str] = mapped_column(String(10))
    """CAP's own word too: what is not `Public` stands in no feed."""
    scenario: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(9))
    """`draft`, `proposed` (waits for approval), `approved` (waits for its time), `issued`, `refused`, `discarded`."""
    reason: Mapped[str | None] = mapped_column(String(40))
    """Why it was refused: a code."""
    revision: Mapped[int] = mapped_column(default=1)
    """Counts the changes: who approves names what they have seen."""
    draft_sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    """JSON, see `drafts`; gone once it was issued or discarded."""
    author: Mapped[str] = mapped_column(String(80))
    """Who changed it last, or asked for its approval, a person before a token; somebody else must approve it."""
    drafted_by: Mapped[str] = mapped_column(String(80))
    drafted_at: Mapped[datetime]
    proposed_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(80))
    approved_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    """When it is to be issued; at once when there is none."""
    lasts_minutes: Mapped[int]
    issued_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    """When it was noted that it has expired."""
    cancelled_by_id: Mapped[str | None] = mapped_column(ForeignKey("alerts.id"))
    """The message that took it back."""
    sender: Mapped[str | None] = mapped_column(String(120))
    """CAP's `sender` as it was issued."""
    headline: Mapped[str | None] = mapped_column(String(200))
    """Of what was issued, for lists and the feed."""
    signed_with: Mapped[str | None] = mapped_column(String(64))
    """The SHA-256 fingerprint of the certificate, in hex; nothing when it went out unsigned."""
    document: Mapped[bytes | None] = mapped_column(deferred=True)
    """The CAP document as it was issued, byte for byte."""
    __table_args__ = (
        Index("alerts_due", "state", "starts_at"),
        Index("alerts_of_district", "district_id", "drafted_at"),
        Index("alerts_feed", "district_id", "expires_at"),
    )

    @property
    def identifier(self) -> str:
        """Its CAP identifier."""
        return f"TIPLINE-{self.id}"


class AlertTarget(Base):
    """Where a district's alerts are sent: `post` to a URL, or `mail` to an e-mail address."""

    __tablename__ = "alert_targets"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    way: Mapped[str] = mapped_column(String(6))
    address: Mapped[str] = mapped_column(String(400))
    secret_sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    """Of a URL: what its requests are signed with, sealed to the worker."""
    statuses: Mapped[list[str]]
    """The CAP statuses that it wants."""
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class AlertDelivery(Base):
    """One alert on its way to one place. The row is the promise, taken under a lease."""

    __tablename__ = "alert_deliveries"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    way: Mapped[str] = mapped_column(String(6))
    """`folder`, `post` or `mail`."""
    target_id: Mapped[str | None] = mapped_column(ForeignKey("alert_targets.id"))
    state: Mapped[str] = mapped_column(String(9))
    """`queued`, `delivered` or `failed`."""
    code: Mapped[str | None] = mapped_column(String(40))
    """The receipt, or why the last try failed: an HTTP status, an SMTP code, a code of ours."""
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (Index("alert_deliveries_due", "state", "due_at"),)
