"""What a district calls things, in versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "rule_packs",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("district_id", sa.String(length=32), sa.ForeignKey("districts.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("district_id", "version"),
    )


def downgrade() -> None:
    op.drop_table("rule_packs")
