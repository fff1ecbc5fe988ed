"""What the line asked back by itself, and by when a person is woken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("thread_id", sa.String(length=32), sa.ForeignKey("threads.id"), nullable=False),
        sa.Column("message_id", sa.String(length=32), sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("gap", sa.String(length=12), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.String(length=10), nullable=True),
    )
    op.create_index("questions_of_thread", "questions", ["thread_id"])
    op.create_index("questions_due", "questions", ["ended_at", "wake_at"])


def downgrade() -> None:
    op.drop_index("questions_due", "questions")
    op.drop_index("questions_of_thread", "questions")
    op.drop_table("questions")
