"""Cases that may be about one thing, proposed to people, and what they said to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "likenesses",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("district_id", sa.String(length=32), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("case_id", sa.String(length=32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("other_id", sa.String(length=32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("case_id", "other_id"),
    )
    op.create_index("ix_likenesses_other_id", "likenesses", ["other_id"])
    op.create_index("likenesses_to_judge", "likenesses", ["state", "judged_at"])


def downgrade() -> None:
    op.drop_table("likenesses")
