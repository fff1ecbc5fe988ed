"""Who has let staff read where a reporter names themselves, and why; what is held aside in a flood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "unmaskings",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("message_id", sa.String(length=32), sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("rules", sa.String(length=40), nullable=False),
        sa.Column("reason_code", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("message_id", "ordinal", "kind", "rules"),
    )
    op.add_column("lines", sa.Column("texts_per_minute", sa.Integer(), nullable=False, server_default="12000"))
    op.add_column("lines", sa.Column("thread_texts_per_minute", sa.Integer(), nullable=False, server_default="30"))
    op.add_column("messages", sa.Column("flooded", sa.String(length=6), nullable=True))
    op.add_column("messages", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("repeats_id", sa.String(length=32), nullable=True))
    held = sa.text("held_at IS NOT NULL")
    op.create_index("messages_held", "messages", ["district_id", "thread_id"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    op.drop_index("messages_held", "messages")
    for column in ("repeats_id", "held_at", "flooded"):
        op.drop_column("messages", column)
    for column in ("thread_texts_per_minute", "texts_per_minute"):
        op.drop_column("lines", column)
    op.drop_table("unmaskings")
