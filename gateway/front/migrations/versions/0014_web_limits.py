"""How many reports a minute come in on the web before calm ones are held aside, and which brought no proof of work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("districts", sa.Column("reports_per_minute", sa.Integer(), nullable=False, server_default="600"))
    op.add_column(
        "districts", sa.Column("thread_reports_per_minute", sa.Integer(), nullable=False, server_default="30")
    )
    op.add_column("messages", sa.Column("unproven", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("messages", "unproven")
    op.drop_column("districts", "thread_reports_per_minute")
    op.drop_column("districts", "reports_per_minute")
