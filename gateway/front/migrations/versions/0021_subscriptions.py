"""Receivers of events, the secrets shared with them, and what is on its way to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("district_id", sa.String(length=32), sa.ForeignKey("districts.id"), nullable=False, index=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("sink", sa.String(length=2000), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("consent_hash", sa.String(length=64), nullable=True),
        sa.Column("agreed_at", _TIME, nullable=True),
        sa.Column("rate_per_minute", sa.Integer(), nullable=True),
        sa.Column("after_seq", _SEQ, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", _TIME, nullable=True),
        sa.Column("failing_since", _TIME, nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("lease_by", sa.String(length=32), nullable=True),
    )
    op.create_table(
        "subscription_secrets",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column(
            "subscription_id", sa.String(length=32), sa.ForeignKey("subscriptions.id"), nullable=False, index=True
        ),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=True),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("subscription_id", sa.String(length=32), sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("lane", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=True),
        sa.Column("queued_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.UniqueConstraint("subscription_id", "event_id"),
    )
    op.create_index("deliveries_queued", "deliveries", ["subscription_id", "state", "seq"])
    op.create_index("deliveries_of_lane", "deliveries", ["subscription_id", "lane", "state", "seq"])


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("subscription_secrets")
    op.drop_table("subscriptions")
