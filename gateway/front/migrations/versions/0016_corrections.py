"""What responders say a case really is: corrections of severity and category."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "case_corrections",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("case_id", sa.String(length=32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("severity_before", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("category_before", sa.String(length=30), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("unsure_before", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.String(length=40), nullable=False),
        sa.Column("why_code", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_case_corrections_case_id", "case_corrections", ["case_id"])
    op.create_index("ix_case_corrections_at", "case_corrections", ["at"])


def downgrade() -> None:
    op.drop_table("case_corrections")
