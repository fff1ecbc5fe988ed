"""Alerts: how a district warns, what it drafted and issued, where that goes; where its schools are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None

_TIME = sa.DateTime(timezone=True)
_ID = sa.String(length=32)


def upgrade() -> None:
    _rules()
    _alerts()
    _deliveries()


def _rules() -> None:
    op.create_table(
        "school_areas",
        sa.Column("school_id", _ID, sa.ForeignKey("schools.id"), primary_key=True),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("polygons", sa.JSON(), nullable=False),
        sa.Column("circles", sa.JSON(), nullable=False),
        sa.Column("geocodes", sa.JSON(), nullable=False),
    )
    op.create_table(
        "escalation_rules",
        sa.Column("district_id", _ID, sa.ForeignKey("districts.id"), primary_key=True),
        sa.Column("sender", sa.String(length=120), nullable=True),
        sa.Column("second_person", sa.Boolean(), nullable=False),
        sa.Column("ipaws", sa.Boolean(), nullable=False),
        sa.Column("feed", sa.String(length=6), nullable=False),
        sa.Column("feed_token_hash", sa.String(length=64), nullable=True),
        sa.Column("folder", sa.Boolean(), nullable=False),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("district_id", _ID, sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("case_id", _ID, sa.ForeignKey("cases.id"), nullable=True),
        sa.Column("incident", _ID, nullable=False),
        sa.Column("msg_type", sa.String(length=6), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("scenario", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("draft_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("drafted_by", sa.String(length=80), nullable=False),
        sa.Column("drafted_at", _TIME, nullable=False),
        sa.Column("proposed_at", _TIME, nullable=True),
        sa.Column("approved_by", sa.String(length=80), nullable=True),
        sa.Column("approved_at", _TIME, nullable=True),
        sa.Column("starts_at", _TIME, nullable=True),
        sa.Column("lasts_minutes", sa.Integer(), nullable=False),
        sa.Column("issued_at", _TIME, nullable=True),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.Column("expired_at", _TIME, nullable=True),
        sa.Column("cancelled_by_id", _ID, sa.ForeignKey("alerts.id"), nullable=True),
        sa.Column("sender", sa.String(length=120), nullable=True),
        sa.Column("headline", sa.String(length=200), nullable=True),
        sa.Column("signed_with", sa.String(length=64), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_alerts_case_id", "alerts", ["case_id"])
    op.create_index("ix_alerts_incident", "alerts", ["incident"])
    op.create_index("alerts_due", "alerts", ["state", "starts_at"])
    op.create_index("alerts_of_district", "alerts", ["district_id", "drafted_at"])
    op.create_index("alerts_feed", "alerts", ["district_id", "expires_at"])


def _deliveries() -> None:
    op.create_table(
        "alert_targets",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("district_id", _ID, sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("way", sa.String(length=6), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("statuses", sa.JSON(), nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
    )
    op.create_index("ix_alert_targets_district_id", "alert_targets", ["district_id"])
    op.create_table(
        "alert_deliveries",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("alert_id", _ID, sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("way", sa.String(length=6), nullable=False),
        sa.Column("target_id", _ID, sa.ForeignKey("alert_targets.id"), nullable=True),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
    )
    op.create_index("ix_alert_deliveries_alert_id", "alert_deliveries", ["alert_id"])
    op.create_index("alert_deliveries_due", "alert_deliveries", ["state", "due_at"])


def downgrade() -> None:
    for table in ("alert_deliveries", "alert_targets", "alerts", "escalation_rules", "school_areas"):
        op.drop_table(table)
