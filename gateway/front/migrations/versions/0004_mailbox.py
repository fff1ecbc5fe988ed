"""What the carrier still holds of each text, how far its list was read, and texts that prove a line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("lines", sa.Column("deletes_at_carrier", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("lines", sa.Column("listed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lines", sa.Column("proof_every_minutes", sa.Integer(), nullable=False, server_default="360"))
    op.add_column("messages", sa.Column("carrier_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sends", sa.Column("carrier_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("messages_at_carrier", "messages", ["direction", "line_id", "carrier_deleted_at"])
    op.create_index("sends_at_carrier", "sends", ["line_id", "carrier_deleted_at"])
    op.create_table(
        "line_proofs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("line_id", sa.String(length=32), nullable=False),
        sa.Column("send_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["lines.id"]),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
        sa.UniqueConstraint("send_id"),
    )
    op.create_index("ix_line_proofs_line_id", "line_proofs", ["line_id"])


def downgrade() -> None:
    op.drop_table("line_proofs")
    op.drop_index("sends_at_carrier", "sends")
    op.drop_index("messages_at_carrier", "messages")
    op.drop_column("sends", "carrier_deleted_at")
    op.drop_column("messages", "carrier_deleted_at")
    for column in ("proof_every_minutes", "listed_until", "deletes_at_carrier"):
        op.drop_column("lines", column)
