"""Other systems that tell us things, and the conversation that each thing they tell about is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("district_id", sa.String(length=32), sa.ForeignKey("districts.id"), nullable=False, index=True),
        sa.Column("school_id", sa.String(length=32), sa.ForeignKey("schools.id"), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column("threads", sa.Column("source_key", sa.LargeBinary(), nullable=True))
    op.create_index("ix_threads_source_key", "threads", ["source_key"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_threads_source_key", "threads")
    op.drop_column("threads", "source_key")
    op.drop_table("sources")
