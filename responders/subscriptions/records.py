"""Tables of the subscriptions capability: who is sent events, and what of it has arrived. Secrets are sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.core.records import Base, Id, new_id

PENDING, WAITING, ACTIVE, RETIRED, DELETED = "pending", "waiting", "active", "retired", "deleted"
QUEUED, DELIVERED, DEAD = "queued", "delivered", "dead"
STRUCTURED, BINARY, BATCHED = "structured", "binary", "batched"
MODES = (STRUCTURED, BINARY, BATCHED)
SIGNING, TOKEN = "signing", "token"
_Seq = BigInteger().with_variant(Integer(), "sqlite")


class Subscription(Base):
    """A receiver of a district's events.

    `state`: `pending` (to be asked), `waiting` (asked, it has not agreed yet), `active`, `retired` (it said that it is
    gone for good), `deleted`.
    """

    __tablename__ = "subscriptions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    district_id: Mapped[str] = mapped_column(ForeignKey("districts.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    sink: Mapped[str] = mapped_column(String(2000))
    """Where events are posted to."""
    mode: Mapped[str] = mapped_column(String(10))
    types: Mapped[list[str]]
    """Types as they leave, with their version; none means all."""
    filters: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Expressions of the CloudEvents Subscriptions API, all of which must hold."""
    state: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(30))
    """What was last wrong; nothing while all is well."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    consent_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the key with which its receiver may agree later."""
    agreed_at: Mapped[datetime | None]
    rate_per_minute: Mapped[int | None]
    """How many requests a minute it agreed to; no limit when there is none."""
    after_seq: Mapped[int] = mapped_column(_Seq, default=0)
    """Up to which event of the log its queue is filled; set back, it is filled once more."""
    failures: Mapped[int] = mapped_column(default=0)
    """Rounds in a row of which nothing was taken."""
    paused_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    """Since when events have been given up, without one taken after that."""
    lease_until: Mapped[datetime | None]
    lease_by: Mapped[str | None] = mapped_column(Id)
    """Which worker sends for it just now."""


class SubscriptionSecret(Base):
    """A secret that is shared with a receiver, sealed to the worker: it `signing`s, or is the receiver's `token`."""

    __tablename__ = "subscription_secrets"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    secret_sealed: Mapped[bytes] = mapped_column(deferred=True)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    """Until when it is used beside the one that replaced it."""


class Delivery(Base):
    """One event on its way to one receiver: `queued`, `delivered`, or `dead` (given up, and waits for a person)."""

    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    event_id: Mapped[str] = mapped_column(Id)
    seq: Mapped[int] = mapped_column(_Seq)
    lane: Mapped[str] = mapped_column(String(80))
    """What it must keep its order in: `case/<id>`, or its own subject where there is no case."""
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(default=0)
    code: Mapped[str | None] = mapped_column(String(30))
    """What the last try came to: a status, or why there was none."""
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("subscription_id", "event_id"),
        Index("deliveries_queued", "subscription_id", "state", "seq"),
        Index("deliveries_of_lane", "subscription_id", "lane", "state", "seq"),
    )
