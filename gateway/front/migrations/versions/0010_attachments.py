"""Attachments: files that came with a message, sealed on a store of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("message_id", sa.String(length=32), sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("kind", sa.String(length=5), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("original", sa.String(length=32), nullable=True, unique=True),
        sa.Column("original_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("clean", sa.String(length=32), nullable=True, unique=True),
        sa.Column("clean_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("clean_kind", sa.String(length=5), nullable=True),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("message_id", "position"),
    )
    op.create_index("attachments_due", "attachments", ["state", "again_at"])
    linked = sa.text("media_sealed IS NOT NULL")
    op.create_index("messages_with_files", "messages", ["at"], sqlite_where=linked, postgresql_where=linked)


def downgrade() -> None:
    op.drop_index("messages_with_files", "messages")
    op.drop_table("attachments")
