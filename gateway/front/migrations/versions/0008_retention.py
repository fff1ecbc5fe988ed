"""Deadlines, holds, and what was destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("district_id", sa.String(length=32), sa.ForeignKey("districts.id"), primary_key=True),
        sa.Column("kind", sa.String(length=12), primary_key=True),
        sa.Column("duration", sa.String(length=20), nullable=False),
    )
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by", sa.String(length=80), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=False),
    )
    op.create_table(
        "retention_destroyed",
        sa.Column("run_id", sa.String(length=32), sa.ForeignKey("retention_runs.id"), primary_key=True),
        sa.Column("district", sa.String(length=63), primary_key=True),
        sa.Column("kind", sa.String(length=12), primary_key=True),
        sa.Column("month", sa.String(length=7), primary_key=True),
        sa.Column("things", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
    )
    _create_ends()
    op.create_table(
        "case_holds",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("case_id", sa.String(length=32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("reason_code", sa.String(length=20), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.String(length=80), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=80), nullable=True),
    )
    op.create_index("ix_case_holds_case_id", "case_holds", ["case_id"])
    op.create_table(
        "log_notes",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _create_ends() -> None:
    op.create_table(
        "key_ends",
        sa.Column("district", sa.String(length=63), primary_key=True),
        sa.Column("month", sa.String(length=7), primary_key=True),
        sa.Column("run_id", sa.String(length=32), sa.ForeignKey("retention_runs.id"), nullable=False),
        sa.Column("kids", sa.JSON(), nullable=False),
        sa.Column("resealed", sa.Integer(), nullable=False),
        sa.Column("resealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker_gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("console_gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finding", sa.String(length=40), nullable=True),
    )
    op.create_index("ix_key_ends_run_id", "key_ends", ["run_id"])
    op.create_table(
        "tombstones",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("district_id", sa.String(length=32), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(length=32), sa.ForeignKey("retention_runs.id"), nullable=False),
    )
    op.create_index("ix_tombstones_district_id", "tombstones", ["district_id"])


def downgrade() -> None:
    for table in ("log_notes", "case_holds", "tombstones", "key_ends", "retention_destroyed", "retention_runs"):
        op.drop_table(table)
    op.drop_table("retention_rules")
